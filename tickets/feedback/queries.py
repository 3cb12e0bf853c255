"""What one person sees of a feedback case beside the order: registration, records, rectification, disputes.

A department sees what it needs to work: kind, classes, its own records and measures. Complainant's wishes are open
to it; talks of others, duties told, the way of a dispute and what was found about persons are the centre's part,
and penalties are for the centre and reviewers alone.
"""

from uuid import UUID

import asyncpg

from core import clock, crypto, db
from core.actor import Actor, ActorKind, Permission
from core.models import StoredFile
from staff import queries as staff
from tickets.feedback import categories
from tickets.feedback.views import File, HandlingRecord, Measure, Penalty, Praise, Rating, Sheet, Told
from tickets.feedback.words import HARM, HCAT_GRADES, HCAT_LABELS, Hcat
from tickets.models import Case
from tickets.queries import case_page, secrecy
from tickets.queries.case_views import Seen
from tickets.sources.feedback import FEEDBACK

__all__ = ["Measure", "Praise", "Sheet", "earlier", "file", "of_phone", "praise", "sheet"]

MOST_EARLIER = 8
MOST_PRAISE = 60
SHORTEST_PHONE = 7


async def sheet(seen: Seen, by: Actor) -> Sheet | None:
    """The feedback part; None for a case of another source."""
    case = seen.case
    row = await db.fetchrow("select * from feedback where case_id = $1", case.id)
    if case.source != FEEDBACK.name or row is None or not secrecy.whole(case, by):
        return None
    tree, inside = await staff.tree(), seen.inside
    reviews = inside and _judges(by)
    classes = await db.fetch(
        "select c.id from case_category k join feedback_category c on c.id = k.category_id where k.case_id = $1"
        " order by k.main desc, c.id",
        case.id,
    )
    from_tree = await _paths([entry["id"] for entry in classes])
    praised = await db.fetch("select unit_id from praise where case_id = $1 order by unit_id", case.id)
    return Sheet(
        relation=row["relation"],
        authorised=row["authorised"],
        wishes=tuple(row["wishes"]),
        categories=tuple(path for path, _ in from_tree),
        function_units=tuple(dict.fromkeys(unit for _, unit in from_tree if unit)),
        hcat=await _hcat(case.id),
        stage=row["stage"],
        harm=HARM[row["harm"]] if row["harm"] is not None else "",
        first_unit=tree.label(row["first_unit_id"]) if row["first_unit_id"] else "",
        first_name=row["first_name"],
        settled_how=row["settled_how"],
        settled_satisfied=row["settled_satisfied"],
        settled_at=row["settled_at"],
        study_reason=row["study_reason"],
        route=row["route"] if inside else "",
        route_result=row["route_result"] if inside else "",
        compensation=row["compensation"] if inside else None,
        query_code=row["query_code"] if by.can(Permission.CASE_HANDLE) else "",
        records=await _records(seen),
        measures=await _measures(seen, by),
        told=await _told(case.id) if inside else (),
        judged=bool(row["responsibility"]) and reviews,
        responsibility=row["responsibility"] if reviews else "",
        judged_by=row["judged_by"] if reviews else "",
        penalties=await _penalties(case.id) if reviews else (),
        ratings=await _ratings(case.id) if inside else (),
        earlier=await earlier(case, by) if inside else (),
        praised=tuple(tree.label(entry["unit_id"]) for entry in praised),
        inside=inside,
        reviews=reviews,
    )


def _judges(by: Actor) -> bool:
    """Who may read what was found about persons: the centre and reviewers."""
    if by.kind is not ActorKind.STAFF:
        return True
    return by.can(Permission.CASE_HANDLE) or by.can(Permission.CASE_REVIEW)


async def _paths(ids: list[int]) -> list[tuple[str, str]]:
    """Path and responsible function department of each category, in the order of `ids`."""
    from_tree = {one.id: (one.path, one.function_unit) for one in await categories.tree()} if ids else {}
    return [from_tree[number] for number in ids]


async def _hcat(case_id: int) -> tuple[tuple[str, str], ...]:
    rows = await db.fetch("select category, severity from case_hcat where case_id = $1", case_id)
    known = {row["category"]: row["severity"] for row in rows}
    return tuple(
        (HCAT_LABELS[category], HCAT_GRADES[known[category]]) for category in Hcat if category in known
    )


async def _files(rows: list[asyncpg.Record]) -> dict[UUID, File]:
    ids = [number for row in rows for number in row["file_ids"]]
    found = await StoredFile.filter(id__in=ids) if ids else []
    return {file.id: File(file.id, file.name, file.mime) for file in found}


async def _records(seen: Seen) -> tuple[HandlingRecord, ...]:
    rows = await db.fetch(
        "select r.*, t.unit_id from handling_record r left join ticket t on t.id = r.ticket_id"
        " where r.case_id = $1 and ($2 or r.ticket_id = any($3::bigint[])) order by r.id desc",
        seen.case.id,
        seen.inside,
        seen.ticket_ids,
    )
    files, tree = await _files(rows), await staff.tree()
    return tuple(
        HandlingRecord(
            row["kind"],
            row["way"],
            row["contact"],
            row["content"],
            row["signed"],
            row["at"],
            row["written_by"],
            tree.label(row["unit_id"]) if row["unit_id"] else "",
            tuple(files[number] for number in row["file_ids"] if number in files),
        )
        for row in rows
    )


async def _measures(seen: Seen, by: Actor) -> tuple[Measure, ...]:
    rows = await db.fetch("select * from rectification where case_id = $1 order by id", seen.case.id)
    tree = await staff.tree()
    today = clock.today()
    return tuple(
        Measure(
            place,
            tree.label(row["unit_id"]),
            row["person"],
            row["measure"],
            row["due_on"],
            row["state"],
            row["state"] == "open" and row["due_on"] < today,
            row["done_text"],
            row["done_by"],
            row["verified_text"],
            row["verified_by"],
        )
        for place, row in enumerate(rows, start=1)
        if seen.inside or by.can(Permission.TICKET_READ, tree.unit(row["unit_id"]).path)
    )


async def _told(case_id: int) -> tuple[Told, ...]:
    rows = await db.fetch("select * from duty_told where case_id = $1 order by id desc", case_id)
    files = await _files(rows)
    return tuple(
        Told(
            tuple(row["items"]),
            row["receiver"],
            row["remark"],
            row["told_by"],
            row["told_at"],
            tuple(files[number] for number in row["file_ids"] if number in files),
        )
        for row in rows
    )


async def _penalties(case_id: int) -> tuple[Penalty, ...]:
    rows = await db.fetch(
        "select person, kind, opinion, decided_by, decided_at from penalty where case_id = $1 order by id",
        case_id,
    )
    return tuple(Penalty(**dict(row)) for row in rows)


async def _ratings(case_id: int) -> tuple[Rating, ...]:
    rows = await db.fetch(
        "select round, satisfied, solved, remark, at from feedback_rating where case_id = $1 order by round",
        case_id,
    )
    return tuple(Rating(**dict(row)) for row in rows)


async def earlier(case: Case, by: Actor) -> tuple[Case, ...]:
    """Earlier cases of the same phone or patient that this person may see, of every source, the latest first."""
    hashes = [one for one in (case.caller_phone_hash, case.contact_phone_hash) if one is not None]
    rows = await db.fetch(
        "select id from cases where id < $1 and (caller_phone_hash = any($2::bytea[])"
        " or contact_phone_hash = any($2::bytea[])) union"
        " select o.case_id from visit_link l join visit_link o on o.patient_id = l.patient_id"
        " where l.case_id = $1 and l.state = 'confirmed' and o.state = 'confirmed' and o.case_id < $1"
        " order by id desc limit 50",
        case.id,
        hashes,
    )
    seen = await secrecy.visible([row["id"] for row in rows], by, whole=True)
    found = await Case.filter(id__in=sorted(seen)[-MOST_EARLIER:]).order_by("-id")
    return tuple(map(secrecy.unnumbered, found))


async def of_phone(phone: str, by: Actor) -> tuple[Case, ...]:
    """The latest cases of a phone number that this person may see; none while the number is not whole."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    if len(digits) < SHORTEST_PHONE:
        return ()
    rows = await db.fetch(
        "select id from cases where caller_phone_hash = $1 or contact_phone_hash = $1 order by id desc limit 50",
        crypto.search_hash(digits),
    )
    seen = await secrecy.visible([row["id"] for row in rows], by, whole=True)
    found = await Case.filter(id__in=sorted(seen)[-MOST_EARLIER:]).order_by("-id")
    return tuple(map(secrecy.unnumbered, found))


async def file(case_id: int, file_id: UUID, by: Actor) -> StoredFile | None:
    """A file of a record or a told duty that this person sees; None when there is none for them."""
    seen = await case_page.open_case(case_id, by)
    known = [one.id for record in await _records(seen) for one in record.files]
    known += [one.id for told in (await _told(case_id) if seen.inside else ()) for one in told.files]
    return await StoredFile.get_or_none(id=file_id) if file_id in known else None


async def praise(by: Actor, unit_id: int | None = None) -> list[Praise]:
    """The praise wall: what was said of the departments in this person's reach, the latest first."""
    tree = await staff.tree()
    within = tree.within([*by.scope(Permission.CASE_READ), *by.scope(Permission.TICKET_READ)])
    wanted = [number for number in within if unit_id in (None, number)]
    rows = await db.fetch(
        "select case_id, unit_id, at from praise where unit_id = any($1::bigint[]) order by at desc limit $2",
        wanted,
        MOST_PRAISE,
    )
    seen = await secrecy.visible([row["case_id"] for row in rows], by, whole=True)
    cases = {case.id: secrecy.unnumbered(case) for case in await Case.filter(id__in=list(seen))}
    return [
        Praise(cases[row["case_id"]], tree.label(row["unit_id"]), row["at"])
        for row in rows
        if row["case_id"] in cases
    ]
