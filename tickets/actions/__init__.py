"""The verbs of cases and tickets: the only code of this package that writes. Importing this declares them all."""

from tickets.actions import (
    case_ending,
    case_extending,
    case_verbs,
    secrecy,
    ticket_requests,
    ticket_verbs,
    urging,
)
from tickets.feedback import actions as feedback
from tickets.matters import joining, merging
from tickets.petitions import actions as petitions

__all__ = [
    "case_ending",
    "case_extending",
    "case_verbs",
    "feedback",
    "joining",
    "merging",
    "petitions",
    "secrecy",
    "ticket_requests",
    "ticket_verbs",
    "urging",
]
