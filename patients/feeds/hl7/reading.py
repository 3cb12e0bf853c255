"""From a parsed HL7 v2 message to what it says in our own form, by a mapping; asks no database, writes nothing.

What cannot be taken as it is, is a `ReadFault` that names segment and field. What is merely useless (a phone number
that is none) is left out and remarked upon.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core import clock
from patients.feeds import common
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import values
from patients.feeds.hl7.message import CLEARED, Message
from patients.feeds.mapping import FeedMapping, Rule, plain
from patients.said import (
    AnySaid,
    AppointmentSaid,
    ContactSaid,
    DiagnosisSaid,
    Heard,
    Identifier,
    IdentifierKind,
    ItemSaid,
    MergeSaid,
    OrderSaid,
    PatientSaid,
    ReportSaid,
    SurgerySaid,
    VisitSaid,
    VisitVerb,
)
from staff.tree import OrgTree

VISITS: Mapping[str, VisitVerb] = {
    "A01": VisitVerb.OPEN,
    "A02": VisitVerb.TRANSFER,
    "A03": VisitVerb.CLOSE,
    "A04": VisitVerb.OPEN,
    "A05": VisitVerb.PLAN,
    "A08": VisitVerb.UPDATE,
    "A11": VisitVerb.CANCEL,
    "A12": VisitVerb.CANCEL_TRANSFER,
    "A13": VisitVerb.CANCEL_CLOSE,
}
PERSONS = frozenset({"A28", "A31"})
MERGES = frozenset({"A40"})
APPOINTMENTS: Mapping[str, str] = {
    "S12": "booked",
    "S13": "changed",
    "S14": "changed",
    "S15": "cancelled",
    "S17": "cancelled",
    "S26": "missed",
}
EVENTS: Mapping[str, frozenset[str]] = {
    "ADT": frozenset({*VISITS, *PERSONS, *MERGES}),
    "ORU": frozenset({"R01", "R03", "W01", ""}),
    "ORM": frozenset({"O01", ""}),
    "OMG": frozenset({"O19"}),
    "OML": frozenset({"O21"}),
    "RDE": frozenset({"O11", "O01"}),
    "SIU": frozenset(APPOINTMENTS),
}


@dataclass(slots=True)
class Reading:
    """What a message says, and what was left out of it."""

    heard: Heard
    remarks: list[str] = field(default_factory=list)


def kind_of(message: Message) -> tuple[str, str]:
    """("ADT", "A01")."""
    event = message.get("MSH-9.2") or message.get("EVN-1")
    return message.get("MSH-9.1"), event


def read(message: Message, mapping: FeedMapping, tree: OrgTree, *, domain: str = "") -> Reading:
    """What a message says.

    Args:
        message: parsed.
        mapping: of its link.
        tree: the organisation, in which departments are found by name.
        domain: put before every number of the sender; "" for the hospital's main system.

    Raises:
        ReadFault: it cannot be taken as it is.
    """
    return _Reader(message, mapping, tree, domain).read()


class _Reader:
    def __init__(self, message: Message, mapping: FeedMapping, tree: OrgTree, domain: str) -> None:
        self.message = message
        self.mapping = mapping
        self.tree = tree
        self.domain = domain
        self.remarks: list[str] = []

    def read(self) -> Reading:
        kind, event = kind_of(self.message)
        at, rank = self._written()
        said: list[AnySaid] = []
        merges: list[MergeSaid] = []
        patient = self._patient(weak=kind != "ADT")
        said.append(patient)
        if kind == "ADT" and event in MERGES:
            prior = self._key(self._text("merge", "prior"))
            if not prior:
                raise ReadFault(self._where("merge", "prior"), "缺少被合并的患者号")
            merges.append(MergeSaid(prior=prior, survivor=patient.number))
        elif kind == "ADT" and event in VISITS:
            said.extend(self._visit(VISITS[event], patient.number))
        elif kind == "ORU":
            said.extend(self._reports(patient.number))
        elif kind == "SIU":
            said.append(self._appointment(APPOINTMENTS[event], patient.number))
        elif kind in ("ORM", "OMG", "OML", "RDE"):
            said.extend(self._orders(patient.number))
        return Reading(Heard(at=at, rank=rank, said=tuple(said), merges=tuple(merges)), self.remarks)

    def _written(self) -> tuple[datetime, str]:
        """When the sender wrote it, and what decides between two of one instant: the sender's own counting."""
        for where in ("EVN-2", "MSH-7"):
            text = self.message.get(where)
            if text:
                return self._instant(where, text), common.counting(self.message.get("MSH-10"))
        raise ReadFault("MSH-7", "缺少消息时间")

    def _instant(self, where: str, text: str) -> datetime:
        try:
            return values.instant(text)
        except ValueError as error:
            raise ReadFault(where, str(error), text) from None

    def _key(self, text: str) -> str:
        return f"{self.domain}:{text}" if self.domain and text else text

    def _where(self, section: str, key: str) -> str:
        rule = self.mapping.rules[section].get(key)
        return rule.places[0].text if rule and rule.places else f"{section}.{key}"

    # --- one value ---------------------------------------------------------------------------------

    def _raw(self, rule: Rule, group: Message | None = None) -> tuple[str, str]:
        """What stands at the first place that holds anything, and that place."""
        for place in rule.places:
            text = (group or self.message).value(place)
            if text:
                return text, place.text
        return "", rule.places[0].text if rule.places else ""

    def _text(self, section: str, key: str, group: Message | None = None) -> str:
        rule = self.mapping.rules[section].get(key)
        if rule is None:
            return ""
        text = rule.fixed or self._raw(rule, group)[0]
        return "" if text == CLEARED else text.strip()

    def _coded(self, rule: Rule, text: str, where: str) -> str:
        if not rule.codes:
            return text
        table = self.mapping.codes[rule.codes]
        if text in table:
            return table[text]
        if "*" in table:
            return table["*"]
        raise ReadFault(where, f"不在代码表 {rule.codes} 中", text)

    def _value(self, key: str, rule: Rule, group: Message | None) -> tuple[bool, Any]:
        """Whether a field was said, and its value; None is "said to be empty"."""
        if rule.fixed is not None:
            return True, plain(rule.fixed, rule.kind)
        text, where = self._raw(rule, group)
        if not text:
            return False, None
        if text == CLEARED:
            return True, None
        text = self._coded(rule, text, where)
        if not text:
            return False, None
        if rule.kind is datetime:
            return True, self._instant(where, text)
        if rule.kind is date:
            return self._day(key, text, where)
        if key in ("phone", "id_number"):
            return self._number(key, text, where)
        try:
            return True, plain(text, rule.kind)
        except ValueError:
            raise ReadFault(where, "格式不对", text) from None

    def _day(self, key: str, text: str, where: str) -> tuple[bool, Any]:
        try:
            found = values.day(text)
        except ValueError as error:
            raise ReadFault(where, str(error), text) from None
        if key == "born_on" and found > clock.today():
            raise ReadFault(where, "出生日期在将来", text)
        return True, found

    def _number(self, key: str, text: str, where: str) -> tuple[bool, Any]:
        found = common.personal(key, text, where, self.remarks)
        return found is not None, found

    def _fields(
        self, section: str, group: Message | None = None, leave_out: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The fields of a section that were said; those said to be empty under "cleared"."""
        found: dict[str, Any] = {}
        cleared = []
        for key, rule in self.mapping.rules[section].items():
            if key in leave_out:
                continue
            was_said, value = self._value(key, rule, group)
            if was_said and value is None:
                cleared.append(key)
            elif was_said:
                found[key] = value
        if cleared:
            found["cleared"] = tuple(sorted(cleared))
        return found

    # --- subjects ----------------------------------------------------------------------------------

    def _patient(self, *, weak: bool) -> PatientSaid:
        number = self._key(self._text("patient", "number"))
        if self.message.first("PID") is None:
            raise ReadFault("PID", "缺少 PID 段")
        if not number:
            raise ReadFault(self._where("patient", "number"), "缺少患者号")
        fields = self._fields("patient", leave_out=frozenset({"number", "name", "allergy"}))
        name = common.chinese_name(self._text("patient", "name"))
        if name:
            fields["name"] = name
        identifiers = tuple(dict.fromkeys(self._identifiers()))
        if weak:
            fields["weak"] = True
        else:
            fields |= self._around_patient()
        return common.made(PatientSaid, {**fields, "number": number, "identifiers": identifiers}, "PID")

    def _around_patient(self) -> dict[str, Any]:
        """Allergies and contacts, when the message brings their segments; and Z-segments as they came."""
        found: dict[str, Any] = {}
        if allergies := self.message.all("AL1"):
            words = [self._text("patient", "allergy", self.message.single(one)) for one in allergies]
            found["allergies"] = tuple(dict.fromkeys(filter(None, words)))
        if self.message.all("NK1"):
            found["contacts"] = tuple(dict.fromkeys(self._contacts()))
        if extra := tuple(one.text[:2000] for one in self.message.segments if one.name.startswith("Z")):
            found["extra"] = extra
        return found

    def _contacts(self) -> Iterator[ContactSaid]:
        for segment in self.message.all("NK1"):
            fields = self._fields("contact", self.message.single(segment))
            fields.pop("cleared", None)
            if fields.get("phone"):
                name = common.chinese_name(str(fields.get("name", "")))
                yield ContactSaid(
                    relation=str(fields.get("relation", "其他")), phone=str(fields["phone"]), name=name
                )

    def _identifiers(self) -> Iterator[Identifier]:
        """PID-3, each repetition by its type; a type that the mapping does not name is kept as another number."""
        segment = self.message.first("PID")
        if segment is None:
            return
        for raw in segment.repetitions(3):
            value, kind = segment.part(raw, 1), segment.part(raw, 5)
            if value and value != CLEARED:
                known = self.mapping.identifiers.get(kind, IdentifierKind.OTHER)
                shared = known in (IdentifierKind.ID, IdentifierKind.INSURANCE, IdentifierKind.HEALTH_CARD)
                yield Identifier(kind=known, value=value[:100], domain="" if shared else self.domain)

    def _visit(self, verb: VisitVerb, patient: str) -> Iterator[VisitSaid]:
        number = self._key(self._text("visit", "number"))
        if not number:
            if verb is VisitVerb.UPDATE:
                return  # A08 of a person
            raise ReadFault(self._where("visit", "number"), "缺少就诊号")
        places = frozenset({"number", "unit_name", "ward_name", "campus_name"})
        fields = self._fields("visit", leave_out=places) | self._place("visit")
        fields |= {
            "number": number,
            "patient": patient,
            "verb": verb,
            "diagnoses": tuple(self._diagnoses()),
            "surgeries": tuple(self._surgeries()),
        }
        if extra := tuple(one.text[:2000] for one in self.message.segments if one.name.startswith("Z")):
            fields["extra"] = extra
        yield common.made(VisitSaid, fields, "PV1")

    def _place(self, section: str) -> dict[str, Any]:
        """Department and ward by their names or codes."""
        campus = self._name_of(section, "campus_name")[0]
        name, where = self._name_of(section, "unit_name")
        ward_name, ward_where = self._name_of(section, "ward_name")
        unit = common.department(self.tree, name, campus, where) if name else None
        ward = common.department(self.tree, ward_name, campus, ward_where) if ward_name else None
        return common.placed(unit, ward)

    def _name_of(self, section: str, key: str) -> tuple[str, str]:
        rule = self.mapping.rules[section].get(key)
        if rule is None:
            return "", ""
        text, where = self._raw(rule)
        if text in ("", CLEARED):
            return "", where
        return self.mapping.codes.get(rule.codes, {}).get(text, text), where

    def _diagnoses(self) -> Iterator[DiagnosisSaid]:
        for segment in self.message.all("DG1"):
            fields = self._fields("diagnosis", self.message.single(segment))
            fields.pop("cleared", None)
            if fields.get("name"):
                yield common.made(DiagnosisSaid, {"kind": "working", **fields}, "DG1")

    def _surgeries(self) -> Iterator[SurgerySaid]:
        for segment in self.message.all("PR1"):
            fields = self._fields("surgery", self.message.single(segment))
            fields.pop("cleared", None)
            if fields.get("name"):
                yield common.made(SurgerySaid, fields, "PR1")

    def _orders(self, patient: str) -> Iterator[OrderSaid]:
        groups = list(self.message.groups("ORC")) or list(self.message.groups("OBR"))
        if not groups:
            raise ReadFault("ORC", "缺少医嘱（ORC 或 OBR 段）")
        for group in groups:
            number = self._key(self._text("order", "number", group))
            if not number:
                raise ReadFault(self._where("order", "number"), "缺少医嘱号")
            fields = self._fields("order", group, frozenset({"number", "control"}))
            fields |= {"number": number, "patient": patient, "visit": self._visit_number()}
            yield common.made(OrderSaid, fields, "ORC")

    def _visit_number(self) -> str:
        return self._key(self._text("visit", "number"))

    def _reports(self, patient: str) -> Iterator[ReportSaid]:
        groups = list(self.message.groups("OBR", leading=("ORC",)))
        if not groups:
            raise ReadFault("OBR", "缺少报告（OBR 段）")
        for group in groups:
            number = self._key(self._text("report", "number", group))
            if not number:
                raise ReadFault(self._where("report", "number"), "缺少报告号")
            fields = self._fields("report", group, frozenset({"number"}))
            fields |= {
                "number": number,
                "patient": patient,
                "visit": self._visit_number(),
                "items": tuple(self._items(group)),
            }
            yield common.made(ReportSaid, fields, "OBR")

    def _items(self, group: Message) -> Iterator[ItemSaid]:
        for segment in group.all("OBX"):
            one = group.single(segment)
            if one.get("OBX-3.1") in self.mapping.leave_out:
                continue
            fields = self._fields("item", one)
            fields.pop("cleared", None)
            if fields.get("name"):
                key = "|".join(filter(None, (one.get("OBX-3.1") or str(fields["name"]), one.get("OBX-4"))))
                value = str(fields.get("value", ""))
                yield common.made(ItemSaid, {**fields, "key": key, "amount": values.amount(value)}, "OBX")

    def _appointment(self, state: str, patient: str) -> AppointmentSaid:
        number = self._key(self._text("appointment", "number"))
        if not number:
            raise ReadFault(self._where("appointment", "number"), "缺少预约号")
        places = frozenset({"number", "unit_name", "ward_name", "campus_name"})
        fields = self._fields("appointment", leave_out=places) | self._place("appointment")
        fields.pop("ward_id", None)
        return common.made(
            AppointmentSaid, {**fields, "number": number, "patient": patient, "state": state}, "SCH"
        )
