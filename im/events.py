"""What group chat announces; ids only."""

from core.events import Event


class MessagePosted(Event):
    """A text or a file was posted, by a person or the bot; notices and recalls are not announced."""

    room_id: int
    seq: int
