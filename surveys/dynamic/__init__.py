"""Questionnaires put together for a visit from the steps of care it really had (SV-5).

A questionnaire whose questions name steps (`surveys.steps`) is the frame: designed, reviewed and published like any other.
`assembling` picks what fits a visit, `serving` says which department served in each step.
"""
