"""From a tree to what it says in our own form, by a mapping; asks no database, writes nothing.

What cannot be taken as it is, is a `ReadFault` that names the path. What is merely useless (a phone number that is
none) is left out and remarked upon.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from patients.feeds import common
from patients.feeds.documents import fhir
from patients.feeds.documents import tree as trees
from patients.feeds.documents.mapping import Part, TreeMapping
from patients.feeds.documents.tree import Path, Tree
from patients.feeds.documents.values import Values, first, instant
from patients.feeds.faults import ReadFault
from patients.feeds.hl7.reading import Reading
from patients.feeds.mapping import PLACES
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
    PlaceSaid,
    SurgerySaid,
    UseSaid,
    Version,
)
from staff.tree import OrgTree

__all__ = ["head", "instant", "messages", "read"]
MODELS: Mapping[str, type[AnySaid]] = {name: kind for kind, name in SUBJECTS.items()}  # type: ignore[misc]
WANTED = {"identifier": "value", "contact": "phone", "use": "key"}  # without it an item of a list is left out
ALWAYS = frozenset({"diagnoses", "surgeries", "identifiers", "items", "uses"})


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
    return first(message, mapping.id), first(message, mapping.kind)


def messages(body: Tree, mapping: TreeMapping) -> list[Tree]:
    """The messages in one body: the items of `each`, of a list each item, or the whole."""
    if mapping.each is not None:
        return trees.items(body, mapping.each, body)
    return list(body) if isinstance(body, list) else [body]


class _Reader(Values):
    def read(self, received: datetime) -> Reading:
        if not isinstance(self.message, dict):
            raise ReadFault("内容", "应为一个对象")
        if "contained" in self.message:
            fhir.fill(self.message, {})
        written, written_in = self._written()
        at, version = written or received, self._version(dated=written is not None)
        rank = f"{self.kind} {common.counting(first(self.message, self.mapping.id))}".strip()
        if version is not None and version.gone:
            return Reading(Heard(at=at, rank=rank, version=version), self.remarks, written_in)
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
        heard = Heard(at=at, rank=rank, version=version, said=tuple(said), merges=tuple(merges))
        remarks = list(dict.fromkeys((*self.remarks, *common.doubts(said))))
        return Reading(heard, remarks, written_in, self.wanted)

    def _version(self, *, dated: bool) -> Version | None:
        """Which version of what a message tells, of a sender that tells things whole."""
        name = first(self.message, self.mapping.key)
        if not name:
            return None
        resource = f"{self.domain}:{self.kind}/{name}" if self.domain else f"{self.kind}/{name}"
        number = common.counting(first(self.message, self.mapping.id))
        gone = first(self.message, self.mapping.gone) == "true"
        return Version(resource=resource[:300], number=number, dated=dated, gone=gone)

    def _written(self) -> tuple[datetime | None, str]:
        for place in self.mapping.at:
            text = trees.text(self.message, place, self.message)
            if isinstance(text, str):
                return self._instant(self._at("", place), text), self._at("", place)
        return None, ""

    def _items(self, part: Part, item: Tree, where: str) -> Iterator[tuple[str, Tree]]:
        found = [item] if part.each is None else trees.items(item, part.each, self.message)
        for at, one in enumerate(found):
            # Of what sort the message is was asked of the whole of it (`parts_of`), not of the items of a list.
            asked = [(place, wanted) for place, wanted in part.when if (place,) != self.mapping.kind]
            if all(self._holds(one, place, wanted) for place, wanted in asked):
                name = where if part.each is None else f"{self._at(where, part.each)}[{at}]"
                yield name, one

    def _holds(self, item: Tree, place: Path, wanted: frozenset[str]) -> bool:
        texts = {trees.plain(one) for one in trees.items(item, place, self.message)}
        return bool(texts & wanted) or ("*" in wanted and bool(texts - {None, ""}))

    def _said(self, part: Part, item: Tree, where: str, fields: dict[str, Any]) -> AnySaid:
        for name, below in part.lists.items():
            found = tuple(dict.fromkeys(self._list(below, item, where)))
            if found or name in ALWAYS:
                fields[name] = found
        if part.says == "patient":
            if part.weak:
                fields["weak"] = True
            if fields.get("name"):
                fields["name"] = common.chinese_name(fields["name"])
        elif part.says == "visit":
            fields.setdefault("verb", "update")
        elif part.says == "report":
            fields["items"] = _apart(fields.get("items", ()))
        if part.says in ("visit", "appointment"):
            fields |= self._place(part, item, where)
        if part.says == "appointment":
            fields.pop("ward_id", None)
        if places := fields.get(
            "places"
        ):  # of a stay whose places are told in order, the last is where it is now
            last = places[-1]
            fields["places"] = tuple(
                one.model_copy(update={"unit_id": one.unit_id or fields.get("unit_id")}) for one in places
            )
            fields |= {"ward_id": last.ward_id} if last.ward_id else {}
        return common.made(MODELS[part.says], fields, where or self.kind or part.name)

    def _list(self, part: Part, item: Tree, where: str) -> Iterator[Any]:
        found = self._items(part, item, where)
        if part.says == "place":
            yield from self._places(part, found)
            return
        for name, one in found:
            fields = self._fields(part, one, name)
            fields.pop("cleared", None)
            if not fields.get(WANTED.get(part.says, "name")) or (
                part.says == "item" and _is_head(one, fields)
            ):
                continue
            yield self._listed(part.says, fields, name)

    def _listed(self, says: str, fields: dict[str, Any], where: str) -> Any:
        match says:
            case "identifier":
                return common.made(Identifier, fields, where)
            case "contact":
                fields = {"relation": "其他", **fields}
                fields["name"] = common.chinese_name(fields.get("name", ""))
                return common.made(ContactSaid, fields, where)
            case "diagnosis":
                return common.made(DiagnosisSaid, {"kind": "working", **fields}, where)
            case "surgery":
                return common.made(SurgerySaid, fields, where)
            case "use":
                fields["main"] = fields.pop("rank", None) == 1
                return common.made(UseSaid, fields, where)
            case _:
                key = str(fields.get("key") or fields.get("code") or fields["name"])
                return common.result({**fields, "key": key}, where)

    def _places(self, part: Part, found: Iterable[tuple[str, Tree]]) -> Iterator[PlaceSaid]:
        """Where a patient lay, one after the other; those without a time are no history."""
        told = []
        for name, one in found:
            fields = self._fields(part, one, name)
            if "at" not in fields:
                return
            until = fields.get("until")
            place = {"at": fields["at"], "bed": fields.get("bed", ""), **self._place(part, one, name)}
            told.append((place["at"], until is not None, common.made(PlaceSaid, place, name)))
        for _, _, made in sorted(told, key=lambda one: (one[0], not one[1])):
            yield made

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


def _is_head(item: Tree, fields: Mapping[str, Any]) -> bool:
    """Whether an Observation is only what its components or members stand under."""
    return (
        "value" not in fields
        and isinstance(item, dict)
        and bool(item.get("component") or item.get("hasMember"))
    )


def _apart(items: tuple[ItemSaid, ...]) -> tuple[ItemSaid, ...]:
    """Results with keys of their own: those that share one are counted."""
    made: dict[str, ItemSaid] = {}
    for one in items:
        number, key = 2, one.key
        while key in made:
            key, number = f"{one.key}#{number}", number + 1
        made[key] = one if key == one.key else one.model_copy(update={"key": key})
    return tuple(made.values())
