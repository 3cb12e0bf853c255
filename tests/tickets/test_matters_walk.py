"""Nothing vanishes: a long random walk over joining, leaving, merging, splitting, answering and new cases.

After each step: every case, ticket, clock, line of history and file that ever was is still there and reached from its
own page; no circle and no chain of merges; merged cases remind nobody and their main case watches their earliest
limit; and the undoing of a merge gives back what was, whole.
"""

import random
from collections.abc import Awaitable, Callable

import pytest

from core import clock, db
from core.errors import HuiyinError
from tests.tickets.conftest import Cast, at
from tests.tickets.test_matters import came, rows
from tests.tickets.test_road import do
from tickets import clock_kinds
from tickets.matters import joining
from tickets.models import Case, Ticket
from tickets.queries import case_page
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import CaseState, TicketState

STEPS, CASES = 320, 14
TABLES = ("case_round", "ticket", "clock", "history", "attachment")
DEPARTMENTS: tuple[list[str], ...] = (["心血管内科"], ["收费处"], ["心血管内科", "收费处"], [])


class Walk:
    """The cases so far, all that was ever seen of them, and what the walker may do next."""

    def __init__(self, cast: Cast, draw: random.Random) -> None:
        self.cast, self.draw = cast, draw
        self.ids: list[int] = []
        self.seen: dict[str, set[str]] = {}
        self.done: dict[str, int] = {}
        self.undone = self.held = 0

    async def new(self) -> None:
        if len(self.ids) < CASES:
            source = self.draw.choice(("hotline", "hotline", "feedback", "petition"))
            limit = f"2026-03-{self.draw.randint(4, 27):02d}T17:30:00+08:00"
            case = await came(
                f"N-{len(self.ids)}",
                source=source,
                departments=self.draw.choice(DEPARTMENTS),
                upstream_deadline=limit,
                appeal_type="申诉求决" if source == "petition" else "投诉",
            )
            self.ids.append(case.id)

    def one(self) -> int:
        return self.draw.choice(self.ids)

    async def join(self) -> None:
        await do("case.join", self.one(), self.cast.centre, other=str(self.one()))

    async def leave(self) -> None:
        await do("case.leave", self.one(), self.cast.centre)

    async def undo(self) -> None:
        steps = await db.fetch("select id from matter_step where undone_at is null order by id desc limit 4")
        await joining.undo(self.draw.choice([row["id"] for row in steps] or [0]), by=self.cast.centre)

    async def merge(self) -> None:
        await do("case.merge", self.one(), self.cast.centre, main=str(self.one()))

    async def split(self) -> None:
        merged = await Case.exclude(merged_into=None).order_by("id")
        await do("case.split", self.draw.choice([case.id for case in merged] or [0]), self.cast.centre)

    async def there_and_back(self) -> None:
        """A merge and its undoing: whole rows are again what they were, those of held tickets too."""
        case, main = self.one(), self.one()
        matters = {each.matter_id for each in await Case.filter(id__in=[case, main])}
        if len(matters) != 1 or None in matters:  # joining is a step of its own, and stays
            await do("case.join", case, self.cast.centre, other=str(main))
        before = await picture(case, main)
        await do("case.merge", case, self.cast.centre, main=str(main))
        held = await Ticket.filter(case_id=case, state=TicketState.PAUSED).count()
        await do("case.split", case, self.cast.centre)
        assert await picture(case, main) == before
        self.undone += 1
        self.held += held

    async def work(self) -> None:
        ticket = self.draw.choice(await Ticket.all().order_by("id") or [None])
        if ticket is not None:
            verb = self.draw.choice(("sign", "answer", "return", "endorse", "approve"))
            by = {"sign": "liaison", "answer": "liaison", "return": "liaison", "endorse": "head"}.get(
                verb, "centre"
            )
            data = {"answer": {"text": "已核实并向患者致歉"}, "return": {"reason": "不属本科室"}}.get(
                verb, {}
            )
            person = self.cast.cashier if ticket.unit_id == 5 and by == "liaison" else self.cast.people[by]
            await do(f"ticket.{verb}", ticket.id, person, **data)

    async def answer(self) -> None:
        """The whole road of one case to its reply, or as far as it goes."""
        case = self.one()
        for ticket in await Ticket.filter(case_id=case).exclude(state__in=["done", "withdrawn"]):
            await do("ticket.withdraw", ticket.id, self.cast.centre, reason="统一答复")
        await do("case.submit", case, self.cast.centre, reply="已核实并改进，向您致歉")
        await do("case.approve", case, self.cast.chief)

    async def afterwards(self) -> None:
        case = self.one()
        satisfied = self.draw.choice(("满意", "不满意"))
        await do("case.call_back", case, self.cast.centre, satisfied=satisfied)
        await do("case.close", case, self.cast.centre)

    async def step(self) -> None:
        name, run = self.draw.choice(self.moves())
        try:
            await run()
        except HuiyinError:
            return  # refused: nothing happened
        self.done[name] = self.done.get(name, 0) + 1

    def moves(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        weights = {
            "new": 3,
            "join": 5,
            "leave": 1,
            "undo": 1,
            "merge": 5,
            "split": 2,
            "there_and_back": 4,
            "work": 4,
            "answer": 1,
            "afterwards": 1,
        }
        return [(name, getattr(self, name)) for name, weight in weights.items() for _ in range(weight)]


async def picture(*case_ids: int) -> dict[str, list[dict[str, object]]]:
    """All of some cases but versions, history and the clocks by which one watches for others."""
    found = {
        table: await rows(table, *case_ids)
        for table in ("cases", "ticket", "clock", "case_round", "attachment")
    }
    found["clock"] = [row for row in found["clock"] if row["kind"] != "merged"]
    found["watch"] = [
        {name: row[name] for name in ("case_id", "due_at", "start_at", "reason", "level")}
        for row in await rows("clock", *case_ids)
        if row["kind"] == "merged" and row["state"] == "running"
    ]
    return found


async def check(walk: Walk) -> None:
    """What must hold whatever was done."""
    for table in TABLES:
        key = "(case_id::text || '-' || no)" if table == "case_round" else "id::text"
        now = {row["key"] for row in await db.fetch(f"select {key} as key from {table}")}  # noqa: S608
        gone = walk.seen.get(table, set()) - now
        assert gone == set(), table
        walk.seen[table] = now
    cases = {case.id: case for case in await Case.all()}
    assert sorted(cases) == sorted(walk.ids)
    for case in cases.values():
        if case.merged_into is None:
            continue
        main = cases[case.merged_into]
        assert main.merged_into is None, "no chain, no circle"
        assert case.matter_id is not None
        assert (case.matter_id, case.merged_number) == (main.matter_id, main.number)
        assert case.due_at is None
        assert not case.held or main.state in (*BEFORE_REPLY, CaseState.UNDER_REVIEW)
    waiting = await db.fetchval(
        "select count(*) from due d join clock k on k.id = d.ref and k.version = d.ref_version"
        " join cases c on c.id = k.case_id where d.state = 'due' and d.kind = 'clock.step' and k.state = 'running'"
        " and c.merged_into is not null"
    )
    assert waiting == 0, "a merged case reminds nobody"
    unarmed = await db.fetchval(
        "select count(*) from clock k join cases c on c.id = k.case_id where k.state = 'running' and c.merged_into is null"
        " and not exists (select from due d where d.kind = 'clock.step' and d.ref = k.id and d.ref_version = k.version"
        " and d.state = 'due')"
    )
    assert unarmed == 0, "every other running clock has its next reminder"
    unwatched = await db.fetch(
        "select k.id from clock k join cases c on c.id = k.case_id and c.round = k.round where c.merged_into is not null"
        " and k.ticket_id is null and k.state = 'running' and k.kind = any($1::text[]) and not exists (select from clock w"
        " where w.case_id = c.merged_into and w.kind = 'merged' and w.state = 'running' and w.due_at <= k.due_at)",
        clock_kinds.ours(),
    )
    assert [row["id"] for row in unwatched] == [], "every limit of a merged case is watched in its main case"


async def reachable(walk: Walk) -> None:
    """Each case opens on its own page with its tickets, and tells its whole story there."""
    for case_id in walk.ids:
        seen = await case_page.open_case(case_id, walk.cast.centre)
        assert len(seen.tickets) == await Ticket.filter(case_id=case_id).count()
        assert await case_page.story(seen, walk.cast.centre) != []


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_vanishes_whatever_is_joined_merged_and_split(cast: Cast, seed: int) -> None:
    walk = Walk(cast, random.Random(seed))
    with clock.frozen(at("2026-03-02 10:00")):
        for _ in range(5):
            await walk.new()
        for _ in range(STEPS // 2):
            await walk.step()
            await check(walk)
        await reachable(walk)
        counted = await Case.filter(merged_into=None).count()
        merged = await Case.exclude(merged_into=None).count()
    assert counted + merged == len(walk.ids) == CASES
    assert min(walk.undone, walk.held) > 0
    assert set(walk.done) >= {"new", "join", "leave", "merge", "split", "work", "answer", "there_and_back"}
