"""How likely two cases are the same matter: points of a hundred with readable reasons; decides nothing.

Who speaks (phone, identity number, visit, patient, name) gives up to 55 points, what is told (text, department,
day) up to 60, and without anything alike in what is told no proposal comes about; an order that names the other's number is nearly certain. The weights are our own judgement, held
by the table of pairs in tests/pure/test_likeness.py. Reads nothing: facts come in as values.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

FLOOR = 40
PERSON_MOST, MATTER_MOST, MOST = 55, 60, 100
NAMED = 80  # one order names the other's number
STRANGE_MOST = 35  # below FLOOR: the same person may raise many matters
_SAME_PHONE, _SAME_ID, _SAME_NUMBER = 38, 45, 40
_SAME_VISIT, _SAME_PATIENT, _LIKELY_PATIENT = 45, 35, 18
_SAME_NAME, _SAME_PATIENT_NAME = 12, 15
_TEXT_MOST, _TEXT_FROM, _TEXT_FULL = 48, 0.22, 0.75
_SAME_DEPARTMENT, _OTHER_DEPARTMENT = 6, -6
_SAME_DAY, _NEAR_DAY, _FAR_DAY = 8, 4, -10
_NEAR, _FAR = 3, 120  # days
_CAME_NEAR, _CAME_WITHIN = 3, 14
_LEAST_GRAMS = 12
ALIKE = "内容相似"

# What stands in nearly every order, whoever wrote it.
_USUAL = re.compile(
    r"来电人反映|来电人称|来电人|市民反映|市民来电|市民|群众反映|信访人反映|信访人|反映人称|反映人|投诉人|诉求人"
    r"|本人|医院核实|核实处理|尽快处理|给予答复|给予回复|请相关部门|有关部门|希望|要求|请医院|望医院|谢谢"
)
_RUN = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case; empty means not known.

    `phones` and `ids` are keyed hashes, `visits` and `patients` were confirmed by a person, `likely` patients only
    proposed; `departments` are ids of units; `named` are ids of cases whose number the text names; `grams` are
    those of `grams_of`.
    """

    case_id: int
    received_on: date
    occurred_on: date | None = None
    phones: frozenset[bytes] = frozenset()
    ids: frozenset[bytes] = frozenset()
    name: str = ""
    gender: str = ""
    patient_name: str = ""
    patient_number: str = ""
    visits: frozenset[int] = frozenset()
    patients: frozenset[int] = frozenset()
    likely: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    named: frozenset[int] = frozenset()
    grams: frozenset[str] = field(default=frozenset(), repr=False)


class Finding(NamedTuple):
    """One reason in Chinese and what it is worth."""

    worth: int
    reason: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """Another case, 0 to 100 points, and why, the weightiest first."""

    case_id: int
    points: int
    reasons: tuple[str, ...]


def grams_of(text: str) -> frozenset[str]:
    """The pairs of characters of a text without its usual phrases; words and numbers of ASCII whole."""
    found: set[str] = set()
    for run in _RUN.findall(_USUAL.sub(" ", unicodedata.normalize("NFKC", text).casefold())):
        if run[0] < "\u3400":
            if len(run) > 1:
                found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return frozenset(found)


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of what both say in what the shorter of them says, 0 to 1; a very short text says nothing."""
    shorter = min(len(one), len(other))
    return len(one & other) / shorter if shorter >= _LEAST_GRAMS else 0.0


def score(case: Facts, other: Facts) -> Likeness:
    """Weigh another case against this one."""
    person, matter = list(_person(case, other)), list(_matter(case, other))
    points = min(_gain(person), PERSON_MOST) + min(_gain(matter), MATTER_MOST)
    if named := _named(case, other):
        person.append(named)
        points += named.worth
    found = [*person, *matter]
    points += sum(min(finding.worth, 0) for finding in found)
    if not (named or case.visits & other.visits or case.departments & other.departments or _told(matter)):
        points = min(points, STRANGE_MOST)
    found.sort(key=lambda finding: -abs(finding.worth))
    return Likeness(other.case_id, max(0, min(points, MOST)), tuple(finding.reason for finding in found))


def rank(case: Facts, others: Iterable[Facts], limit: int = 5, floor: int = FLOOR) -> tuple[Likeness, ...]:
    """The likest of at least `floor` points; of equals the one that came last."""
    scored = [score(case, other) for other in others if other.case_id != case.case_id]
    kept = sorted((entry for entry in scored if entry.points >= floor), key=_order)
    return tuple(kept[:limit])


def _order(entry: Likeness) -> tuple[int, int]:
    return -entry.points, -entry.case_id


def _gain(findings: Sequence[Finding]) -> int:
    return sum(max(finding.worth, 0) for finding in findings)


def _told(matter: Sequence[Finding]) -> bool:
    """Whether the texts are alike at all."""
    return any(finding.reason.startswith(ALIKE) for finding in matter)


def _named(case: Facts, other: Facts) -> Finding | None:
    if other.case_id in case.named:
        return Finding(NAMED, "内容中提到该件的编号")
    if case.case_id in other.named:
        return Finding(NAMED, "该件内容中提到本件的编号")
    return None


def _person(case: Facts, other: Facts) -> Iterable[Finding]:
    """Who speaks, or of whom is spoken."""
    if case.phones & other.phones:
        yield Finding(_SAME_PHONE, "同一联系电话")
    if case.ids & other.ids:
        yield Finding(_SAME_ID, "同一证件号码")
    if case.visits & other.visits:
        yield Finding(_SAME_VISIT, "关联同一次就诊")
    elif case.patients & other.patients:
        yield Finding(_SAME_PATIENT, "关联同一患者")
    elif (case.likely | case.patients) & (other.likely | other.patients):
        yield Finding(_LIKELY_PATIENT, "可能是同一患者")
    if case.patient_number and case.patient_number == other.patient_number:
        yield Finding(_SAME_NUMBER, f"同一患者编号 {case.patient_number}")
    elif case.patient_name and case.patient_name == other.patient_name:
        yield Finding(_SAME_PATIENT_NAME, "患者同名")
    if len(case.name) > 1 and case.name == other.name and _may_be_one(case.gender, other.gender):
        yield Finding(_SAME_NAME, "同名")


def _may_be_one(gender: str, other: str) -> bool:
    """Whether one person may have given both; "unknown" says nothing."""
    return gender == other or not {gender, other} <= {"男", "女"}


def _matter(case: Facts, other: Facts) -> Iterable[Finding]:
    """What is told, where, and when."""
    share = alike(case.grams, other.grams)
    worth = round(_TEXT_MOST * min(1.0, (share - _TEXT_FROM) / (_TEXT_FULL - _TEXT_FROM)))
    if worth > 0:
        yield Finding(worth, f"{ALIKE} {round(share * 100)}%")
    if case.departments and other.departments:
        if case.departments & other.departments:
            yield Finding(_SAME_DEPARTMENT, "同一科室")
        else:
            yield Finding(_OTHER_DEPARTMENT, "科室不同")
    if case.occurred_on and other.occurred_on:
        yield from _happened(abs((case.occurred_on - other.occurred_on).days))
    else:
        yield from _came(abs((case.received_on - other.received_on).days))


def _happened(days: int) -> Iterable[Finding]:
    if days == 0:
        yield Finding(_SAME_DAY, "事发同一天")
    elif days <= _NEAR:
        yield Finding(_NEAR_DAY, f"事发相隔 {days} 天")
    elif days > _FAR:
        yield Finding(_FAR_DAY, f"事发相隔 {days} 天")


def _came(days: int) -> Iterable[Finding]:
    if days <= _CAME_WITHIN:
        yield Finding(
            _CAME_NEAR if days else _NEAR_DAY, "同一天收到" if days == 0 else f"收到时间相隔 {days} 天"
        )
    elif days > _FAR:
        yield Finding(_FAR_DAY, f"收到时间相隔 {days} 天")
