"""Pages of the sheets that a person asked for, whatever is on them: watched while they are written, fetched, listed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from console.page import permit, progress, show
from core.actor import Actor, Permission
from core.asked_sheets import Asked, Sheets
from core.downloads import attachment
from core.errors import NotFound
from core.models import StoredFile


@dataclass(frozen=True, slots=True)
class Place:
    """Where sheets of a sort are on the pages, and how they are spoken of there."""

    sheets: Sheets[Any]
    file_of: Callable[..., Awaitable[tuple[StoredFile, bytes]]]  # (id, by=) with both logs written
    permission: Permission
    path: str
    title: str
    about: str
    above: tuple[str, str]  # words and address of the page the lists are on
    empty: tuple[str, str, str]  # what to do to get one; words and address of where
    list_of: Callable[[Any], str]  # the address of the list that a sheet was taken from
    measure: str  # what its rows are counted in: 件, 条
    word: Callable[[Any], str]  # which of several lists it was; "" where there is one


def add_pages(routes: web.RouteTableDef, place: Place) -> None:
    """Serve the pages of these sheets below `place.path`."""

    @routes.get(place.path)
    async def mine(request: web.Request) -> web.Response:
        """One's own sheets."""
        return await _page(request, place, permit(request, place.permission), None)

    @routes.get(place.path + "/{id}")
    async def one(request: web.Request) -> web.Response:
        """One sheet, with its progress, above one's own."""
        actor = permit(request, place.permission)
        return await _page(request, place, actor, await place.sheets.find(_id(request), by=actor))

    @routes.get(place.path + "/{id}/progress")
    async def going(request: web.Request) -> web.Response:
        """The bar; leads to the finished sheet."""
        actor = permit(request, place.permission)
        found = await place.sheets.find(_id(request), by=actor)
        return await progress(
            request,
            done=found.done,
            total=found.total,
            note="正在写入表格" if found.total else "正在查找",
            finished=found.state != "running",
            then=f"{place.path}/{found.id}",
        )

    @routes.get(place.path + "/{id}/file")
    async def fetch(request: web.Request) -> web.Response:
        """The sheet itself."""
        actor = permit(request, place.permission)
        file, data = await place.file_of(_id(request), by=actor)
        return attachment(file.name, data, file.mime)


async def _page(request: web.Request, place: Place, actor: Actor, found: Asked | None) -> web.Response:
    recent = await place.sheets.recent(by=actor)
    return await show(request, "console/asked_sheets.html", place=place, found=found, recent=recent)


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise NotFound from None
