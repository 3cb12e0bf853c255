"""What the outgoing messages announce."""

from core.events import Event


class MessageDelivered(Event):
    """A receipt or an act of the person proves that the message arrived."""

    message_id: int


class MessageFailed(Event):
    """The ladder is at its end and nobody was reached."""

    message_id: int


class ReceiverUnreachable(Event):
    """The vendor does not know the receiver: contacts should be synchronised, somebody else be told."""

    message_id: int


class ChannelAlarmed(Event):
    """An outside system says that it is set up wrongly; an administrator must act."""

    system: str
    code: str
