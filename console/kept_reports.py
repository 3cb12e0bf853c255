"""Pages of Word reports on figures, whatever they are about: one's own listed, read on paper, downloaded."""

import asyncio
from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from console.case_page import wanted
from console.page import permit, show
from core import storage
from core.downloads import attachment
from reports.shelf import Shelf
from tickets.word.preview import to_html


@dataclass(frozen=True, slots=True)
class Place:
    """Where reports of a sort are on the pages, and how they are spoken of there."""

    shelf: Shelf
    path: str
    title: str
    about: str
    what: str  # the column of what a report is on
    above: tuple[str, str]  # words and address of the page the figures are on
    empty: str
    note: str


def add_pages(routes: web.RouteTableDef, place: Place) -> None:
    """Serve the pages of these reports below `place.path`."""

    @routes.get(place.path)
    async def listed(request: web.Request) -> web.Response:
        """One's own reports."""
        actor = permit(request, place.shelf.reads)
        return await show(
            request, "console/reports/kept.html", place=place, made=await place.shelf.mine(by=actor)
        )

    @routes.get(place.path + "/{id:\\d+}")
    async def reading(request: web.Request) -> web.Response:
        """A report in the browser, laid out for paper."""
        actor = permit(request, place.shelf.reads)
        made, file = await place.shelf.one(wanted(request), by=actor)
        html = await asyncio.to_thread(to_html, await storage.read(file))
        return await show(
            request,
            "console/reports/paper.html",
            place=place,
            made=made,
            html=Markup(html),  # noqa: S704 - to_html lets nothing through but a list of plain elements
        )

    @routes.get(place.path + "/{id:\\d+}/file")
    async def downloading(request: web.Request) -> web.Response:
        """A report as Word."""
        actor = permit(request, place.shelf.reads)
        file, data = await place.shelf.download(wanted(request), by=actor)
        return attachment(file.name, data, file.mime)
