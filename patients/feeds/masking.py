"""A message as an operator may read it without a reason: names, numbers of persons, phones and addresses hidden.

What stands where its mapping file says that a person is told of, what HL7 keeps for persons, and every phone and ID
number anywhere. A message that cannot be taken apart is hidden whole. Reads nothing, and keeps nothing.
"""

from collections.abc import Callable, Iterable, Mapping

import orjson

from core.identity import mask_in_text
from core.masks import mask_address, mask_id, mask_name, mask_phone
from patients.feeds import formats
from patients.feeds.documents import tree as trees
from patients.feeds.documents.mapping import Part, TreeMapping
from patients.feeds.documents.tree import Tree
from patients.feeds.hl7.message import Message, NotHl7, Separators, parse
from patients.feeds.mapping import FeedMapping, MappingError
from patients.said import IdentifierKind

HIDDEN = "（内容无法解析，遮盖后不能显示；确有需要请“查看原文”）"
Mask = Callable[[str], str]
PERSONAL: Mapping[str, Mask] = {
    "name": mask_name,
    "phone": mask_phone,
    "id_number": mask_id,
    "address": mask_address,
}
SECRET = (IdentifierKind.ID, IdentifierKind.INSURANCE, IdentifierKind.HEALTH_CARD)
HL7: Mapping[str, Mapping[int, Mask]] = {  # fields that the standard keeps for persons, whatever a mapping says
    "PID": {
        5: mask_name, 6: mask_name, 9: mask_name, 11: mask_address, 13: mask_phone, 14: mask_phone, 19: mask_id,
        20: mask_id, 21: mask_id,
    },
    "MRG": {7: mask_name},
    "NK1": {
        2: mask_name, 4: mask_address, 5: mask_phone, 6: mask_phone, 7: mask_phone, 12: mask_id, 30: mask_name,
        31: mask_phone, 32: mask_address, 33: mask_id, 37: mask_id,
    },
    "GT1": {3: mask_name, 5: mask_address, 6: mask_phone, 7: mask_phone, 12: mask_id},
    "IN1": {16: mask_name, 19: mask_address, 36: mask_id, 49: mask_id},
}  # fmt: skip


def masked(how: formats.How, text: str) -> str:
    """The text with everything of persons in it hidden; of HL7 line by line as it was, of a tree as JSON."""
    try:
        rules = formats.check(how.kind, how.mapping)
    except MappingError:
        return HIDDEN
    try:
        if isinstance(rules, FeedMapping):
            message = parse(text.replace("\n", "\r"))
            by = message.segments[0].by
            shown = "\n".join(_line(line, by) for line in text.split("\n"))
            return mask_in_text(_without(shown, dict(_in_hl7(message, rules))))
        tree = orjson.loads(text)
        shown = _tree(tree, dict(_in_tree(tree, rules)))
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    except (NotHl7, orjson.JSONDecodeError, UnicodeEncodeError):
        return HIDDEN


def _without(text: str, found: Mapping[str, str]) -> str:
    for value in sorted(found, key=len, reverse=True):
        text = text.replace(value, found[value])
    return text


def _tree(value: Tree, found: Mapping[str, str]) -> Tree:
    if isinstance(value, dict):
        return {key: _tree(below, found) for key, below in value.items()}
    if isinstance(value, list):
        return [_tree(below, found) for below in value]
    if isinstance(value, str):
        return mask_in_text(_without(value, found))
    plain = str(value)
    shown = mask_in_text(found.get(plain, plain))  # a phone written as a number
    return value if shown == plain else shown


def _line(line: str, by: Separators) -> str:
    """A segment with the fields hidden that HL7 keeps for persons."""
    fields = line.split(by.field)
    for at, mask in HL7.get(fields[0], {}).items():
        if at < len(fields):
            fields[at] = by.repetition.join(
                by.component.join(_part(part, mask) for part in raw.split(by.component))
                for raw in fields[at].split(by.repetition)
            )
    return by.field.join(fields)


def _part(text: str, mask: Mask) -> str:
    """A part of such a field; of numbers and addresses what is as short as a code is left."""
    return text if len(text) < (1 if mask is mask_name else 4) else mask(text)


def _in_hl7(message: Message, rules: FeedMapping) -> Iterable[tuple[str, str]]:
    for segment in message.segments:
        if segment.name == "PID":
            for raw in segment.repetitions(3):
                if rules.identifiers.get(segment.part(raw, 5)) in SECRET:
                    yield from _hidden(segment.part(raw, 1), mask_id)
    for section in ("patient", "contact"):
        for key, mask in PERSONAL.items():
            rule = rules.rules.get(section, {}).get(key)
            for place in rule.places if rule else ():
                for segment in message.all(place.segment):
                    for raw in segment.repetitions(place.field):
                        if place.rep is not None and segment.part(raw, place.rep[0]) != place.rep[1]:
                            continue
                        for part in [raw] if place.component else raw.split(segment.by.component):
                            yield from _hidden(segment.part(part, place.component, place.sub), mask)


def _hidden(value: str, mask: Mask) -> Iterable[tuple[str, str]]:
    """A value, wherever it stands again, and what stands in its place; what is too short to be one person's stays."""
    plain = value.strip()
    if len(plain) >= (2 if mask is mask_name and not plain.isascii() else 4):
        yield plain, mask(plain)


def _in_tree(message: Tree, rules: TreeMapping) -> Iterable[tuple[str, str]]:
    for part in rules.parts:
        yield from _in_part(part, message, message)


def _in_part(part: Part, item: Tree, top: Tree) -> Iterable[tuple[str, str]]:
    for one in [item] if part.each is None else trees.items(item, part.each, top):
        if part.says in ("patient", "contact"):
            for key, mask in PERSONAL.items():
                yield from _values(part, key, mask, one, top)
        elif part.says == "identifier":
            yield from _values(part, "value", mask_id, one, top)
        for below in part.lists.values():
            yield from _in_part(below, one, top)


def _values(part: Part, key: str, mask: Mask, item: Tree, top: Tree) -> Iterable[tuple[str, str]]:
    rule = part.rules.get(key)
    for place in rule.places if rule else ():
        for found in trees.items(item, place, top):
            value = trees.plain(found)
            if isinstance(value, str):
                yield from _hidden(value, mask)
