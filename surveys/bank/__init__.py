"""The bank: questions kept by class and sub-class, with versions, to be put into questionnaires."""
