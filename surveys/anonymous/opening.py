"""Opening a round and closing it: who may take part is laid down once; with the close the last answers are counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core import audit, clock, db, parameters
from core.actor import Actor, Permission, system
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.parameters import Parameter
from staff import queries as staff
from staff.holding import holds
from staff.tree import OrgTree
from surveys.anonymous import rounds, spool
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version

THRESHOLD = parameters.declare(
    Parameter(
        "survey.anonymous_least",
        "匿名问卷：一组至少多少人才显示",
        int,
        5,
        3,
        50,
        "人",
        source="自定；人太少等于实名",
        what="新开的职工调查和科室互评按此数隐藏人数太少的组；每批答卷也至少凑满此数才计入结果",
    )
)
RUNS = (Permission.SURVEY_REVIEW, Permission.SURVEY_DESIGN)


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round to be opened. `roles` none: everybody; `ratees`: departments that are judged (mutual evaluation)."""

    questionnaire_id: int
    title: str
    unit_id: int | None
    opens_on: date
    closes_on: date
    roles: tuple[str, ...] = ()
    ratees: tuple[int, ...] = ()


async def open_round(new: NewRound, *, by: Actor) -> int:
    """Open it; its id.

    Raises:
        Forbidden: not where it is.
        Invalid: `details` name the field.
    """
    await _permitted(new.unit_id, by)
    version = await questionnaires.open_version(new.questionnaire_id)
    tree = await staff.tree()
    _check(new, version, tree)
    async with transaction():
        members = await _members(new, tree)
        if not members:
            raise _invalid("roles", "参加人员", "这个范围里没有人")
        threshold = await parameters.number(THRESHOLD)
        if len(members) < threshold:
            raise _invalid("roles", "参加人员", f"只有 {len(members)} 人，少于 {threshold} 人不能保证匿名")
        round_id: int = await db.fetchval(
            "insert into survey_round (questionnaire_id, version_id, kind, title, unit_id, opens_on, closes_on,"
            " threshold, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
            new.questionnaire_id,
            version.id,
            version.kind,
            new.title.strip(),
            new.unit_id,
            new.opens_on,
            new.closes_on,
            threshold,
            by.name,
            clock.now(),
        )
        await db.executemany(
            "insert into survey_round_member (round_id, staff_id, unit_id) values ($1, $2, $3)",
            [(round_id, *one) for one in sorted(members.items())],
        )
        if version.kind is Kind.MUTUAL:
            pairs = [(a, b) for a in sorted(set(members.values())) for b in sorted(new.ratees) if a != b]
            if not pairs:
                raise _invalid("ratees", "被评科室", "没有可以互相评价的科室")
            await db.executemany(
                "insert into survey_round_pair (round_id, rater_id, ratee_id, weight) values ($1, $2, $3, 1)",
                [(round_id, *pair) for pair in pairs],
            )
        await audit.record(
            by, "survey_round.open", "survey_round", round_id, title=new.title, people=len(members)
        )
    return round_id


def _check(new: NewRound, version: Version, tree: OrgTree) -> None:
    if not version.kind.anonymous:
        raise _invalid("questionnaire_id", "问卷", "只有职工调查和科室互评按轮次开展")
    if not new.title.strip():
        raise _invalid("title", "名称", "不能为空")
    if new.closes_on < new.opens_on or new.closes_on < clock.today():
        raise _invalid("closes_on", "截止日期", "不能早于开始日期和今天")
    if version.kind is Kind.MUTUAL:
        if not new.ratees:
            raise _invalid("ratees", "被评科室", "请至少选择一个")
        for unit_id in new.ratees:
            if tree.unit(unit_id).kind != "department":
                raise _invalid("ratees", "被评科室", "只能选择科室")


async def _members(new: NewRound, tree: OrgTree) -> dict[int, int]:
    """Who works there → their department (their unit, where there is no department above it)."""
    units = tree.within([tree.unit(new.unit_id).path if new.unit_id else "/"])
    rows = await db.fetch(
        "select distinct on (s.id) s.id, p.unit_id from staff s join post p on p.staff_id = s.id"  # noqa: S608
        f" where s.active and {holds()} and p.unit_id = any($1::bigint[]) and (cardinality($2::text[]) = 0 or p.role = any($2::text[]))"
        " order by s.id, p.rank, p.unit_id",
        list(units),
        list(new.roles),
    )
    return {row["id"]: _department(tree, row["unit_id"]) for row in rows}


def _department(tree: OrgTree, unit_id: int) -> int:
    return next((unit.id for unit in tree.line(unit_id) if unit.kind == "department"), unit_id)


async def weigh(round_id: int, weights: Mapping[tuple[int, int], Decimal], *, by: Actor) -> None:
    """Set who judges whom, and how much it counts; a weight of 0 takes a pair out.

    Raises:
        Refused: somebody has taken part already: what counts is not changed afterwards.
        Invalid: a weight that is none.
    """
    async with transaction():
        found = await rounds.get(round_id, lock=True)
        await _permitted(found.unit_id, by)
        if found.kind is not Kind.MUTUAL or found.closed:
            raise Refused("只有进行中的科室互评可以设置权重")
        if await db.fetchval("select exists (select 1 from survey_round_part where round_id = $1)", found.id):
            raise Refused("已经有人参加，权重不能再改")
        rows = await db.fetch(
            "select unit_id as unit from survey_round_member where round_id = $1"
            " union select ratee_id from survey_round_pair where round_id = $1",
            found.id,
        )
        known = {row["unit"] for row in rows}
        for (rater, ratee), weight in weights.items():
            if rater == ratee or not {rater, ratee} <= known or not 0 <= weight <= 100:
                raise _invalid(f"w.{rater}.{ratee}", "权重", "应为 0 到 100 的数，本科室不评本科室")
        await db.execute("delete from survey_round_pair where round_id = $1", found.id)
        kept = [(found.id, *pair, weight) for pair, weight in sorted(weights.items()) if weight > 0]
        if not kept:
            raise _invalid("weights", "权重", "至少要有一对科室互评")
        await db.executemany(
            "insert into survey_round_pair (round_id, rater_id, ratee_id, weight) values ($1, $2, $3, $4)",
            kept,
        )
        await audit.record(by, "survey_round.weigh", "survey_round", found.id, pairs=len(kept))


async def close_round(round_id: int, *, by: Actor) -> None:
    """End it: what waits is counted, results may be read, nobody may add to them any more.

    Raises:
        Refused: it is closed already.
    """
    async with transaction():
        found = await rounds.get(round_id, lock=True)
        await _permitted(found.unit_id, by)
        if found.closed:
            raise Refused("这一轮已经结束")
        await spool.empty(found, whole=True)
        await spool.forget_small(found)
        await db.execute(
            "update survey_round set state = 'closed', closed_by = $2, closed_at = $3 where id = $1",
            found.id,
            by.name,
            clock.now(),
        )
        await audit.record(by, "survey_round.close", "survey_round", found.id)


async def close_what_is_over() -> int:
    """By the clock: rounds whose last day has passed; how many."""
    by = system()
    rows = await db.fetch(
        "select id from survey_round where state = 'open' and closes_on < $1 order by id", clock.today()
    )
    for row in rows:
        try:
            await close_round(row["id"], by=by)
        except Refused:
            continue
    return len(rows)


async def _permitted(unit_id: int | None, by: Actor) -> None:
    path = (await staff.tree()).unit(unit_id).scope if unit_id is not None else "/"
    if not any(by.can(permission, path) for permission in RUNS):
        raise Forbidden("只能在您负责的范围内开展调查")


async def units_of(round_id: int) -> tuple[Sequence[int], Sequence[int], Mapping[tuple[int, int], Decimal]]:
    """Raters, ratees and weights of a mutual evaluation.

    Raises:
        NotFound: no such round.
    """
    if not await db.fetchval("select exists (select 1 from survey_round where id = $1)", round_id):
        raise NotFound("没有这一轮调查")
    raters = await db.fetch(
        "select distinct unit_id from survey_round_member where round_id = $1 order by 1", round_id
    )
    pairs = await db.fetch(
        "select rater_id, ratee_id, weight from survey_round_pair where round_id = $1 order by 1, 2", round_id
    )
    return (
        [row["unit_id"] for row in raters],
        sorted({row["ratee_id"] for row in pairs}),
        {(row["rater_id"], row["ratee_id"]): row["weight"] for row in pairs},
    )


def _invalid(field: str, label: str, reason: str) -> Invalid:
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason)])
