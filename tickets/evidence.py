"""The single findings for and against a visit being the one an order is about, each with its worth and reason.

Facts come in as values; `tickets.matching` adds the findings up. Worths are points of a hundred; a negative one
speaks against. Never proposes by itself.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from patients.rows import KIND_LABELS, VisitKind
from tickets.clues import Clues
from tickets.department_names import speciality

_TITLED = re.compile(r"(.{1,2}?)(?:先生|女士|小姐|某某?|同志|阿姨|大爷|大妈|老人)")
_MASKED = re.compile(r"(.{1,2}?)[*＊某xX×]+(.?)")
_COMPOUND = re.compile("欧阳|司马|上官|诸葛|东方|皇甫|公孙|慕容|司徒|令狐|夏侯|端木")
# places patients of every department pass through: naming one does not speak against another department
_SHARED = frozenset(
    [
        "收费处",
        "药剂科",
        "放射科",
        "超声科",
        "检验科",
        "内镜中心",
        "输血科",
        "手术室",
        "麻醉科",
        "病理科",
        "核医学科",
    ]
)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the order says; empty means not said.

    `names` are the patients' names it states, `caller` the caller's (张女士 and 张* are understood), `phones` are
    normalised, `id_hashes` are keyed hashes as stored with patients, `received_on` is the day it came.
    """

    text: str
    received_on: date
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    caller: str = ""
    id_hashes: tuple[bytes, ...] = ()
    patient_number: str = ""
    occurred_on: date | None = None
    departments: tuple[str, ...] = ()
    campus: str = ""


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One visit that may be meant; `end_on` is empty while an inpatient is in, or when it is the same day."""

    visit_id: int
    patient_id: int
    name: str
    kind: VisitKind
    department: str
    start_on: date
    end_on: date | None = None
    phones: tuple[str, ...] = ()
    id_hash: bytes | None = None
    patient_number: str = ""
    visit_number: str = ""
    department_aliases: tuple[str, ...] = ()
    campus: str = ""
    doctor: str = ""
    diagnosis: str = ""

    @property
    def departments(self) -> tuple[str, ...]:
        """All names of the department."""
        return (self.department, *self.department_aliases)


class Finding(NamedTuple):
    """One reason in Chinese and what it is worth."""

    worth: int
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Findings of one kind; `sure` when they carry a proposal alone, `likely` when only with the other kind."""

    findings: list[Finding] = field(default_factory=list)
    sure: bool = False
    likely: bool = False


def about_person(order: OrderFacts, visit: VisitFacts, clues: Clues) -> Evidence:
    """Is the patient of this visit the one the order speaks of?"""
    strong = [*_numbers(order, visit, clues), *_phones(order, visit, clues)]
    name = _full_name(order, visit, clues)
    weak = [] if name else _family_name(order, visit, clues)
    against = _other_person(order, visit, clues)
    return Evidence([*strong, *name, *weak, *against], sure=bool(strong or name), likely=bool(weak))


def about_matter(order: OrderFacts, visit: VisitFacts, clues: Clues) -> Evidence:
    """Do day, department, doctor, sort of visit, campus and diagnosis agree?"""
    day = _day(order, visit, clues)
    place = [*_department(order, visit, clues), *_doctor(order, visit)]
    rest = [*_kind(visit, clues), *_campus(order, visit), *_diagnosis(order, visit)]
    sure = any(found.worth >= 14 for found in day) and any(found.worth > 0 for found in place)
    return Evidence([*day, *place, *rest], sure=sure)


def days_of(order: OrderFacts, clues: Clues) -> tuple[date, ...]:
    """The days the order speaks of; the stated day of the event alone when there is one."""
    return (order.occurred_on,) if order.occurred_on else clues.dates


def distance(visit: VisitFacts, day: date, received_on: date) -> int:
    """Days between `day` and the visit; 0 within it."""
    stays = visit.kind is VisitKind.INPATIENT and visit.end_on is None
    end = max(visit.start_on, received_on) if stays else visit.end_on or visit.start_on
    return max((visit.start_on - day).days, (day - end).days, 0)


def _numbers(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    found = []
    if visit.id_hash and visit.id_hash in order.id_hashes:
        found.append(Finding(50, "身份证号与患者一致"))
    told = {number.upper() for number in (order.patient_number, *clues.numbers) if number}
    if visit.patient_number.upper() in told:
        found.append(Finding(50, "患者编号一致"))
    if visit.visit_number.upper() in told:
        found.append(Finding(55, "就诊号一致"))
    return found


def _phones(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    if set(order.phones) & set(visit.phones):
        return [Finding(30, "来电号码与患者手机一致")]
    if set(clues.phones) & set(visit.phones):
        return [Finding(28, "诉求所留号码与患者手机一致")]
    return []


def _full_name(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    if len(visit.name) < 2:
        return []
    if visit.name in order.names:
        return [Finding(30, "患者姓名一致")]
    if visit.name in clues.patients:
        return [Finding(28, "诉求所述患者姓名一致")]
    if visit.name == order.caller or visit.name in clues.selves:
        return [] if clues.relative else [Finding(22, "来电人姓名与患者一致")]
    if visit.name in order.text:
        return [Finding(20 if len(visit.name) > 2 else 14, "诉求提到患者姓名")]
    return []


def _family_name(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    for told in (*order.names, order.caller):
        if told and _may_be(told, visit.name):
            return [Finding(8, f"姓氏与“{told}”相符")]
    own = visit.name[: 2 if _COMPOUND.match(visit.name) else 1]
    return [Finding(8, f"姓氏与诉求所述“{own}”相符")] if own and own in clues.surnames else []


def _may_be(told: str, name: str) -> bool:
    """Whether 张女士, 张某 or 张*三 may stand for the name."""
    if titled := _TITLED.fullmatch(told):
        return name.startswith(titled[1])
    masked = _MASKED.fullmatch(told)
    return masked is not None and name.startswith(masked[1]) and name.endswith(masked[2])


def _other_person(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    stated = [name for name in order.names if len(name) > 1 and not _hidden(name)]
    if stated and visit.name not in stated:
        return [Finding(-25, "诉求所述患者姓名不同")]
    if stated or visit.name in clues.patients:
        return []
    if clues.relative and (visit.name == order.caller or visit.name in clues.selves):
        return [Finding(-15, f"患者为来电人本人，而诉求说的是{clues.relative}")]
    if clues.patients and visit.name not in order.text:
        return [Finding(-10, "诉求提到的患者姓名不同")]
    return []


def _hidden(name: str) -> bool:
    return bool(_TITLED.fullmatch(name) or _MASKED.fullmatch(name))


def _day(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    days = days_of(order, clues)
    if not days:
        return _recency(order, visit)
    away, day = min((distance(visit, day, order.received_on), day) for day in days)
    said = f"事发日期 {day:%m-%d} "
    if away == 0:
        return [Finding(20, said + ("在住院期间" if visit.kind is VisitKind.INPATIENT else "当天就诊"))]
    if visit.start_on > order.received_on:
        return [Finding(-15, "收单时尚未就诊")]
    for most, worth in ((1, 14), (3, 10), (14, 5)):
        if away <= most:
            return [Finding(worth, said + f"前后 {most} 天内就诊")]
    return [Finding(-8, f"就诊与事发日期 {day:%m-%d} 相隔 {away} 天")] if away > 45 else []


def _recency(order: OrderFacts, visit: VisitFacts) -> list[Finding]:
    """Without a day in the order, a recent visit is likelier than an old one."""
    if visit.start_on > order.received_on:
        return [Finding(-15, "收单时尚未就诊")]
    since = distance(visit, order.received_on, order.received_on)
    for most, worth in ((3, 8), (7, 6), (30, 4), (90, 2)):
        if since <= most:
            return [Finding(worth, f"收单前 {most} 天内就诊")]
    return []


def _department(order: OrderFacts, visit: VisitFacts, clues: Clues) -> list[Finding]:
    told = dict(clues.specialities) | {speciality(name): name for name in order.departments if name}
    here = {speciality(name) for name in visit.departments if name}
    for name, words in told.items():
        if name in here:
            return [Finding(15, f"诉求提到“{words}”，与就诊科室一致")]
    others = [words for name, words in told.items() if name not in _SHARED]
    return [Finding(-6, f"诉求提到“{others[0]}”，与就诊科室不同")] if others else []


def _doctor(order: OrderFacts, visit: VisitFacts) -> list[Finding]:
    if len(visit.doctor) < 2:
        return []
    if visit.doctor in order.text:
        return [Finding(12, f"诉求提到医生“{visit.doctor}”")]
    family = visit.doctor[: 2 if _COMPOUND.match(visit.doctor) else 1]
    titled = re.search(rf"{re.escape(family)}(?:姓)?(?:医生|医师|大夫|主任|教授)", order.text)
    return [Finding(8, f"诉求提到“{titled[0]}”，与接诊医生同姓")] if titled else []


def _kind(visit: VisitFacts, clues: Clues) -> list[Finding]:
    if visit.kind in clues.kinds:
        return [Finding(6, f"诉求提到{KIND_LABELS[visit.kind]}")]
    return [Finding(-4, f"诉求未提到{KIND_LABELS[visit.kind]}")] if clues.kinds else []


def _campus(order: OrderFacts, visit: VisitFacts) -> list[Finding]:
    if not visit.campus:
        return []
    if visit.campus in order.text or (order.campus and _alike(order.campus, visit.campus)):
        return [Finding(3, "院区一致")]
    return [Finding(-3, "院区不同")] if order.campus else []


def _alike(one: str, other: str) -> bool:
    return one in other or other in one


def _diagnosis(order: OrderFacts, visit: VisitFacts) -> list[Finding]:
    for term in re.split(r"[\s、，,;；()（）]+", visit.diagnosis):
        if len(term) > 1 and term in order.text:
            return [Finding(5, f"诉求提到“{term}”，与诊断一致")]
    return []
