"""A hospital's day as HL7 messages, in their order and with the times of the day; by chance, the same for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

FAMILY, GIVEN = "测试样例示范模拟", "甲乙丙丁戊己庚辛"
WARDS = (  # department, ward; by name, as the sample hospital has them
    ("心血管内科", "东院区"),
    ("骨科", "东院区"),
    ("口腔科", "东院区"),
    ("心血管内科", "本部"),
    ("骨科", "本部"),
)
ILLS = (
    ("I10.x00", "原发性高血压"),
    ("I25.101", "冠心病"),
    ("J18.900", "肺炎"),
    ("M51.202", "腰椎间盘突出"),
    ("K80.200", "胆囊结石"),
)
TESTS = (  # code, name, unit, range, low, high, critical below, critical above
    ("K", "血钾", "mmol/L", "3.5-5.3", 3.5, 5.3, 2.8, 6.2),
    ("GLU", "血糖", "mmol/L", "3.9-6.1", 3.9, 6.1, 2.5, 22.0),
    ("HGB", "血红蛋白", "g/L", "115-150", 115, 150, 60, 200),
)
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message and when of the day it is sent."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Person:
    number: str
    name: str
    born: date
    male: bool
    id_number: str
    phone: str


class Day:
    """The messages of one day."""

    def __init__(self, day: date, people: int, *, seed: int = 1, application: str = "SANDBOX-HIS") -> None:
        self.day = day
        self.people = people
        self.application = application
        self._chance = random.Random(f"{seed} {day}")
        self._spoken: list[tuple[datetime, str, list[str]]] = []

    def messages(self) -> list[Spoken]:
        """All of them, in their order, numbered as they are sent."""
        for at in range(self.people):
            self._live(self._person(at), at)
        self._spoken.sort(key=lambda one: one[0])
        return [
            Spoken(when, kind, self._whole(number, when, kind, segments))
            for number, (when, kind, segments) in enumerate(self._spoken, start=1)
        ]

    def _whole(self, number: int, when: datetime, kind: str, segments: list[str]) -> str:
        stamp = f"{when:%Y%m%d%H%M%S}"
        control = f"S{self.day:%y%m%d}{number:06d}"
        head = f"MSH|^~\\&|{self.application}|HOSP|HUIYIN|HOSP|{stamp}||{kind}|{control}|P|2.4|||AL|NE||UNICODE UTF-8"
        return "\r".join([head, f"EVN|{kind.split('^')[1]}|{stamp}", *segments]) + "\r"

    def _say(self, when: datetime, kind: str, *segments: str) -> None:
        self._spoken.append((when, kind, list(segments)))

    def _clock(self, low: int, high: int) -> datetime:
        start = datetime(self.day.year, self.day.month, self.day.day)  # noqa: DTZ001 - the wall clock of a HIS
        return start + timedelta(seconds=self._chance.randrange(low * 3600, high * 3600))

    def _person(self, at: int) -> _Person:
        chance = self._chance
        born = date(1940, 1, 1) + timedelta(days=chance.randrange(25_000))
        male = chance.random() < 0.5
        digits = f"990000{born:%Y%m%d}{chance.randrange(0, 500) * 2 + male:03d}"
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
        name = chance.choice(FAMILY) + "".join(chance.choice(GIVEN) for _ in range(2))
        return _Person(
            f"H{self.day:%y%m%d}{at:05d}",
            name,
            born,
            male,
            digits + _CHECKS[total % 11],
            f"199{chance.randrange(100_000):08d}",
        )

    def _pid(self, one: _Person) -> str:
        return (
            f"PID|1||{one.number}^^^HOSP^MR~{one.id_number}^^^MPS^NI||{one.name}||{one.born:%Y%m%d}"
            f"|{'M' if one.male else 'F'}|||示范市示例区样例路{self._chance.randrange(1, 99)}号||{one.phone}|||M"
        )

    def _live(self, one: _Person, at: int) -> None:
        """Seven of ten are out-patients, one comes by night, two stay."""
        pid = self._pid(one)
        department, campus = self._chance.choice(WARDS)
        if at % 10 < 7:
            self._out_patient(pid, f"MZ{one.number[1:]}", department, campus)
        elif at % 10 == 7:
            self._emergency(pid, f"JZ{one.number[1:]}", department, campus)
        else:
            self._stay(pid, f"ZY{one.number[1:]}", department, campus)

    def _visit(
        self, kind: str, number: str, department: str, campus: str, bed: str = "", how: str = "",
        start: datetime | None = None, end: datetime | None = None,
    ) -> str:  # fmt: skip
        fields = [""] * 46
        fields[0:4] = ["PV1", "1", kind, f"{department}^^{bed}^{campus}"]
        fields[7], fields[10], fields[19], fields[36] = "1001^测试医生", department, number, how
        fields[44] = f"{start:%Y%m%d%H%M%S}" if start else ""
        fields[45] = f"{end:%Y%m%d%H%M%S}" if end else ""
        return "|".join(fields).rstrip("|")

    def _out_patient(self, pid: str, number: str, department: str, campus: str) -> None:
        came = self._clock(7, 16)
        visit = self._visit("O", number, department, campus, start=came)
        code, name = self._chance.choice(ILLS)
        self._say(came, "ADT^A04", pid, visit)
        self._say(came + timedelta(minutes=40), "ADT^A08", pid, visit, f"DG1|1||{code}^{name}^ICD-10|||W")
        if self._chance.random() < 0.6:
            self._result(came + timedelta(minutes=90), pid, visit, number)
        if self._chance.random() < 0.5:
            self._prescribe(came + timedelta(minutes=45), pid, visit, number)
        if self._chance.random() < 0.05:
            self._say(came + timedelta(minutes=10), "ADT^A11", pid, visit)

    def _emergency(self, pid: str, number: str, department: str, campus: str) -> None:
        came = self._clock(0, 20)
        gone = came + timedelta(hours=3)
        self._say(came, "ADT^A04", pid, self._visit("E", number, department, campus, start=came))
        self._result(came + timedelta(minutes=50), pid, self._visit("E", number, department, campus), number)
        left = self._visit("E", number, department, campus, how="1", start=came, end=gone)
        self._say(gone, "ADT^A03", pid, left)

    def _stay(self, pid: str, number: str, department: str, campus: str) -> None:
        came = self._clock(8, 11)
        bed = f"{self._chance.randrange(1, 60):02d}"
        visit = self._visit("I", number, department, campus, bed, start=came)
        code, name = self._chance.choice(ILLS)
        self._say(
            came, "ADT^A01", pid, visit, f"DG1|1||{code}^{name}^ICD-10|||A", "NK1|1|测试家属|SPO||19900099001"
        )
        self._result(came + timedelta(hours=2), pid, visit, number)
        self._prescribe(came + timedelta(hours=1), pid, visit, number)
        if self._chance.random() < 0.3:
            self._say(
                came + timedelta(hours=4), "ADT^A02", pid, self._visit("I", number, "骨科", campus, bed)
            )
            if self._chance.random() < 0.5:
                self._say(came + timedelta(hours=5), "ADT^A12", pid, visit)
        if self._chance.random() < 0.5:
            gone = came + timedelta(hours=8)
            left = self._visit("I", number, department, campus, bed, "1", came, gone)
            self._say(gone, "ADT^A03", pid, left, f"DG1|1||{code}^{name}^ICD-10|||F")
            if self._chance.random() < 0.2:
                self._say(gone + timedelta(minutes=30), "ADT^A13", pid, visit)

    def _result(self, when: datetime, pid: str, visit: str, number: str) -> None:
        stamp = f"{when:%Y%m%d%H%M%S}"
        lines = [f"OBR|1|SQ{number}|JY{number}|LAB1^血液检验|||{stamp}|||||||||||||||{stamp}||LAB|F"]
        for at, (code, name, unit, span, low, high, danger, peak) in enumerate(TESTS, start=1):
            value = round(self._chance.triangular(danger * 0.95, peak * 1.02, (low + high) / 2), 1)
            flag = (
                "LL"
                if value < danger
                else "HH"
                if value > peak
                else "L"
                if value < low
                else "H"
                if value > high
                else ""
            )
            lines.append(f"OBX|{at}|NM|{code}^{name}||{value}|{unit}|{span}|{flag}|||F|||{stamp}")
        self._say(when, "ORU^R01", pid, visit, *lines)

    def _prescribe(self, when: datetime, pid: str, visit: str, number: str) -> None:
        stamp = f"{when:%Y%m%d%H%M%S}"
        self._say(
            when, "ORM^O01", pid, visit, f"ORC|NW|YZ{number}||CF{number}|||BID||{stamp}|||1001^测试医生",
            "RXO|D01^示例片|5|||||||||20^片",
        )  # fmt: skip

    def __iter__(self) -> Iterator[Spoken]:
        return iter(self.messages())
