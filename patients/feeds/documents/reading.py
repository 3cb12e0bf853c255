"""From a tree to what it says in our own form, by a mapping; asks no database, writes nothing.

What cannot be taken as it is, is a `ReadFault` that names the path. What is merely useless (a phone number that is
none) is left out and remarked upon.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from core import clock
from core.clock import SHANGHAI
from patients.feeds import common
from patients.feeds.documents import tree as trees
from patients.feeds.documents.mapping import Part, Rule, TreeMapping
from patients.feeds.documents.tree import EMPTY, Path, Tree
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import values
from patients.feeds.hl7.reading import Reading
from patients.feeds.mapping import PLACES, plain
from patients.said import (
    SUBJECTS,
    AnySaid,
    ContactSaid,
    DiagnosisSaid,
    Heard,
    Identifier,
    ItemSaid,
    MergeSaid,
    PatientSaid,
    SurgerySaid,
)
from staff.tree import OrgTree

MODELS: Mapping[str, type[AnySaid]] = {name: kind for kind, name in SUBJECTS.items()}  # type: ignore[misc]
NUMBERS = frozenset(
    {"number", "patient", "visit", "order", "prior", "survivor"}
)  # that take the link's prefix
MISSING = {
    "number": "缺少号码",
    "patient": "缺少患者号",
    "prior": "缺少被合并的患者号",
    "survivor": "缺少保留的患者号",
    "name": "缺少名称",
    "phone": "缺少电话",
}


def read(
    message: Tree, mapping: TreeMapping, tree: OrgTree, *, received: datetime, domain: str = ""
) -> Reading:
    """What a message says.

    Args:
        message: parsed.
        mapping: of its link.
        tree: the organisation, in which departments are found by name.
        received: when it came; counts as the time of writing for a sender that tells none.
        domain: put before every number of the sender; "" for the hospital's main system.

    Raises:
        ReadFault: it cannot be taken as it is.
    """
    return _Reader(message, mapping, tree, domain).read(received)


def head(message: Tree, mapping: TreeMapping) -> tuple[str, str]:
    """(the sender's own id of a message, of what sort it is); "" where it says none."""
    return _first(message, mapping.id), _first(message, mapping.kind)


def messages(body: Tree, mapping: TreeMapping) -> list[Tree]:
    """The messages in one body: the items of `each`, of a list each item, or the whole."""
    if mapping.each is not None:
        return trees.items(body, mapping.each, body)
    return list(body) if isinstance(body, list) else [body]


def _first(message: Tree, places: tuple[Path, ...]) -> str:
    for place in places:
        found = trees.text(message, place, message)
        if isinstance(found, str):
            return found
    return ""


def instant(text: str) -> datetime:
    """An instant as HL7, ISO 8601 or FHIR write it; without a zone it is the hospital's wall clock.

    Raises:
        ValueError: it is none.
    """
    try:
        return values.instant(text)
    except ValueError as error:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise error from None
        return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


class _Reader:
    def __init__(self, message: Tree, mapping: TreeMapping, tree: OrgTree, domain: str) -> None:
        self.message = message
        self.mapping = mapping
        self.tree = tree
        self.domain = domain
        self.remarks: list[str] = []
        self.kind = _first(message, mapping.kind)

    def read(self, received: datetime) -> Reading:
        if not isinstance(self.message, dict):
            raise ReadFault("内容", "应为一个对象")
        at, written_in = self._written()
        at = at or received
        said: list[AnySaid] = []
        merges: list[MergeSaid] = []
        for part in self.mapping.parts_of(self.kind):
            for where, item in self._items(part, self.message, ""):
                fields = self._fields(part, item, where)
                if part.says == "merge":
                    merges.append(common.made(MergeSaid, fields, where or part.name))
                else:
                    said.append(self._said(part, item, where, fields))
        if not said and not merges:
            raise ReadFault(self.kind or "内容", "映射文件中没有哪一节适用于这条消息")
        told = {one.number for one in said if isinstance(one, PatientSaid)}
        others = dict.fromkeys(one.patient for one in said if not isinstance(one, PatientSaid))
        said += [PatientSaid(number=number, weak=True) for number in others if number not in told]
        rank = f"{self.kind} {common.counting(_first(self.message, self.mapping.id))}".strip()
        heard = Heard(at=at, rank=rank, said=tuple(said), merges=tuple(merges))
        return Reading(heard, [*self.remarks, *common.doubts(said)], written_in)

    def _written(self) -> tuple[datetime | None, str]:
        for place in self.mapping.at:
            text = trees.text(self.message, place, self.message)
            if isinstance(text, str):
                return self._instant(self._at("", place), text), self._at("", place)
        return None, ""

    def _at(self, where: str, place: Path) -> str:
        """The place as a fault names it: `Encounter.period.start`, `Patient.contact[1].telecom`."""
        if place.text.startswith("^"):
            where = ""
        return ".".join(filter(None, (where or self.kind, place.text.lstrip("^.")))).removesuffix(".$")

    def _items(self, part: Part, item: Tree, where: str) -> Iterator[tuple[str, Tree]]:
        found = [item] if part.each is None else trees.items(item, part.each, self.message)
        for at, one in enumerate(found):
            if all(self._holds(one, place, wanted) for place, wanted in part.when):
                name = where if part.each is None else f"{self._at(where, part.each)}[{at}]"
                yield name, one

    def _holds(self, item: Tree, place: Path, wanted: frozenset[str]) -> bool:
        texts = {trees.plain(one) for one in trees.items(item, place, self.message)}
        return bool(texts & wanted) or ("*" in wanted and bool(texts - {None, ""}))

    def _said(self, part: Part, item: Tree, where: str, fields: dict[str, Any]) -> AnySaid:
        for name, below in part.lists.items():
            found = tuple(dict.fromkeys(self._list(below, item, where)))
            if found or name in ("diagnoses", "surgeries", "identifiers", "items"):
                fields[name] = found
        if part.says == "patient":
            if part.weak:
                fields["weak"] = True
            if fields.get("name"):
                fields["name"] = common.chinese_name(fields["name"])
        elif part.says == "visit":
            fields.setdefault("verb", "update")
        if part.says in ("visit", "appointment"):
            fields |= self._place(part, item, where)
        if part.says == "appointment":
            fields.pop("ward_id", None)
        return common.made(MODELS[part.says], fields, where or self.kind or part.name)

    def _list(self, part: Part, item: Tree, where: str) -> Iterator[Any]:
        for name, one in self._items(part, item, where):
            fields = self._fields(part, one, name)
            fields.pop("cleared", None)
            wanted = "value" if part.says == "identifier" else "phone" if part.says == "contact" else "name"
            if not fields.get(wanted):
                continue
            match part.says:
                case "identifier":
                    yield common.made(Identifier, fields, name)
                case "contact":
                    fields = {"relation": "其他", **fields}
                    fields["name"] = common.chinese_name(fields.get("name", ""))
                    yield common.made(ContactSaid, fields, name)
                case "diagnosis":
                    yield common.made(DiagnosisSaid, {"kind": "working", **fields}, name)
                case "surgery":
                    yield common.made(SurgerySaid, fields, name)
                case _:
                    key = str(fields.get("key") or fields.get("code") or fields["name"])
                    value = str(fields.get("value", ""))
                    yield common.made(ItemSaid, {**fields, "key": key, "amount": values.amount(value)}, name)

    def _fields(self, part: Part, item: Tree, where: str) -> dict[str, Any]:
        """The fields that were said; those said to be empty under "cleared"."""
        found: dict[str, Any] = {}
        cleared = []
        for key, rule in part.rules.items():
            if key in PLACES:
                continue
            was_said, value = self._value(key, rule, item, where)
            if was_said and value is None:
                cleared.append(key)
            elif was_said:
                found[key] = f"{self.domain}:{value}" if self.domain and key in NUMBERS else value
        for key in ("number", "patient", "prior", "survivor"):
            if key in part.rules and key not in found:
                raise ReadFault(self._at(where, part.rules[key].places[0]), MISSING[key])
        if cleared and part.says != "merge":
            found["cleared"] = tuple(sorted(set(cleared) - NUMBERS))
        return found

    def _raw(self, rule: Rule, item: Tree) -> tuple[Any, Path | None]:
        """What stands at the first place that holds anything, and that place."""
        empty = None
        for place in rule.places:
            if rule.way == "range":
                found: Any = _range(trees.items(item, place, self.message))
            else:
                found = trees.text(item, place, self.message)
            if found is EMPTY:
                empty = empty or place
            elif found is not None:
                text = found.rstrip("/").rsplit("/", 1)[-1] if rule.way == "reference" else found
                return text, place
        return (EMPTY, empty) if empty is not None else (None, None)

    def _value(self, key: str, rule: Rule, item: Tree, where: str) -> tuple[bool, Any]:
        """Whether a field was said, and its value; None is "said to be empty"."""
        if rule.kind is tuple:
            return self._many(key, rule, item)
        text, found_at = self._raw(rule, item)
        if text is None:
            fixed = rule.fixed
            return fixed is not None, None if fixed is None else plain(fixed, rule.kind)
        if text is EMPTY or found_at is None:
            return True, None
        coded = self._coded(rule, text, where, found_at)
        if not coded:
            return False, None
        if rule.kind is str and key not in ("phone", "id_number"):
            return True, coded
        place = self._at(where, found_at)
        if rule.kind is datetime:
            return True, self._instant(place, coded)
        if rule.kind is date:
            return self._day(key, coded, place)
        if key in ("phone", "id_number"):
            found = common.personal(key, coded, place, self.remarks)
            return found is not None, found
        try:
            return True, plain(coded, rule.kind)
        except ValueError:
            raise ReadFault(place, "格式不对", coded) from None

    def _many(self, key: str, rule: Rule, item: Tree) -> tuple[bool, Any]:
        texts = [trees.plain(one) for place in rule.places for one in trees.items(item, place, self.message)]
        found = [text for text in texts if text]
        if rule.way == "reference":
            found = [text.rstrip("/").rsplit("/", 1)[-1] for text in found]
        if key == "parts" and self.domain:
            found = [f"{self.domain}:{text}" for text in found]
        return bool(found), tuple(dict.fromkeys(found))

    def _coded(self, rule: Rule, text: str, where: str, place: Path) -> str:
        if not rule.codes:
            return text
        table = self.mapping.codes[rule.codes]
        found = table.get(text, table.get("*"))
        if found is None:
            raise ReadFault(self._at(where, place), f"不在代码表 {rule.codes} 中", text)
        return found

    def _instant(self, where: str, text: str) -> datetime:
        try:
            return instant(text)
        except ValueError:
            raise ReadFault(where, "不是日期或时间，应如 2026-03-01T08:30:00+08:00", text) from None

    def _day(self, key: str, text: str, where: str) -> tuple[bool, Any]:
        try:
            found = clock.local(self._instant(where, text)).date()
        except ReadFault:
            if key != "born_on":
                raise
            self.remarks.append(common.BAD_BIRTH.format(where))  # a message is worth more than that
            return False, None
        if key == "born_on" and not common.could_be_born(found, where, self.remarks):
            return False, None
        return True, found

    def _place(self, part: Part, item: Tree, where: str) -> dict[str, Any]:
        """Department and ward by their names or codes."""
        named = {}
        for key in PLACES:
            rule = part.rules.get(key)
            text, found_at = self._raw(rule, item) if rule else (None, None)
            place = self._at(where, found_at) if found_at else where
            if rule is not None and isinstance(text, str):
                text = self.mapping.codes.get(rule.codes, {}).get(text, text)
            named[key] = (text if isinstance(text, str) else rule.fixed if rule and rule.fixed else "", place)
        campus = named["campus_name"][0]
        name, at = named["unit_name"]
        ward_name, ward_at = named["ward_name"]
        return common.placed(
            common.department(self.tree, name, campus, at) if name else None,
            common.department(self.tree, ward_name, campus, ward_at) if ward_name else None,
        )


def _range(found: list[Tree]) -> str | None:
    """A reference range of FHIR as laboratories print it."""
    for one in found:
        if not isinstance(one, dict):
            continue
        if text := trees.plain(one.get("text")):
            return text
        low, high = (one.get(name) for name in ("low", "high"))
        ends = [trees.plain(end.get("value")) if isinstance(end, dict) else None for end in (low, high)]
        if all(ends):
            return f"{ends[0]}-{ends[1]}"
        if ends[0]:
            return f"≥{ends[0]}"
        if ends[1]:
            return f"≤{ends[1]}"
    return None
