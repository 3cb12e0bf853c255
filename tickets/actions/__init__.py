"""The verbs of cases and tickets: the only code of this package that writes. Importing this declares them all."""

from tickets.actions import case_ending, case_extending, case_verbs, ticket_requests, ticket_verbs, urging

__all__ = ["case_ending", "case_extending", "case_verbs", "ticket_requests", "ticket_verbs", "urging"]
