"""Invents the patients and visits of the sample hospital, by chance but always the same; values only, no database."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sample import names
from sample.cast import PATIENTS
from sample.units import DEPTS, Dept

SEED = 12345
HOW_MANY, VISITS = 5_000, 20_000
SPREAD = 540  # days back
STREETS = ("示范路", "测试街", "样例巷", "试点大道", "模拟路")


@dataclass(frozen=True, slots=True)
class InventedPatient:
    """A patient; `openid` "" for those without WeChat."""

    id: int
    number: str
    name: str
    gender: str
    born: date
    phone: str
    id_number: str
    address: str
    openid: str
    following: bool
    deceased: bool


@dataclass(frozen=True, slots=True)
class InventedVisit:
    """A visit; `ward` is the place of the ward in its department's list, None outside of wards."""

    patient_id: int
    kind: str
    number: str
    dept: Dept
    ward: int | None
    bed: str
    start: date
    end: date | None
    doctor: str
    nurse: str
    diagnosis: str


def patients(today: date) -> list[InventedPatient]:
    """The patients by id from 1; the cast of the sandbox comes first."""
    chance = random.Random(SEED)
    found = []
    for at in range(HOW_MANY):
        known = PATIENTS[at] if at < len(PATIENTS) else None
        male = known.gender == "男" if known else chance.random() < 0.48
        youngest, oldest = (26 * 365, 39 * 365) if known else (30, 92 * 365)
        born = today - timedelta(days=int(chance.triangular(youngest, oldest, (youngest + oldest) * 0.6)))
        found.append(
            InventedPatient(
                id=at + 1,
                number=f"P{at + 1:07d}",
                name=known.name if known else names.patient_name(chance),
                gender="男" if male else "女",
                born=born,
                phone=known.phone if known else names.phone(chance.randrange(100_000)),
                id_number=names.id_number(born, at % 500, male=male),
                address=f"示范市{chance.choice('东西南北')}示区{chance.choice(STREETS)}{chance.randrange(1, 400)}号",
                openid=known.openid if known else "",
                following=known.following if known else False,
                deceased=known is None and chance.random() < 0.004,
            )
        )
    return found


def visits(
    people: list[InventedPatient], today: date, doctors: dict[str, tuple[str, ...]]
) -> Iterator[InventedVisit]:
    """The visits of these patients; `doctors` are names by department key, the ward's nurse last."""
    chance = random.Random(SEED + 1)
    by_key = {dept.key: dept for dept in DEPTS}
    for at, one in enumerate(PATIENTS):
        start = today - timedelta(days=one.days_ago)
        yield _visit(chance, at + 1, one.kind, at, by_key[one.unit], start, today, doctors, one.diagnosis)
    open_to = {sort: _depts(*sort) for sort in ((False, False), (False, True), (True, False), (True, True))}
    homes: dict[int, Dept] = {}
    for order in range(len(PATIENTS), VISITS):
        patient = order - len(PATIENTS) + 1 if order < HOW_MANY else chance.randrange(HOW_MANY) + 1
        dept = homes.get(patient)
        if dept is None or chance.random() < 0.4:  # most people come back to where they were
            who = people[patient - 1]
            sort = (who.gender == "女", (today - who.born).days < 14 * 365)
            dept = homes[patient] = chance.choices(*open_to[sort])[0]
        start = today - timedelta(days=int(SPREAD * chance.random() ** 1.6))
        yield _visit(chance, patient, _kind(chance, dept), order, dept, start, today, doctors)


_BUSY = ("xinnei", "guke", "erke", "jizhen", "xiaohua", "fuke", "quanke", "neifenmi", "huxi")
_WOMEN = ("fuke", "chanke", "shengzhi")
_CHILDREN = ("erke", "xinsheng")
_BOTH = ("jizhen", "yan", "erbihou", "pifu", "yufang", "kouqiang")
_LETTERS = {"outpatient": "MZ", "emergency": "JZ", "inpatient": "ZY", "exam": "TJ"}


def _depts(female: bool, child: bool) -> tuple[list[Dept], list[int]]:
    """The departments that see such people, and how much each is chosen."""
    found = []
    for dept in DEPTS:
        if not dept.clinical or (dept.code in _WOMEN and not (female and not child)):
            continue
        if dept.code not in _BOTH and (dept.code in _CHILDREN) != child:
            continue
        found.append(dept)
    return found, [12 if dept.code in _BUSY else 5 for dept in found]


def _kind(chance: random.Random, dept: Dept) -> str:
    if dept.code == "tijian":
        return "exam"
    if dept.code == "jizhen":
        return "emergency"
    return "inpatient" if dept.wards and chance.random() < 0.3 else "outpatient"


def _visit(
    chance: random.Random,
    patient: int,
    kind: str,
    order: int,
    dept: Dept,
    start: date,
    today: date,
    doctors: dict[str, tuple[str, ...]],
    diagnosis: str = "",
) -> InventedVisit:
    inside = kind == "inpatient"
    ward = chance.randrange(len(dept.wards)) if inside and dept.wards else None
    left = start + timedelta(days=chance.randrange(2, 15)) if inside else start
    *physicians, nurse = doctors[dept.key]
    return InventedVisit(
        patient_id=patient,
        kind=kind,
        number=f"{_LETTERS[kind]}{start:%y%m%d}{order:06d}",
        dept=dept,
        ward=ward,
        bed=f"{chance.randrange(1, 46):02d}床" if inside else "",
        start=start,
        end=left if left <= today else None,
        doctor=chance.choice(physicians),
        nurse=nurse if inside else "",
        diagnosis=diagnosis or chance.choice(dept.diagnoses),
    )
