"""From a parsed HL7 v2 message to what it says in our own form, by a mapping; asks no database, writes nothing.

What cannot be taken as it is, is a `ReadFault` that names segment and field. What is merely useless (a phone number
that is none) is left out and remarked upon.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.identity import parse_id
from patients.feeds import common
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import results, values
from patients.feeds.hl7.events import APPOINTMENTS, MERGES, ORDERS, VISITS, kind_of
from patients.feeds.hl7.message import CLEARED, Message
from patients.feeds.mapping import FeedMapping, Rule, plain
from patients.feeds.wanted import Wanted
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

SHARED = (
    IdentifierKind.ID,
    IdentifierKind.INSURANCE,
    IdentifierKind.HEALTH_CARD,
)  # of the person, not of a system
JOINED = frozenset(
    {"seen", "conclusion", "pictures", "note"}
)  # of several segments and repetitions each is a line
MEASURES: Mapping[str, str] = {"dose": "dose_unit", "quantity": "quantity_unit"}  # a number, and of what


@dataclass(slots=True)
class Reading:
    """What a message says, and what was left out of it."""

    heard: Heard
    remarks: list[str] = field(default_factory=list)
    written_in: str = ""  # where its sender says when it was written; "" where it says so nowhere
    wanted: Mapping[str, Wanted] = field(default_factory=dict)  # by what stands for them in `heard`


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
    at, rank, written_in = _written(message)
    said: dict[AnySaid, None] = {}
    merges: list[MergeSaid] = []
    remarks: dict[str, None] = {}
    for one in _persons(message):
        reader = _Reader(one, mapping, tree, domain)
        reader.check()
        said |= dict.fromkeys(reader.said())
        merges += reader.merges()
        remarks |= dict.fromkeys(reader.remarks)
    remarks |= dict.fromkeys(common.doubts(said))
    return Reading(Heard(at=at, rank=rank, said=tuple(said), merges=tuple(merges)), list(remarks), written_in)


def check(message: Message, mapping: FeedMapping) -> None:
    """Whether a message has what none of its kind can do without, so that its sender can be told at the door.

    Raises:
        ReadFault: a segment or a number is missing.
    """
    _written(message)
    for one in _persons(message):
        _Reader(one, mapping, OrgTree(()), "").check()


def _persons(message: Message) -> list[Message]:
    """The message, or of one that speaks of several people the part of each with what stands before the first."""
    kind, event = kind_of(message)
    if len(message.all("PID")) < 2:
        return [message]
    if kind != "ORU" and event not in MERGES:
        raise ReadFault("PID", "一条消息里有多位患者（多个 PID 段），请对方按患者分别发送")
    return list(message.groups("PID"))


def _written(message: Message) -> tuple[datetime, str, str]:
    """When the sender wrote it, what decides between two of one instant (the sender's own counting), where it says so."""
    for where in ("EVN-2", "MSH-7"):
        text = message.get(where)
        if text:
            return _instant(where, text), common.counting(message.get("MSH-10")), where
    raise ReadFault("MSH-7", "缺少消息时间")


def _instant(where: str, text: str) -> datetime:
    try:
        return values.instant(text)
    except ValueError as error:
        raise ReadFault(where, str(error), text) from None


class _Reader:
    def __init__(self, message: Message, mapping: FeedMapping, tree: OrgTree, domain: str) -> None:
        self.message = message
        self.mapping = mapping
        self.tree = tree
        self.domain = domain
        self.remarks: list[str] = []
        self.kind, self.event = kind_of(message)

    def check(self) -> None:
        """What no message of this kind can do without."""
        if self.message.first("PID") is None:
            raise ReadFault("PID", "缺少 PID 段")
        if not self._own_number("patient", "number"):
            raise ReadFault(self._where("patient", "number"), "缺少患者号")
        if self.kind == "ADT" and self.event in MERGES and not self._own_number("merge", "prior"):
            raise ReadFault(self._where("merge", "prior"), "缺少被合并的患者号")
        verb = VISITS.get(self.event) if self.kind == "ADT" else None
        if verb not in (None, VisitVerb.UPDATE) and not self._text("visit", "number"):
            raise ReadFault(self._where("visit", "number"), "缺少就诊号")  # an A08 may be of the person alone
        if self.kind == "ORU" and not self.message.all("OBR"):
            raise ReadFault("OBR", "缺少报告（OBR 段）")
        if self.kind in ORDERS and not (self.message.all("ORC") or self.message.all("OBR")):
            raise ReadFault("ORC", "缺少医嘱（ORC 或 OBR 段）")

    def said(self) -> Iterator[AnySaid]:
        patient = self._patient(weak=self.kind != "ADT")
        yield patient
        if self.kind == "ADT" and self.event in VISITS:
            yield from self._visit(VISITS[self.event], patient.number)
        elif self.kind == "ORU":
            yield from self._reports(patient.number)
        elif self.kind == "SIU":
            yield self._appointment(APPOINTMENTS[self.event], patient.number)
        elif self.kind in ORDERS:
            yield from self._orders(patient.number)

    def merges(self) -> list[MergeSaid]:
        if self.kind != "ADT" or self.event not in MERGES:
            return []
        return [
            MergeSaid(
                prior=self._own_number("merge", "prior"), survivor=self._own_number("patient", "number")
            )
        ]

    def _own_number(self, section: str, key: str) -> str:
        """The number by which the sender knows a patient (PID-3, MRG-1); "" for none.

        What is the person's and not the sender's (an ID card, an insurance number) is never taken for it: it would stand
        unsealed in lists, and two people of one insurance would be one.
        """
        rule = self.mapping.rules[section].get(key)
        refused = ""
        for place in rule.places if rule else ():
            segment = self.message.first(place.segment)
            if segment is None:
                continue
            for raw in segment.repetitions(place.field):
                kind = self.mapping.identifiers.get(segment.part(raw, 5))
                if place.rep is None:
                    if kind in SHARED:
                        continue
                elif segment.part(raw, place.rep[0]) != place.rep[1]:
                    continue
                text = segment.part(raw, place.component, place.sub)
                if text in ("", CLEARED):
                    continue
                if parse_id(text) is None:
                    return self._key(text)
                refused = refused or place.text
        if refused:
            raise ReadFault(
                refused, "这里是身份证号，不能当作患者号：请核对号码类型（第 5 部分）或修改映射文件"
            )
        return ""

    def _key(self, text: str) -> str:
        return f"{self.domain}:{text}" if self.domain and text else text

    def _where(self, section: str, key: str) -> str:
        rule = self.mapping.rules[section].get(key)
        return rule.places[0].text if rule and rule.places else f"{section}.{key}"

    # --- one value ---------------------------------------------------------------------------------

    def _raw(self, rule: Rule, group: Message | None = None, *, joined: bool = False) -> tuple[str, str]:
        """What stands at the first place that holds anything our code table knows, and that place."""
        table = self.mapping.codes.get(rule.codes, {})
        for place in rule.places:
            text = (group or self.message).value(place)
            if joined and text not in ("", CLEARED):
                text = "\n".join((group or self.message).values(place))
            if text and not (table.get(text) == "" and place is not rule.places[-1]):
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
        raise ReadFault(where, f"不在代码表 {rule.codes} 中", text, codes=rule.codes)

    def _value(self, key: str, rule: Rule, group: Message | None) -> tuple[bool, Any]:
        """Whether a field was said, and its value; None is "said to be empty"."""
        if rule.fixed is not None:
            return True, plain(rule.fixed, rule.kind)
        text, where = self._raw(rule, group, joined=key in JOINED)
        if not text:
            return False, None
        if text == CLEARED:
            return True, None
        text = self._coded(rule, text, where)
        if not text:
            return False, None
        if rule.kind is datetime:
            return True, _instant(where, text)
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
            if key == "born_on":  # 19800000, 1980/1/1: a message is worth more than that
                self.remarks.append(common.BAD_BIRTH.format(where))
                return False, None
            raise ReadFault(where, str(error), text) from None
        if key == "born_on" and not common.could_be_born(found, where, self.remarks):
            return False, None
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
        number = self._own_number("patient", "number")
        fields = self._fields("patient", leave_out=frozenset({"number", "name", "allergy"}))
        name = common.chinese_name(self._text("patient", "name"))
        if name:
            fields["name"] = name
        identifiers = tuple(dict.fromkeys(self._identifiers()))
        if "died_at" in fields and "deceased" not in (*fields, *fields.get("cleared", ())):
            fields["deceased"] = True  # many senders write the time alone; PID-30 = N takes it back
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
                if parse_id(value) is not None:
                    known = IdentifierKind.ID  # whatever type its sender gives it
                yield Identifier(kind=known, value=value[:100], domain="" if known in SHARED else self.domain)

    def _visit(self, verb: VisitVerb, patient: str) -> Iterator[VisitSaid]:
        number = self._key(self._text("visit", "number"))
        if not number:
            return  # an A08 of the person alone
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
            if segment.raw(21) == "D":
                fields["gone"] = True
            if fields.get("name"):
                yield common.made(DiagnosisSaid, {"kind": "working", **fields}, "DG1")

    def _surgeries(self) -> Iterator[SurgerySaid]:
        for segment in self.message.all("PR1"):
            fields = self._fields("surgery", self.message.single(segment))
            fields.pop("cleared", None)
            if segment.raw(20) == "D":
                fields["gone"] = True
            if fields.get("name"):
                yield common.made(SurgerySaid, fields, "PR1")

    def _orders(self, patient: str) -> Iterator[OrderSaid]:
        groups = list(self.message.groups("ORC")) or list(self.message.groups("OBR"))
        for group in groups:
            number = self._key(self._text("order", "number", group))
            if not number:
                raise ReadFault(self._where("order", "number"), "缺少医嘱号")
            fields = self._fields("order", group, frozenset({"number", "control", *MEASURES.values()}))
            for key, unit in MEASURES.items():
                if key in fields and fields[key][-1:].isdigit():
                    fields[key] += self._text("order", unit, group)
            fields |= {"number": number, "patient": patient, "visit": self._visit_number()}
            yield common.made(OrderSaid, fields, "ORC")

    def _visit_number(self) -> str:
        return self._key(self._text("visit", "number"))

    def _reports(self, patient: str) -> Iterator[ReportSaid]:
        for group in self.message.groups("OBR", leading=("ORC",)):
            number = self._key(self._text("report", "number", group))
            if not number:
                raise ReadFault(self._where("report", "number"), "缺少报告号")
            fields = self._fields("report", group, frozenset({"number"}))
            fields |= {
                "number": number,
                "patient": patient,
                "visit": self._visit_number(),
                "items": tuple(results.apart(self._items(group))),
            }
            if note := results.head_note(group):
                fields["note"] = note
            yield common.made(ReportSaid, fields, "OBR")

    def _items(self, group: Message) -> Iterator[tuple[str, ItemSaid]]:
        notes = results.notes(group)
        for at, segment in enumerate(group.segments):
            one = group.single(segment)
            if segment.name != "OBX" or one.get("OBX-3.1") in self.mapping.leave_out:
                continue
            fields = self._fields("item", one, frozenset({"value", "flag", "critical"}))
            fields.pop("cleared", None)
            if not fields.get("name"):
                continue
            rule = self.mapping.rules["item"].get("value")
            found = (
                next(filter(None, (results.value(one, place) for place in rule.places)), "") if rule else ""
            )
            fields |= self._marks(one) | {
                "key": "|".join(filter(None, (one.get("OBX-3.1") or str(fields["name"]), one.get("OBX-4")))),
                "value": "" if found == CLEARED else found,
                "note": notes.get(at, ""),
            }
            yield one.get("OBX-2"), common.result(fields, "OBX")

    def _marks(self, one: Message) -> dict[str, Any]:
        """Whether a result is marked and critical: of several marks the gravest counts; a mark of which the table knows
        nothing is remarked upon and counts as none.
        """
        found: dict[str, Any] = {}
        for key in ("flag", "critical"):
            rule = self.mapping.rules["item"].get(key)
            texts = next(filter(None, (one.values(place) for place in rule.places)), []) if rule else []
            table = self.mapping.codes.get(rule.codes, {}) if rule else {}
            known = [table[text] for text in texts if text in table]
            if key == "flag":
                self.remarks += [
                    f"OBX-8：不认识的异常标志“{text}”，未采用" for text in texts if text not in table
                ]
                if known:
                    found[key] = results.gravest(known)
            elif "true" in known:
                found[key] = True
        return found

    def _appointment(self, state: str, patient: str) -> AppointmentSaid:
        number = self._key(self._text("appointment", "number"))
        if not number:
            raise ReadFault(self._where("appointment", "number"), "缺少预约号")
        places = frozenset({"number", "unit_name", "ward_name", "campus_name"})
        fields = self._fields("appointment", leave_out=places) | self._place("appointment")
        fields.pop("ward_id", None)
        if state in ("cancelled", "missed"):
            fields.pop("state", None)  # the event itself says it
        fields = {"state": state, **fields, "number": number, "patient": patient}
        return common.made(AppointmentSaid, fields, "SCH")
