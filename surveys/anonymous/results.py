"""What a closed round says: by everybody, by group and by judged department; what is too small is hidden with another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, Refused
from staff import queries as staff
from staff.tree import OrgTree
from surveys.anonymous import rounds
from surveys.anonymous.rounds import Round
from surveys.dimensions import DIMENSIONS
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version
from surveys.scoring import formula
from surveys.statistics.hiding import hidden
from surveys.statistics.measures import Interval, student
from surveys.statistics.variables import part_label

MOST_TEXTS = 300


@dataclass(frozen=True, slots=True)
class Mean:
    """A weighted mean with its interval by the effective number of answers (Kish 1965): (Σw)² ÷ Σw²."""

    n: int
    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score of everybody."""

    label: str
    dimension: str
    formula: str
    mean: Mean


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group or a judged department; `means` by the order of the scores, none when hidden."""

    label: str
    n: int
    hidden: bool
    means: tuple[Mean, ...]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Groups of one aspect."""

    label: str
    lines: tuple[GroupLine, ...]


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """How often each option of a question was chosen, by everybody."""

    label: str
    options: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True)
class Results:
    """The whole. Nothing but `sheets` while too few took part."""

    round: Round
    version: Version
    sheets: int
    shown: bool
    scores: tuple[ScoreLine, ...]
    tables: tuple[GroupTable, ...]
    answers: tuple[AnswerLine, ...]
    texts: tuple[tuple[str, str], ...]


async def results(round_id: int, *, by: Actor) -> Results:
    """Read a closed round; who reads one department alone sees that one and no total.

    Raises:
        Forbidden: this person reads no results.
        NotFound: no such round within reach.
        Refused: it is not closed: between two looks somebody's answer could be found by subtraction.
    """
    found = await rounds.readable(round_id, by)
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        raise Forbidden
    if not found.closed:
        raise Refused("这一轮还没有结束，结束后才能看结果")
    version = await questionnaires.version(found.version_id)
    tree = await staff.tree()
    rows = await db.fetch("select * from survey_round_score where round_id = $1", found.id)
    sizes = {(row["ratee_id"], row["aspect"], row["key"]): row["n"] for row in rows if row["score"] == ""}
    means = {
        (row["ratee_id"], row["aspect"], row["key"], row["score"]): mean(row)
        for row in rows
        if row["score"] != ""
    }
    sheets = sum(n for (_, aspect, _), n in sizes.items() if aspect == "")
    seen = None if "/" in scopes else frozenset(tree.within(scopes))
    keys = [rule.key for rule in version.definition.scores]
    tables = _tables(found, version, tree, sizes, means, keys, seen)
    whole = seen is None and sheets >= found.threshold and found.kind is Kind.STAFF
    return Results(
        found,
        version,
        sheets,
        sheets >= found.threshold,
        _scores(version, means) if whole else (),
        tables if sheets >= found.threshold else (),
        await _answers(found, version, seen, sizes),
        await _texts(found, version, seen, sizes),
    )


def mean(row: "asyncpg.Record | Mapping[str, float]") -> Mean:
    """Of the sums of a score."""
    n, weight = int(row["n"]), float(row["weight"])
    if not weight:
        return Mean(n, None, None)
    value = float(row["total"]) / weight
    effective = weight**2 / float(row["weight2"])
    spread = max(0.0, float(row["squares"]) / weight - value**2)
    if effective <= 1:
        return Mean(n, value, None)
    half = student(max(1, round(effective) - 1)) * math.sqrt(spread / (effective - 1))
    return Mean(n, value, Interval(value - half, value + half))


def _scores(version: Version, means: Mapping[tuple[int, str, str, str], Mean]) -> tuple[ScoreLine, ...]:
    questions = version.definition.by_code
    return tuple(
        ScoreLine(
            rule.label or rule.key,
            DIMENSIONS[rule.dimension].words if rule.dimension in DIMENSIONS else "",
            formula(rule, questions),
            means.get((0, "", "", rule.key), Mean(0, None, None)),
        )
        for rule in version.definition.scores
    )


def _tables(
    found: Round,
    version: Version,
    tree: OrgTree,
    sizes: Mapping[tuple[int, str, str], int],
    means: Mapping[tuple[int, str, str, str], Mean],
    keys: Sequence[str],
    seen: frozenset[int] | None,
) -> tuple[GroupTable, ...]:
    if found.kind is Kind.MUTUAL:
        groups = {ratee: n for (ratee, aspect, _), n in sizes.items() if aspect == ""}
        away = hidden(groups, found.threshold)
        lines = [
            GroupLine(
                tree.label(ratee),
                n,
                ratee in away,
                tuple(means.get((ratee, "", "", key), Mean(0, None, None)) for key in keys)
                if ratee not in away
                else (),
            )
            for ratee, n in groups.items()
            if seen is None or ratee in seen
        ]
        first = keys[0] if keys else ""
        order = sorted(
            lines,
            key=lambda line: (
                line.hidden,
                -(line.means[0].value or 0) if line.means and first else 0,
                line.label,
            ),
        )
        return (GroupTable("被评科室", tuple(order)),)
    tables = []
    for aspect in dict.fromkeys(one for _, one, _ in sorted(sizes) if one):
        here = {key: n for (_, one, key), n in sizes.items() if one == aspect}
        small = hidden(here, found.threshold)
        if seen is not None and aspect != "unit":
            continue
        question = version.definition.by_code.get(aspect)
        words = {option.code: option.label for option in question.choices} if question else {}
        tables.append(
            GroupTable(
                question.title if question else "科室",
                tuple(
                    GroupLine(
                        words.get(key, key) if question else tree.label(int(key)),
                        here[key],
                        key in small,
                        tuple(means.get((0, aspect, key, one), Mean(0, None, None)) for one in keys)
                        if key not in small
                        else (),
                    )
                    for key in sorted(
                        here,
                        key=lambda key: (
                            key in small,
                            list(words).index(key) if key in words else -here[key],
                        ),
                    )
                    if seen is None or int(key) in seen
                ),
            )
        )
    return tuple(tables)


def _ratees(
    found: Round, seen: frozenset[int] | None, sizes: Mapping[tuple[int, str, str], int]
) -> list[int]:
    """Whose answers and texts may be told one by one: of everybody, or of judged departments that are large enough."""
    groups = {ratee: n for (ratee, aspect, _), n in sizes.items() if aspect == ""}
    if found.kind is Kind.STAFF:
        return [0] if seen is None and groups.get(0, 0) >= found.threshold else []
    away = hidden(groups, found.threshold)
    return [ratee for ratee in groups if ratee not in away and (seen is None or ratee in seen)]


async def _answers(
    found: Round, version: Version, seen: frozenset[int] | None, sizes: Mapping[tuple[int, str, str], int]
) -> tuple[AnswerLine, ...]:
    rows = await db.fetch(
        "select question, part, option, sum(n)::int as n from survey_round_count where round_id = $1 and aspect = ''"
        " and ratee_id = any($2::bigint[]) group by 1, 2, 3",
        found.id,
        _ratees(found, seen, sizes),
    )
    counted = {(row["question"], row["part"], row["option"]): row["n"] for row in rows}
    lines = []
    for question in version.definition.questions:
        steps = getattr(question, "steps", None)
        words = {one.code: one.label for one in question.choices} or {
            str(step): str(step) for step in steps or ()
        }
        if question.kind == "ranking":
            words = {str(place): f"第 {place}" for place in range(1, len(question.parts) + 1)}
        for part in [one.code for one in question.parts] or [""]:
            here = {option: counted.get((question.code, part, option), 0) for option in words}
            total = sum(here.values())
            if total:
                label = f"{question.title}：{part_label(question, part)}" if part else question.title
                lines.append(
                    AnswerLine(
                        label,
                        tuple(
                            (words[option], n, n / total)
                            for option, n in here.items()
                            if n or question.kind != "ranking"
                        ),
                    )
                )
    return tuple(lines)


async def _texts(
    found: Round, version: Version, seen: frozenset[int] | None, sizes: Mapping[tuple[int, str, str], int]
) -> tuple[tuple[str, str], ...]:
    rows = await db.fetch(
        "select ratee_id, question, body from survey_round_text where round_id = $1 and ratee_id = any($2::bigint[])"
        " order by id limit $3",
        found.id,
        _ratees(found, seen, sizes),
        MOST_TEXTS,
    )
    tree = await staff.tree()
    questions = version.definition.by_code
    return tuple(
        (
            (f"{tree.label(row['ratee_id'])} · " if row["ratee_id"] else "")
            + (questions[row["question"]].title if row["question"] in questions else ""),
            row["body"],
        )
        for row in rows
    )
