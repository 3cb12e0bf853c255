"""Fetches from views of databases and from FHIR servers: each batch is kept together with how far it goes, so that a
pull that is cut off goes on where the last batch ended. What comes twice (overlap) is kept once. Works on none of it.
"""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from core import audit, clock, db, jobs
from core.actor import Actor, Permission
from core.errors import Forbidden, Refused
from core.jobs import Job
from core.logs import logger
from integrations import sql_views
from integrations.fhir import FhirServer
from integrations.http import CallFailed, Kind
from integrations.sql_views import MarkChanged, View, ViewFailed, Wanted
from patients.feeds import keeping, links
from patients.feeds.documents import reading
from patients.feeds.keeping import Brought
from patients.feeds.links import Link

log = logger(__name__)
KIND = "feeds.pull"
BATCH = 1_000  # rows that are kept at once
SLICE = 120.0  # seconds after which a job makes room for others and goes on as a new one
REST = 10  # seconds until the next slice when too much waits to be worked on


@dataclass(frozen=True, slots=True)
class Caught:
    """A batch as it is kept, and how far it goes (`name`: of what)."""

    brought: list[Brought]
    name: str
    mark: str


async def ask(link_id: int, *, by: Actor) -> None:
    """Have a link fetched from now.

    Raises:
        Forbidden, NotFound.
        Refused: nothing is fetched from it, or it is being fetched from.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    async with db.transaction():
        link = await links.link(link_id)
        if not link.pulls or not link.active:
            raise Refused("这条链路没有可拉取的地址，或已停用")
        await db.execute("select 1 from feed_link where id = $1 for update", link_id)
        if await _under_way(link_id):
            raise Refused("正在拉取，请稍候")
        await jobs.enqueue(KIND, {"link": link_id})
        await audit.record(by, "feed.pull", "feed_link", link_id)


async def _under_way(link_id: int) -> bool:
    return bool(
        await db.fetchval(
            "select exists (select 1 from job where kind = $1 and state = 'due' and (payload ->> 'link')::bigint = $2)",
            KIND,
            link_id,
        )
    )


async def due() -> int:
    """Ask for the links whose time has come; how many. By the timetable, once a minute."""
    asked = 0
    for link in await links.all_links(active=True):
        if not link.pulls or not link.pull_minutes:
            continue
        if link.pulled_at and clock.now() - link.pulled_at < timedelta(minutes=link.pull_minutes):
            continue
        if not await _under_way(link.id):
            await jobs.enqueue(KIND, {"link": link.id})
            asked += 1
    return asked


async def work(job: Job) -> None:
    """One slice of a pull; the job of a link."""
    link = await links.link(int(job.payload["link"]))
    if not link.active or not link.pulls:
        return
    try:
        finished = await pull(link, SLICE)
    except (ViewFailed, CallFailed) as error:
        if isinstance(error, MarkChanged):
            await db.execute("update feed_link set mark = mark - $2::text where id = $1", link.id, link.view)
        if isinstance(error, CallFailed) and error.kind is Kind.QUOTA:  # it asked us to wait
            await jobs.enqueue(
                KIND, {"link": link.id}, at=clock.now() + timedelta(seconds=max(error.wait, REST))
            )
        words = str(error) if isinstance(error, ViewFailed) else error.message
        log.warning("feed_pull_failed", link=link.id, error=words)
        await _done(link, words)
        return
    if finished:
        await _done(link, "")
    else:
        later = clock.now() + timedelta(seconds=REST) if await keeping.crowded() else None
        await jobs.enqueue(KIND, {"link": link.id}, at=later)


async def _done(link: Link, error: str) -> None:
    await db.execute(
        "update feed_link set pulled_at = $2, pull_error = $3 where id = $1",
        link.id,
        clock.now(),
        error[:500],
    )


async def pull(link: Link, longest: float, batch: int = BATCH) -> bool:
    """Fetch what is new, for so many seconds; whether everything was fetched.

    Raises:
        ViewFailed, CallFailed: the other side did not do its part; what was kept until then stays.
    """
    began = time.monotonic()
    batches = await _batches(link, batch)
    async for caught in batches:
        await _keep(link, caught)
        if await keeping.crowded() or time.monotonic() - began > longest:
            await batches.aclose()
            return False
    return True


async def _batches(link: Link, batch: int) -> AsyncGenerator[Caught, None]:
    secret = await links.secret(link.id)
    if link.kind == "sql":
        return _rows(link, await sql_views.opened(link.address, secret, tls=link.tls), batch)
    return _resources(link, FhirServer(link.address, secret))


async def _rows(link: Link, view: View, size: int) -> AsyncGenerator[Caught, None]:
    since = sql_views.read_mark(link.mark.get(link.view, ""))
    keys = tuple(link.key_columns.split())
    wanted = Wanted(
        link.view,
        link.mark_column,
        keys,
        None if since is None else sql_views.back(since, link.overlap),
        size,
    )
    column = link.mark_column.rsplit(".", 1)[-1].lower()
    async for batch in view.batches(wanted):
        brought = [
            Brought(
                f"{'/'.join(str(row[key.lower()]) for key in keys)}@{row[column]}",
                link.view,
                orjson.dumps(row),
            )
            for row in batch.rows
        ]
        mark = sql_views.held_back(batch.mark, clock.local(clock.now()))
        yield Caught(brought, link.view, sql_views.written(mark))


async def _resources(link: Link, server: FhirServer) -> AsyncGenerator[Caught, None]:
    for kind in link.view.split():
        mark = link.mark.get(kind, "")
        since = ""
        if mark:
            begin = datetime.fromisoformat(mark) - timedelta(seconds=link.overlap)
            since = begin.isoformat(timespec="milliseconds")
        last, in_order = "", True
        async for page in server.pages(kind, since):
            brought = []
            for one in page:
                changed = _changed(one)
                if changed is not None:
                    told = changed.astimezone(UTC).isoformat()
                    in_order = in_order and told >= last
                    last, mark = told, max(mark, told)
                meta = one.get("meta")
                version = meta.get("versionId") or meta.get("lastUpdated") if isinstance(meta, dict) else None
                name = f"{kind}/{one.get('id')}/{version}" if version else ""
                brought.append(Brought(name, kind, orjson.dumps(one)))
            # A server that does not sort as it was asked to is only left off where it ends.
            yield Caught(brought, kind, mark if in_order else "")
        yield Caught([], kind, mark)


def _changed(resource: dict[str, object]) -> datetime | None:
    meta = resource.get("meta")
    text = meta.get("lastUpdated") if isinstance(meta, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return reading.instant(text)
    except ValueError:
        return None


async def _keep(link: Link, caught: Caught) -> None:
    """Keep a batch and how far it goes, both or neither."""
    async with db.transaction():
        await db.execute("select 1 from feed_link where id = $1 for update", link.id)
        kept = await keeping.keep_all(link, caught.brought)
        if caught.mark:
            await db.execute(
                "update feed_link set mark = mark || jsonb_build_object($2::text, $3::text),"
                " pulled_rows = pulled_rows + $4 where id = $1",
                link.id,
                caught.name,
                caught.mark,
                kept,
            )
