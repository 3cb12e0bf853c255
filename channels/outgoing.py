"""A message in hand: the value that transports get, and the reading of its row. Sends nothing, changes nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import asyncpg
import orjson

from channels.drafts import Card, Lane, Receiver, ReceiverKind
from channels.limits import Rule
from channels.rules import Rules
from core.crypto import key_ring


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it is about to go; `no` numbers the attempt, `(id, no)` is the key of idempotency."""

    id: int
    no: int
    purpose: str
    lane: Lane
    subject: str
    receiver: Receiver
    text: str
    texts: dict[str, str]
    card: Card | None
    file_id: UUID | None
    created_at: datetime
    repeated: bool = False  # the same attempt was begun before: the other side may have it already

    def words(self, transport: str) -> str:
        """The words for a transport."""
        return self.texts.get(transport) or self.text

    @property
    def idempotency_key(self) -> str:
        """The same for every repetition of this attempt, and different from any other database's; ≤ 32 characters."""
        return f"m{self.id}-{int(self.created_at.timestamp())}-{self.no}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a transport reports of a message the vendor took.

    Args (fields):
        vendor_id: under which a receipt will name it.
        response_code: corrects the card once.
        segments: of an SMS.
        receipt: a receipt is to be expected within this time; None when the vendor sends none.
    """

    vendor_id: str = ""
    response_code: str = ""
    segments: int = 0
    receipt: timedelta | None = None


class Transport(Protocol):
    """A way to a person. Vendor quirks stay in the member's own file.

    `system` is the name its failures carry (`CallFailed.system`).
    """

    name: str
    system: str

    def can_reach(self, receiver: Receiver) -> bool:
        """Whether it is set up and the receiver has an address for it."""

    def rules(self, message: Outgoing, numbers: Rules) -> tuple[Rule, ...]:
        """The limits this message counts against."""

    async def deliver(self, message: Outgoing, numbers: Rules) -> Delivered:
        """Hand the message to the vendor; raises `CallFailed`."""


@dataclass(frozen=True, slots=True)
class Row:
    """The state of a message beside what is sent."""

    id: int
    state: str
    step: int
    tries: int
    attempts: int
    ladder: tuple[str, ...]
    not_before: datetime
    bundle_key: str
    lane: Lane
    record: asyncpg.Record = field(repr=False)

    @property
    def last(self) -> bool:
        """Whether this is the last step of the ladder."""
        return self.step >= len(self.ladder) - 1


def read_row(record: asyncpg.Record) -> Row:
    """The state of a row of `message`."""
    return Row(
        record["id"],
        record["state"],
        record["step"],
        record["tries"],
        record["attempts"],
        tuple(record["ladder"]),
        record["not_before"],
        record["bundle_key"],
        Lane(record["lane"]),
        record,
    )


def receiver_of(record: asyncpg.Record) -> Receiver:
    """The receiver of a row of `message`, addresses decrypted."""
    return Receiver(
        kind=ReceiverKind(record["receiver_kind"]),
        id=record["receiver_id"],
        name=record["receiver_name"],
        wecom_userid=record["wecom_userid"],
        wecom_chatid=record["wecom_chatid"],
        phone=key_ring().decrypt(record["phone"], "message.phone") if record["phone"] else "",
        openid=key_ring().decrypt(record["openid"], "message.openid") if record["openid"] else "",
    )


def outgoing(record: asyncpg.Record, no: int, *, repeated: bool = False) -> Outgoing:
    """A row of `message` as attempt `no` of it."""
    return Outgoing(
        id=record["id"],
        no=no,
        purpose=record["purpose"],
        lane=Lane(record["lane"]),
        subject=record["subject"],
        receiver=receiver_of(record),
        text=record["text"],
        texts=orjson.loads(record["texts"]),
        card=Card.model_validate_json(record["card"]) if record["card"] else None,
        file_id=record["file_id"],
        created_at=record["created_at"],
        repeated=repeated,
    )
