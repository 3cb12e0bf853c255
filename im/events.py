"""What group chat announces; ids only."""

from core.events import Event


class MessagePosted(Event):
    """A text, file, voice or announcement was posted, by a person or the bot; notices and recalls are not announced."""

    room_id: int
    seq: int


class MembersChanged(Event):
    """Somebody came into a room or left it."""

    room_id: int


class RoomOpened(Event):
    """There is a new room, with its first members."""

    room_id: int


class RoomChanged(Event):
    """A room was renamed, closed, opened again or sealed."""

    room_id: int
