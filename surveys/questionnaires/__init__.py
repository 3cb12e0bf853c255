"""Questionnaires: drafts, review, versions that never change."""
