"""Responses: drafts answer by answer, completion with scores and facts, edits, quality; read through `queries`."""
