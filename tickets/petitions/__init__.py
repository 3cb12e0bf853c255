"""Petitions (信访) over the whole life of the matter, by 《信访工作条例》: what they have beside every other case."""
