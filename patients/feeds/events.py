"""What the feeds announce: past tense, ids only."""

from core.events import Event


class LinkFellSilent(Event):
    """Nothing has come over a link for longer than its administrator allows."""

    link_id: int


class LinkSpokeAgain(Event):
    """A link that had fallen silent brings messages again."""

    link_id: int
