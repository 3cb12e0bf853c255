"""What an OBX says: its value by its type, the remarks below it, and keys that tell results of one report apart."""

from collections.abc import Iterable, Iterator

from patients.feeds.hl7.message import CLEARED, Message, Path, Segment, path
from patients.said import ItemSaid, ResultFlag

VALUE = path("OBX-5")
LINES = frozenset({"TX", "FT"})  # of one code, each is a line of one text
CODED = frozenset({"CE", "CWE", "CNE", "CF"})
FILES = frozenset({"ED", "RP"})
_NOTE = path("NTE-3")
GRAVEST = (
    ResultFlag.VERY_HIGH,
    ResultFlag.VERY_LOW,
    ResultFlag.HIGH,
    ResultFlag.LOW,
    ResultFlag.ABNORMAL,
    ResultFlag.NORMAL,
)


def value(one: Message, place: Path) -> str:
    """The value of a result (its OBX as a group) as a person reads it; "" for none, `CLEARED` when said to be empty."""
    kind = one.get("OBX-2")
    if place != VALUE or one.value(VALUE) == CLEARED:
        return one.value(place)
    segment = one.all("OBX")[0]
    if kind in FILES:
        shape = " ".join(filter(None, (one.get("OBX-5.2"), one.get("OBX-5.3")))) if kind == "ED" else ""
        return f"（附件{f' {shape}' if shape else ''}，未保存）"
    found = [_one(kind, segment, raw) for raw in segment.repetitions(5)]
    return ("\n" if kind in LINES else "；").join(filter(None, found))


def _one(kind: str, segment: Segment, raw: str) -> str:
    if kind in CODED:
        return segment.part(raw, 2) or segment.part(raw, 1)
    if kind == "SN":  # comparator, number, separator, number: "<", "0.5"
        return "".join(segment.part(raw, number) for number in range(1, 5))
    return segment.part(raw, None)


def notes(group: Message) -> dict[int, str]:
    """The remarks (NTE) below each OBX of a report, by the place of the OBX in it."""
    found: dict[int, list[str]] = {}
    last: int | None = None
    for at, segment in enumerate(group.segments):
        if segment.name == "NTE" and last is not None:
            found.setdefault(last, []).extend(filter(None, segment.at(_NOTE)))
        else:
            last = at if segment.name == "OBX" else None
    return {at: "\n".join(lines) for at, lines in found.items()}


def head_note(group: Message) -> str:
    """The remarks on the report itself: those that stand before its first result."""
    lines: list[str] = []
    for segment in group.segments:
        if segment.name == "OBX":
            break
        if segment.name == "NTE":
            lines += filter(None, segment.at(_NOTE))
    return "\n".join(lines)


def gravest(flags: Iterable[str]) -> ResultFlag | None:
    """Of several marks of one result the one that weighs most; None for no mark at all."""
    said = {ResultFlag(flag) for flag in flags}
    return next((flag for flag in GRAVEST if flag in said), None)


def apart(found: Iterable[tuple[str, ItemSaid]]) -> Iterator[ItemSaid]:
    """Results with keys of their own: lines of one text become one, other results of the same code are counted.

    Args:
        found: each result with the type of its value (OBX-2), in the order of the message.
    """
    made: dict[str, ItemSaid] = {}
    for kind, one in found:
        before = made.get(one.key)
        if before is None:
            made[one.key] = one
        elif kind in LINES:
            made[one.key] = before.model_copy(update={"value": f"{before.value}\n{one.value}"})
        else:
            number = next(count for count in range(2, len(made) + 3) if f"{one.key}#{count}" not in made)
            made[f"{one.key}#{number}"] = one.model_copy(update={"key": f"{one.key}#{number}"})
    yield from made.values()
