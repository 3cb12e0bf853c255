"""What is announced of responses: ids only."""

from uuid import UUID

from core.events import Event


class ResponseCompleted(Event):
    """A response was handed in, scored, and counts from now on."""

    response_id: UUID


class ResponseChanged(Event):
    """The answers of a completed response were changed within the time allowed; scores and facts are new."""

    response_id: UUID
