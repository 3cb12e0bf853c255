"""Announcements of the house: written by the centre's head or an administrator, read by everybody who signs in.

One in force stands on the home page; withdrawn and past ones stay to be seen by those who write.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from core import audit, clock, db
from core.actions import Form
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound

routes = web.RouteTableDef()
PATH = "/bulletins"
WRITERS = (Permission.CASE_REVIEW, Permission.PARAMETER_MANAGE)
LONGEST = 366  # days one may stay in force
PAST = 50


class BulletinForm(Form):
    """A new announcement."""

    title: str = Field(title="标题", min_length=2, max_length=60)
    body: str = Field(title="内容", min_length=2, max_length=2000, json_schema_extra={"widget": "text"})
    urgent: bool = Field(default=False, title="重要", description="排在最前，标红显示")
    days: int = Field(
        default=7,
        title="显示天数",
        description="从现在起，在所有人的首页显示几天",
        ge=1,
        le=LONGEST,
        json_schema_extra={"widget": "number"},
    )


@dataclass(frozen=True, slots=True)
class Bulletin:
    """An announcement; `until_at` excluded."""

    id: int
    title: str
    body: str
    urgent: bool
    from_at: datetime
    until_at: datetime
    written_by: str
    withdrawn_at: datetime | None


_FIELDS = "id, title, body, urgent, from_at, until_at, written_by, withdrawn_at"


async def in_force() -> list[Bulletin]:
    """Those to be seen now, the urgent ones first."""
    rows = await db.fetch(
        f"select {_FIELDS} from bulletin where withdrawn_at is null and from_at <= $1 and until_at > $1"  # noqa: S608
        " order by urgent desc, from_at desc, id desc",
        clock.now(),
    )
    return [Bulletin(**dict(row)) for row in rows]


async def past() -> list[Bulletin]:
    """Those that are over or were withdrawn, the newest first."""
    rows = await db.fetch(
        f"select {_FIELDS} from bulletin where withdrawn_at is not null or until_at <= $1"  # noqa: S608
        " order by id desc limit $2",
        clock.now(),
        PAST,
    )
    return [Bulletin(**dict(row)) for row in rows]


def _may_write(by: Actor) -> bool:
    return any(map(by.can, WRITERS))


async def write(form: BulletinForm, *, by: Actor) -> int:
    """Put it on everybody's home page.

    Raises:
        Forbidden: not theirs to write.
    """
    if not _may_write(by):
        raise Forbidden
    now = clock.now()
    async with transaction():
        found: int = await db.fetchval(
            "insert into bulletin (title, body, urgent, from_at, until_at, written_by, written_at)"
            " values ($1, $2, $3, $4, $5, $6, $4) returning id",
            form.title,
            form.body,
            form.urgent,
            now,
            now + timedelta(days=form.days),
            by.name,
        )
        await audit.record(by, "bulletin.write", "bulletin", found, title=form.title, days=form.days)
    return found


async def withdraw(bulletin_id: int, *, by: Actor) -> str:
    """Take it from the home pages; its title.

    Raises:
        NotFound: there is none in force.
    """
    if not _may_write(by):
        raise Forbidden
    async with transaction():
        title: str | None = await db.fetchval(
            "update bulletin set withdrawn_at = $2 where id = $1 and withdrawn_at is null and until_at > $2 returning title",
            bulletin_id,
            clock.now(),
        )
        if title is None:
            raise NotFound("没有这条公告，或已经撤下")
        await audit.record(by, "bulletin.withdraw", "bulletin", bulletin_id, title=title)
    return title


@routes.get(PATH)
async def page(request: web.Request) -> web.Response:
    """Those in force; for whoever writes, the past ones too."""
    writes = _may_write(permit(request))
    return await show(
        request,
        "console/bulletins.html",
        found=await in_force(),
        past=await past() if writes else [],
        writes=writes,
    )


@routes.get(f"{PATH}/new")
async def writing(request: web.Request) -> web.Response:
    """The drawer in which one is written."""
    permit(request, *WRITERS)
    return await _drawer(request, {}, ())


async def _drawer(
    request: web.Request, given: dict[str, Any], faults: tuple[Fault, ...], status: int = 200
) -> web.Response:
    return await show(
        request,
        "console/bulletins_new.html",
        status=status,
        controls=forms.controls(BulletinForm, given, faults),
    )


@routes.post(f"{PATH}/new")
async def written(request: web.Request) -> web.Response:
    """Publish it, or tell what is faulty beside its field."""
    actor = permit(request, *WRITERS)
    given = await forms.posted(request, BulletinForm)
    try:
        form = forms.parse(BulletinForm, given)
    except Invalid as error:
        return await _drawer(request, given, tuple(error.details), error.status)
    await write(form, by=actor)
    return go(request, PATH, f"已发布：{form.title}")


@routes.post(f"{PATH}/{{id:\\d+}}/withdraw")
async def withdrawn(request: web.Request) -> web.Response:
    """Take one down."""
    actor = permit(request, *WRITERS)
    title = await withdraw(number(request.match_info["id"]) or 0, by=actor)
    return go(request, PATH, f"已撤下：{title}")
