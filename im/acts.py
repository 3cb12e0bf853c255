"""What a client may ask to have done in a room beside posting: each act once, its form and its action; decides nothing."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from core.actions import Form
from core.actor import Actor
from core.errors import Invalid
from im import actions, groups, order
from im.drafts import LONGEST, Number, parse
from im.views import Role


class Nothing(Form):
    """An act that needs no more words."""


class Titled(Form):
    """A new name."""

    title: str = Field(max_length=100, title="群名称")


class People(Form):
    """Whom to take in."""

    staff_ids: tuple[Number, ...] = Field(min_length=1, max_length=500, title="成员")


class Person(Form):
    """One of the members."""

    staff_id: Number = Field(title="成员")


class Place(Form):
    """A member's new role."""

    staff_id: Number = Field(title="成员")
    role: Role = Field(title="身份")


class Switch(Form):
    """On or off."""

    on: Annotated[bool, Field(strict=True)] = Field(title="开关")


class PersonSwitch(Person, Switch):
    """On or off for one member."""


class Line(Form):
    """One of the messages."""

    seq: Number = Field(title="消息序号")


class LineSwitch(Line, Switch):
    """On or off for one message."""


class Words(Form):
    """An announcement."""

    client_id: UUID = Field(title="消息编号")
    text: str = Field(min_length=1, max_length=min(LONGEST, 2000), title="公告内容")


class Reason(Form):
    """Why."""

    reason: str = Field("", max_length=200, title="原因")


class Onward(Line):
    """Where a message goes on to."""

    to: Number = Field(title="目标群聊")
    client_id: UUID = Field(title="消息编号")


class Wishes(Form):
    """One's own wishes."""

    quiet: bool = Field(title="免打扰")
    pinned: bool = Field(title="置顶群聊")


Act = Callable[[int, Any, Actor], Awaitable[object]]

ACTS: dict[str, tuple[type[Form], Act]] = {
    "rename": (Titled, lambda room, form, by: groups.rename(room, form.title, by=by)),
    "add": (People, lambda room, form, by: groups.add(room, form.staff_ids, by=by)),
    "remove": (Person, lambda room, form, by: groups.remove(room, form.staff_id, by=by)),
    "role": (Place, lambda room, form, by: groups.set_role(room, form.staff_id, form.role, by=by)),
    "leave": (Nothing, lambda room, _form, by: actions.leave(room, by=by)),
    "close": (Reason, lambda room, form, by: groups.dissolve(room, form.reason, by=by)),
    "announce": (Words, lambda room, form, by: order.announce(room, form.client_id, form.text, by=by)),
    "unannounce": (Nothing, lambda room, _form, by: order.unannounce(room, by=by)),
    "see": (Line, lambda room, form, by: order.see(room, form.seq, by=by)),
    "pin": (LineSwitch, lambda room, form, by: order.pin(room, form.seq, on=form.on, by=by)),
    "forward": (
        Onward,
        lambda room, form, by: actions.forward(room, form.seq, form.to, form.client_id, by=by),
    ),
    "hush": (Switch, lambda room, form, by: order.hush(room, on=form.on, by=by)),
    "hush_member": (
        PersonSwitch,
        lambda room, form, by: order.hush_member(room, form.staff_id, on=form.on, by=by),
    ),
    "wish": (Wishes, lambda room, form, by: order.wish(room, quiet=form.quiet, pinned=form.pinned, by=by)),
}


async def do(room_id: int, act: str, data: object, *, by: Actor) -> None:
    """Do the act named `act` in a room.

    Raises:
        Invalid: no such act, or its form does not fit.
        NotFound, Forbidden, Refused: as the action says.
    """
    known = ACTS.get(act)
    if known is None:
        raise Invalid("没有这个操作")
    form, run = known
    await run(room_id, parse(form, data), by)
