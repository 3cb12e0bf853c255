"""Finds the visits an order may be about, with the reasons; writes proposals only, a person confirms."""
