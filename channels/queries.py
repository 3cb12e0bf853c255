"""The only door to the rows of messages and cards; changes nothing."""

import hashlib

from channels.drafts import Card


def shown_hash(shown: Card | str) -> bytes:
    """A short hash of what a card shows, so that a correction that changes nothing is not sent."""
    text = shown if isinstance(shown, str) else shown.model_dump_json(exclude={"task_id"})
    return hashlib.sha256(text.encode()).digest()[:16]
