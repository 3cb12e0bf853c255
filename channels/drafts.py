"""What a caller hands in: to whom, which words, which card. Values only; sends nothing and knows no vendor call.

Limits are those of WeCom template cards (发送应用消息 → 模板卡片消息,
https://developer.work.weixin.qq.com/document/path/90236): numbers of rows and buttons are refused when
exceeded, suggested lengths of texts are kept by shortening with an ellipsis.
"""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from patients.consent import Purpose

TASK_ID = r"^[0-9A-Za-z_\-@]{1,128}$"
TEXT_LIMIT = 4000  # characters kept in the row; a transport shortens further to what it can carry


def shorten(text: str, most: int) -> str:
    """The text on one line in at most `most` characters, with an ellipsis when something was cut."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _line(most: int) -> BeforeValidator:
    return BeforeValidator(lambda value: shorten(value, most) if isinstance(value, str) else value)


class Lane(StrEnum):
    """How urgent: urgent passes quiet hours and reserves, bulk waits for both."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


class ReceiverKind(StrEnum):
    """What sort of receiver."""

    STAFF = "staff"
    PERSON = "person"
    GROUP = "group"


class ButtonStyle(StrEnum):
    """The looks of a button; the vendor's numbers 1 to 4."""

    BLUE = "1"
    PLAIN_BLUE = "2"
    RED = "3"
    PLAIN = "4"


class Frozen(BaseModel):
    """Base of the values here: unchangeable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Receiver(Frozen):
    """Who shall get it, with the addresses known at this moment (empty: none).

    `id` is the staff id, the patient id (0 for a caller who is no patient), or the room of a group.
    """

    kind: ReceiverKind
    id: int
    name: str = ""
    wecom_userid: str = ""
    wecom_chatid: str = ""
    phone: str = ""
    openid: str = ""

    @model_validator(mode="after")
    def _has_an_address(self) -> "Receiver":
        if self.kind is ReceiverKind.GROUP and not self.wecom_chatid:
            raise ValueError("a group is addressed by wecom_chatid")
        return self


class Button(Frozen):
    """A button that calls back with `key`."""

    text: Annotated[str, _line(10), StringConstraints(min_length=1)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    style: ButtonStyle = ButtonStyle.BLUE


class Option(Frozen):
    """One choice of a selection or one line of the corner menu."""

    text: Annotated[str, _line(16), StringConstraints(min_length=1)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Selection(Frozen):
    """A drop-down above the buttons; what was chosen comes back with the pressed button."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    title: Annotated[str, _line(13)]
    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)]
    chosen: str = ""


class Row(Frozen):
    """A label and a value on one line of a card."""

    label: Annotated[str, _line(5), StringConstraints(min_length=1)]
    value: Annotated[str, _line(26)]


class Card(Frozen):
    """A card as we think of it; `transports/cards.py` writes it in the vendor's JSON.

    Leave `task_id` empty: `send` gives each copy one that is unique for ever. With buttons the card can be
    updated; without buttons and menu it needs `url`, which a tap on the card opens.
    """

    task_id: Annotated[str, StringConstraints(pattern=TASK_ID)] | None = None
    title: Annotated[str, _line(26), StringConstraints(min_length=1)]
    desc: Annotated[str, _line(30)] = ""
    note: Annotated[str, _line(112)] = ""
    quote_title: Annotated[str, _line(26)] = ""
    quote: Annotated[str, _line(112)] = ""
    rows: Annotated[tuple[Row, ...], Field(max_length=6)] = ()
    selection: Selection | None = None
    buttons: Annotated[tuple[Button, ...], Field(max_length=6)] = ()
    menu: Annotated[tuple[Option, ...], Field(max_length=3)] = ()
    url: str = ""
    url_title: Annotated[str, _line(13)] = "打开详情"

    @model_validator(mode="after")
    def _keys_differ(self) -> "Card":
        keys = [button.key for button in self.buttons]
        if len(keys) != len(set(keys)):
            raise ValueError("the keys of a card's buttons must differ")
        return self

    @property
    def actionable(self) -> bool:
        """Whether it offers something to do: a copy that cannot be corrected is then replaced by a new card."""
        return bool(self.buttons or self.menu)

    def in_words(self) -> str:
        """The card as plain text, for where no card can go."""
        lines = [self.title, self.desc, self.note, f"「{self.quote}」" if self.quote else ""]
        lines += [f"{row.label}：{row.value}" for row in self.rows]
        return "\n".join(filter(None, [*lines, self.url]))


class Draft(Frozen):
    """A message to be written down.

    Args (fields):
        key: the same key is one message, however often it is sent (use the id of the event behind it).
        purpose: what it is for, dotted ("ticket.assigned"); quotas and statistics go by it.
        subject: what it is about ("ticket:12"); cards are updated and messages cancelled by it.
        text: the words where there is no card; empty: the card in words.
        texts: other words per transport ("sms", "wechat").
        ladder: transports in order; "wecom" stands for the configured way(s) into WeCom. Empty: wecom for
            staff and groups, wechat then sms for a person.
        bundle: reminders of one bundle name to one receiver within the window become one message.
        secret: the words (a one-time code) are wiped from the row once they are sent.
        file_id: a stored file to be sent along (WeCom only).
        consent: the purpose for which the person must not have refused to be reached; None only for what belongs to
            the matter they raised themselves (and for staff).
        about: the patient it is about, where that is another than the receiver; 0 for none.
    """

    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=60)]
    receiver: Receiver
    text: Annotated[str, StringConstraints(max_length=TEXT_LIMIT)] = ""
    texts: dict[str, Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT)]] = Field(
        default_factory=dict
    )
    lane: Lane = Lane.NORMAL
    subject: Annotated[str, StringConstraints(max_length=100)] = ""
    card: Card | None = None
    file_id: UUID | None = None
    ladder: tuple[str, ...] = ()
    bundle: Annotated[str, StringConstraints(max_length=60)] = ""
    secret: bool = False
    consent: Purpose | None = None
    about: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="before")
    @classmethod
    def _words_of_the_card(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("text"):
            card = data.get("card")
            if not card:
                raise ValueError("a message without a card needs text")
            return {**data, "text": Card.model_validate(card).in_words()[:TEXT_LIMIT]}
        return data
