"""The facts of statistics: narrow rows derived from cases, rounds, tickets, clocks and history, and nothing else.

`derive` makes the rows of some cases anew, however often; so what a reaction left out is mended by deriving again,
and `rebuild` differs from the sum of all steps in nothing. A merged case has no rows: it is counted in its main case.
"""

from collections.abc import Collection

from core import db
from tickets import clock_kinds
from tickets.states import OPEN_CASE, OPEN_TICKET, TicketState
from tickets.story import EXTENSION_GRANTED

CHUNK = 2_000
# What counts as the first contact with whoever raised the matter, or with the matter itself.
CONTACTS = ("sign", "answer", "approve", "settle", "pass_on", "deliver", "close", "return_upstream")
EXTENSIONS = ("approve_extension", "prolong", EXTENSION_GRANTED)

_CASES = """
insert into case_fact (case_id, round, opened_at, day, month, place_id, source, appeal_type, category, channel,
    handler_id, state, is_open, returned, secret, phone_hash, repeat_days, response_minutes, reply_minutes, verified, called,
    solved, satisfied, extensions)
select c.id, r.no, o.at, o.day, date_trunc('month', o.day)::date,
    coalesce(lead.unit_id, praised.unit_id, c.campus_id), c.source, c.appeal_type, c.category, c.channel,
    c.handler_id, c.state, r.no = c.round and c.state = any($2::text[]), more.returned, c.secret, c.caller_phone_hash,
    case when r.no = 1 then o.day - (before.at at time zone 'Asia/Shanghai')::date end,
    case when said.at is not null then greatest(0, extract(epoch from said.at - o.at) / 60)::int end,
    case when done.at is not null then greatest(0, extract(epoch from done.at - o.at) / 60)::int end,
    r.verified, r.called_back_at is not null,
    r.callback_solved, coalesce(nullif(r.callback_satisfied, ''), case when r.no = 1 then g.settled_satisfied end, ''),
    more.extensions
from cases c
join case_round r on r.case_id = c.id
cross join lateral (
    select at, (at at time zone 'Asia/Shanghai')::date as day
    from (select case when r.no = 1 then c.received_at else r.opened_at end as at) x
) o
left join lateral (
    select unit_id from ticket t where t.case_id = c.id and t.round = r.no and t.state <> $3
    order by t.role = 'lead' desc, t.id limit 1
) lead on true
left join lateral (
    select unit_id from praise p where p.case_id = c.id order by p.at, p.unit_id limit 1
) praised on true
left join feedback g on g.case_id = c.id
left join lateral (
    select b.received_at as at from cases b
    where b.caller_phone_hash = c.caller_phone_hash and (b.received_at, b.id) < (c.received_at, c.id)
        and b.merged_into is null and not b.secret and not c.secret
    order by b.received_at desc, b.id desc limit 1
) before on c.caller_phone_hash is not null and r.no = 1
left join lateral (
    select min(at) as at from (
        select h.at from history h where h.case_id = c.id and h.round = r.no and h.verb = any($4::text[])
        union all
        select n.at from handling_record n where n.case_id = c.id and n.round = r.no
    ) x
) said on true
cross join lateral (
    select (count(*) filter (where h.verb = any($5::text[])))::int as extensions,
        coalesce(bool_or(h.verb = 'return_upstream'), false) as returned
    from history h where h.case_id = c.id and h.round = r.no
) more
cross join lateral (
    select coalesce(r.replied_at, case when r.no = c.round and not more.returned then c.closed_at end) as at
) done
where c.id = any($1::bigint[]) and c.merged_into is null
"""
_TICKETS = """
insert into ticket_fact (ticket_id, case_id, day, month, place_id, source, appeal_type, is_open, is_done, secret,
    answer_minutes, returned, sent_back, extended, urged)
select t.id, c.id, o.day, date_trunc('month', o.day)::date, t.unit_id, c.source, c.appeal_type,
    t.state = any($2::text[]) and t.round = c.round, t.state = $3, c.secret,
    case when t.answered_at is not null then greatest(0, extract(epoch from t.answered_at - t.assigned_at) / 60)::int
    end, more.returned, more.sent_back, more.extended, more.urged
from ticket t
join cases c on c.id = t.case_id
cross join lateral (select (t.assigned_at at time zone 'Asia/Shanghai')::date as day) o
cross join lateral (
    select coalesce(bool_or(h.verb = 'return'), false) as returned,
        coalesce(bool_or(h.verb = 'send_back'), false) as sent_back,
        coalesce(bool_or(h.verb = 'approve_extension'), false) as extended,
        coalesce(bool_or(h.verb = 'urge'), false) as urged
    from history h where h.ticket_id = t.id
) more
where t.case_id = any($1::bigint[]) and t.state <> $4 and c.merged_into is null
"""
_CLOCKS = """
insert into clock_fact (clock_id, case_id, day, month, place_id, source, appeal_type, kind, due_at, ended_at, secret)
select k.id, c.id, o.day, date_trunc('month', o.day)::date, coalesce(t.unit_id, f.place_id, c.campus_id), c.source,
    c.appeal_type, k.kind, case when k.state <> 'paused' then k.due_at end, k.ended_at, c.secret
from clock k
join cases c on c.id = k.case_id
left join ticket t on t.id = k.ticket_id
left join case_fact f on f.case_id = c.id and f.round = k.round
cross join lateral (select (k.start_at at time zone 'Asia/Shanghai')::date as day) o
where k.case_id = any($1::bigint[]) and k.state <> 'void' and k.kind = any($2::text[]) and c.merged_into is null
"""
# Whoever telephoned next after one of these cases may be a repeat now, or one no longer.
_NEXT = """
select distinct n.id from (
    select id, caller_phone_hash as hash, received_at as at from cases where id = any($1::bigint[])
    union select case_id, phone_hash, opened_at from case_fact where case_id = any($1::bigint[]) and round = 1
) w
cross join lateral (
    select c.id from cases c where c.caller_phone_hash = w.hash and (c.received_at, c.id) > (w.at, w.id)
        and c.merged_into is null order by c.received_at, c.id limit 1
) n
where w.hash is not null and not n.id = any($1::bigint[])
"""


async def derive(case_ids: Collection[int]) -> int:
    """Make the facts of these cases, and of those they make repeats of, anew; how many cases. Within a transaction."""
    ids = sorted(set(case_ids))
    ids += [row["id"] for row in await db.fetch(_NEXT, ids)]
    await _touch_months(ids)
    for table in ("clock_fact", "ticket_fact", "case_fact"):
        await db.execute(f"delete from {table} where case_id = any($1::bigint[])", ids)  # noqa: S608 - our own names
    await _write(ids)
    await _touch_months(ids)
    return len(ids)


async def _write(ids: list[int]) -> None:
    withdrawn = str(TicketState.WITHDRAWN)
    await db.execute(_CASES, ids, [*map(str, OPEN_CASE)], withdrawn, CONTACTS, EXTENSIONS)
    await db.execute(_TICKETS, ids, [*map(str, OPEN_TICKET)], str(TicketState.DONE), withdrawn)
    await db.execute(_CLOCKS, ids, clock_kinds.ours())


async def _touch_months(ids: list[int]) -> None:
    """The cubes of the months in which these cases have facts are out of date."""
    await db.execute(
        "insert into cube_touch (month) select distinct month from ("
        " select month from case_fact where case_id = any($1::bigint[])"
        " union all select month from ticket_fact where case_id = any($1::bigint[])"
        " union all select month from clock_fact where case_id = any($1::bigint[])) m",
        ids,
    )


async def take() -> int:
    """Derive the facts of cases that were touched; how many touches were taken."""
    async with db.transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock(hashtext('statistics-facts'))"):
            return 0
        rows = await db.fetch(
            "delete from case_touch where id in (select id from case_touch order by id limit $1)"
            " returning case_id",
            CHUNK,
        )
        if rows:
            await derive({row["case_id"] for row in rows})
    return len(rows)


async def rebuild() -> int:
    """Throw all facts away and derive them from what happened; how many cases were read."""
    done, last = 0, 0
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('statistics-facts'))")
        await db.execute("insert into cube_touch (month) select distinct month from case_fact")
        await db.execute("delete from case_touch")
        for table in (
            "clock_fact",
            "ticket_fact",
            "case_fact",
        ):  # not truncated: the pages go on reading the old ones
            await db.execute(f"delete from {table}")  # noqa: S608 - our own names
        while True:
            rows = await db.fetch("select id from cases where id > $1 order by id limit $2", last, CHUNK)
            if not rows:
                break
            ids = [row["id"] for row in rows]
            await _write(ids)
            done, last = done + len(ids), ids[-1]
        await db.execute(
            "insert into cube_touch (month) select month from case_fact union select month from ticket_fact"
            " union select month from clock_fact"
        )
    return done
