"""Mapping files of documents: which parts of a message tell of a patient, a visit, an order …, and where each field is.

A file is TOML with `format`: "fhir", "json", "soap", "sql", or "tree" for any of them. `[message]` says where the sender's own id and time of writing stand. Each
`[parts.<name>]` says what its values tell of (`says`), of which messages (`when`), for each of which items (`each`);
below it stand `fields` and `lists` (diagnoses, operations, contacts, identifiers, results). Checked whole when loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from patients.feeds.documents import fhir
from patients.feeds.documents.tree import Path, path
from patients.feeds.mapping import (
    FORMATS,
    MODELS,
    MappingError,
    check_codes,
    check_value,
    code_tables,
    field_kind,
    merged,
)
from patients.said import DiagnosisKind, IdentifierKind, VisitVerb

SECTIONS = frozenset({"format", "title", "extends", "about", "message", "parts", "codes"})
LISTS: Mapping[str, Mapping[str, str]] = {  # of what is told → its lists → of what their items are
    "patient": {"identifiers": "identifier", "contacts": "contact"},
    "visit": {"diagnoses": "diagnosis", "surgeries": "surgery", "uses": "use", "places": "place"},
    "report": {"items": "item"},
}
SAYS = ("patient", "visit", "order", "report", "document", "appointment", "merge")
TREES = tuple(one for one in FORMATS if one != "hl7")
SORTS = 100
MESSAGE = ("id", "at", "kind", "key", "gone")
WAYS = ("", "reference", "named", "own", *fhir.WAYS)
_KINDS: Mapping[tuple[str, str], type[Any]] = {  # fields that only documents have
    ("visit", "verb"): VisitVerb,
    ("diagnosis", "key"): str,
    ("diagnosis", "gone"): bool,
    ("diagnosis", "kind"): DiagnosisKind,
    ("surgery", "key"): str,
    ("surgery", "gone"): bool,
    ("item", "key"): str,
    ("use", "key"): str,
    ("use", "kind"): DiagnosisKind,
    ("use", "rank"): int,
    ("use", "name"): str,
    ("use", "code"): str,
    ("place", "at"): datetime,
    ("place", "until"): datetime,
    ("report", "parts"): tuple,
    ("patient", "allergies"): tuple,
    ("identifier", "kind"): IdentifierKind,
    ("identifier", "value"): str,
    ("identifier", "domain"): str,
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "patient": ("number",),
    "merge": ("prior", "survivor"),
    "diagnosis": ("name",),
    "surgery": ("name",),
    "contact": ("phone",),
    "identifier": ("kind", "value"),
    "item": ("name",),
    "use": ("key",),
    "place": ("at",),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a field stands: the first of `places` that holds anything. `way`: "reference" takes the last part of an
    address ("Patient/1" → "1"), which must be one of `of` when it says what it is; the others read a type of FHIR
    (`patients.feeds.documents.fhir`)."""

    places: tuple[Path, ...]
    codes: str = ""
    kind: type[Any] = str
    fixed: str | None = None
    way: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a message tells of. `when`: paths that must hold one of these texts."""

    name: str
    says: str
    rules: Mapping[str, Rule]
    lists: Mapping[str, "Part"]
    each: Path | None = None
    when: tuple[tuple[Path, frozenset[str]], ...] = ()
    weak: bool = False


@dataclass(frozen=True, slots=True)
class TreeMapping:
    """A mapping of documents, checked. `id`, `at`, `kind`: of a whole message; `each`: the messages in one body. With a
    `key` a message tells the thing of this name whole, and the newest counts; `gone`: that it was deleted."""

    name: str
    title: str
    about: str
    id: tuple[Path, ...]
    at: tuple[Path, ...]
    kind: tuple[Path, ...]
    each: Path | None
    parts: tuple[Part, ...]
    codes: Mapping[str, Mapping[str, str]]
    key: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    _fit: dict[str, tuple[Part, ...]] = field(default_factory=dict, compare=False)

    def parts_of(self, kind: str) -> tuple[Part, ...]:
        """The parts that may tell something of a message of this sort; the others are not looked at."""
        if kind not in self._fit:
            if len(self._fit) > SORTS:  # whoever sends a new sort each time
                self._fit.clear()
            self._fit[kind] = tuple(
                part
                for part in self.parts
                if all(kind in wanted for place, wanted in part.when if (place,) == self.kind)
            )
        return self._fit[kind]


@cache
def load(name: str) -> TreeMapping:
    """The mapping of this name, read once by each process.

    Raises:
        MappingError: there is none, or it is faulty.
    """
    return build(name, merged(name))


def build(name: str, given: Mapping[str, Any]) -> TreeMapping:
    """Check a mapping and make it.

    Raises:
        MappingError: with every fault it has.
    """
    return _Builder(name, given).build()


class _Builder:
    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.name = name
        self.given = given
        self.faults = [f"没有 [{key}] 这一节" for key in given if key not in SECTIONS]
        self.codes = code_tables(given.get("codes", {}), self.faults)

    def build(self) -> TreeMapping:
        if self.given.get("format") not in TREES:
            self.faults.append(f"format 只能是 {'、'.join(TREES)}")
        message = self._table(self.given.get("message", {}), "message")
        self._only(message, "message", ("id", "at", "kind", "each", "key", "gone"))
        parts = self._table(self.given.get("parts", {}), "parts")
        made = tuple(
            part
            for key, table in parts.items()
            if (part := self._part(key, self._table(table, f"parts.{key}"))) is not None
        )
        if not made:
            self.faults.append("缺少 [parts.…]")
        each = self._places(message["each"], "message.each")[:1] if message.get("each") else ()
        places = {key: self._places(message.get(key, []), f"message.{key}") for key in MESSAGE}
        if self.faults:
            raise MappingError(self.name, self.faults)
        return TreeMapping(
            self.name,
            str(self.given.get("title", self.name)),
            str(self.given.get("about", "")),
            places["id"],
            places["at"],
            places["kind"],
            each[0] if each else None,
            made,
            self.codes,
            places["key"],
            places["gone"],
        )

    def _table(self, value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.faults.append(f"[{where}] 应是一节")
        return {}

    def _only(self, table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        if unknown := sorted(set(table) - set(known)):
            self.faults.append(f"[{where}]：不认识 {'、'.join(unknown)}")

    def _part(self, key: str, table: Mapping[str, Any]) -> Part | None:
        where = f"parts.{key}"
        self._only(table, where, ("says", "each", "when", "weak", "fields", "lists"))
        says = str(table.get("says", ""))
        if says not in SAYS:
            self.faults.append(f"{where}.says 只能是 {'、'.join(SAYS)}")
            return None
        rules = self._rules(says, table, where)
        if says not in ("patient", "merge"):
            self._need(where, rules, "number", "patient")
        lists = {}
        for name, below in self._table(table.get("lists", {}), f"{where}.lists").items():
            of = LISTS.get(says, {}).get(name)
            if of is None:
                self.faults.append(f"{where}.lists.{name}：{says} 没有这种列表")
                continue
            lists[name] = self._list(of, self._table(below, f"{where}.lists.{name}"), f"{where}.lists.{name}")
        each = self._places(table["each"], f"{where}.each") if "each" in table else ()
        when = self._table(table.get("when", {}), f"{where}.when")
        return Part(
            key,
            says,
            rules,
            lists,
            each[0] if each else None,
            self._when(when, where),
            table.get("weak") is True,
        )

    def _list(self, of: str, table: Mapping[str, Any], where: str) -> Part:
        self._only(table, where, ("each", "when", "fields"))
        each = self._places(table.get("each", "$"), f"{where}.each")
        when = self._table(table.get("when", {}), f"{where}.when")
        rules = self._rules(of, table, where)
        return Part(where, of, rules, {}, each[0] if each else None, self._when(when, where))

    def _when(self, when: Mapping[str, Any], where: str) -> tuple[tuple[Path, frozenset[str]], ...]:
        found = []
        for text, wanted in when.items():
            for place in self._places(text, f"{where}.when"):
                values = wanted if isinstance(wanted, list) else [wanted]
                found.append((place, frozenset(map(str, values))))
        return tuple(found)

    def _rules(self, says: str, table: Mapping[str, Any], where: str) -> dict[str, Rule]:
        found = {}
        for key, value in self._table(table.get("fields", {}), f"{where}.fields").items():
            rule = self._rule(says, key, value, f"{where}.{key}")
            if rule is not None:
                found[key] = rule
        self._need(where, found, *NEEDED.get(says, ()))
        return found

    def _need(self, where: str, rules: Mapping[str, Rule], *keys: str) -> None:
        self.faults += [f"[{where}.fields] 缺少 {key}" for key in keys if key not in rules]

    def _rule(self, says: str, key: str, value: Any, where: str) -> Rule | None:
        kind = _KINDS.get((says, key)) or (
            field_kind(says, key) if says in (*MODELS, "merge", "place") else None
        )
        if kind is None:
            self.faults.append(f"{where}：没有这个字段")
            return None
        given = value if isinstance(value, dict) else {"from": value}
        self._only(given, where, ("from", "codes", "fixed", "as", "of"))
        places = self._places(given.get("from", []), where)
        table, way = str(given.get("codes", "")), str(given.get("as", ""))
        if way not in WAYS:
            self.faults.append(f"{where}：as 只能是 {'、'.join(filter(None, WAYS))}")
        if table:
            check_codes(where, table, kind, self.codes, self.faults)
        fixed = given.get("fixed")
        text = None if fixed is None else str(fixed).lower() if isinstance(fixed, bool) else str(fixed)
        if text is not None:
            check_value(where, text, kind, self.faults)
        if not places and fixed is None:
            self.faults.append(f"{where}：没有写明位置")
        return Rule(places, table, kind, text, way, str(given.get("of", "")))

    def _places(self, texts: Any, where: str) -> tuple[Path, ...]:
        found = []
        for text in [texts] if isinstance(texts, str) else texts:
            try:
                found.append(path(str(text)))
            except ValueError as error:
                self.faults.append(f"{where}：{error}")
        return tuple(found)
