"""By what figures are parted: the column of each dimension, the words for its values, the facts behind one value.

A new dimension is one entry in `DIMENSIONS`; its column must stand in the grains that are read by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core import clock
from reports.reach import in_category
from reports.standing import Standing
from staff.queries import OrgTree, Person
from tickets import clock_kinds
from tickets.queries.values import Values
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS, CaseState

NONE = "-"  # how an address names the absence of a value
AGES: tuple[tuple[str, str, int, int | None], ...] = (
    ("1", "1 天内", 0, 1),
    ("3", "2—3 天", 2, 3),
    ("7", "4—7 天", 4, 7),
    ("15", "8—15 天", 8, 15),
    ("30", "16—30 天", 16, 30),
    ("more", "30 天以上", 31, None),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What values are named with."""

    tree: OrgTree
    people: Mapping[int, Person]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension. `column` is read; `key` makes the value shown of it; `label` names that; `behind` is the
    condition on facts `f` of one value as an address gives it. `grain` is read instead of the figures' own.
    """

    name: str
    column: str
    label: Callable[[str, Words], str]
    behind: Callable[[str, Values, Standing], str]
    key: Callable[[Any, OrgTree], str] = lambda value, _: NONE if value in (None, "") else str(value)
    grain: str = ""
    ordered: bool = False  # in the order of its values, not of its figures


def _equals(column: str) -> Callable[[str, Values, Standing], str]:
    def behind(key: str, values: Values, _: Standing) -> str:
        return f"f.{column} = {values.arg('' if key == NONE else key)}"

    return behind


def _handler(key: str, values: Values, _: Standing) -> str:
    return "f.handler_id is null" if not key.isdigit() else f"f.handler_id = {values.arg(int(key))}"


def _handler_name(key: str, words: Words) -> str:
    if not key.isdigit():
        return "无人经办"
    person = words.people.get(int(key))
    return person.name if person else f"职工 {key}"


def _department(value: Any, tree: OrgTree) -> str:
    """The department of a ward; a campus stands for what no department has yet, a successor for what was merged."""
    if value is None:
        return NONE
    line = tree.line(tree.successor(value).id)
    return str(next((unit.id for unit in line if unit.kind == "department"), value))


def _place_name(key: str, words: Words) -> str:
    if key == NONE:
        return "未定院区科室"
    unit = words.tree.unit(int(key))
    name = words.tree.label(unit.id)
    return name if unit.kind in ("department", "ward") else f"{name}（未派科室）"


def _in_place(key: str, values: Values, standing: Standing) -> str:
    if not key.isdigit():
        return "f.place_id is null"
    return standing.among(_all_of(key, _department), values, "f.place_id", "f.month")


def _all_of(key: str, of: Callable[[Any, OrgTree], str]) -> Callable[[OrgTree], list[int]]:
    """The units that are counted under this key, by the very function that names it."""
    return lambda tree: [unit.id for unit in tree.units if of(unit.id, tree) == key]


def _site(value: Any, tree: OrgTree) -> str:
    site = tree.site(tree.successor(value).id) if value is not None else None
    return str(site.id) if site else NONE


def _site_name(key: str, words: Words) -> str:
    return "集团本部或未定" if key == NONE else words.tree.label(int(key))


def _on_site(key: str, values: Values, standing: Standing) -> str:
    found = standing.among(_all_of(key, _site), values, "f.place_id", "f.month")
    return found if key.isdigit() else f"(f.place_id is null or {found})"


def age_of(days: int) -> str:
    """The bucket of a number of days."""
    return next(name for name, _, _, high in AGES if high is None or days <= high)


def _age(value: Any, _: OrgTree) -> str:
    return age_of((clock.today() - value).days)


def _aged(key: str, values: Values, _: Standing) -> str:
    found = next((entry for entry in AGES if entry[0] == key), AGES[0])
    today = clock.today()
    text = f"f.day <= {values.arg(today - timedelta(days=found[2]))}" if found[2] else "true"
    return text if found[3] is None else f"{text} and f.day >= {values.arg(today - timedelta(days=found[3]))}"


def _month(key: str, values: Values, _: Standing) -> str:
    return f"f.month = {values.arg(date.fromisoformat(key))}"


def _plain(absent: str) -> Callable[[str, Words], str]:
    return lambda key, _: absent if key == NONE else key


DIMENSIONS: Mapping[str, Dimension] = {
    entry.name: entry
    for entry in (
        Dimension("month", "month", lambda key, _: f"{key[:4]}年{int(key[5:7])}月", _month, ordered=True),
        Dimension(
            "source",
            "source",
            lambda key, _: SOURCES[key].label if key in SOURCES else key,
            _equals("source"),
        ),
        Dimension("type", "appeal_type", _plain("未写明"), _equals("appeal_type")),
        Dimension("channel", "channel", _plain("未写明"), _equals("channel"), grain="topic"),
        Dimension(
            "category",
            "category",
            lambda key, _: "未分类" if key == NONE else key.rpartition("->")[2],
            lambda key, values, _: in_category(key, values),
            grain="topic",
        ),
        Dimension(
            "state",
            "state",
            lambda key, _: CASE_LABELS[CaseState(key)] if key in set(CaseState) else key,
            _equals("state"),
        ),
        Dimension(
            "kind",
            "kind",
            lambda key, _: clock_kinds.label(key) if key in clock_kinds.KINDS else key,
            _equals("kind"),
        ),
        Dimension("handler", "handler_id", _handler_name, _handler),
        Dimension("place", "place_id", _place_name, _in_place, _department),
        Dimension("unit", "place_id", _place_name, _in_place, _department),
        Dimension("site", "place_id", _site_name, _on_site, _site),
        Dimension(
            "age",
            "day",
            lambda key, _: next((label for name, label, *_rest in AGES if name == key), key),
            _aged,
            _age,
            ordered=True,
        ),
    )
}
