"""An HL7 v2 message as text with separators (ER7, HL7 v2.x chapter 2): segments, fields, repetitions, components.

Knows where a value stands, so that a fault can be named by segment and field. Judges no content and knows no charset:
a message is decoded before it is cut, since GBK has `|`, `^` and `\\` among its second bytes.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

CLEARED = '""'  # said to be empty (HL7 v2.x 2.5.3: the null value)
_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<when>\d+)(?:\.(?P<part>\d+))?=(?P<equals>[^\]]+)\])?"
    r"-(?P<field>\d+)(?:\[(?P<rep_part>\d+)=(?P<rep_equals>[^\]]*)\])?"
    r"(?:\.(?P<component>\d+)(?:\.(?P<sub>\d+)|\+(?P<to>\d+))?)?"
)


class NotHl7(Exception):
    """The text is no HL7 message; the message says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that part a message: `|^~\\&` nearly always."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value stands: `PID-5.1`, `PID-3[5=MR].1` (the repetition whose 5th part is MR; `[5=]`: which has none),
    `OBX[3.1=IMP]-5`, `PV1-7.2+3` (a name of which the 2nd part is the family's, the 3rd the given one).
    """

    text: str
    segment: str
    field: int
    component: int | None = None
    sub: int | None = None
    when: tuple[int, int, str] | None = None
    rep: tuple[int, str] | None = None
    given: int | None = None


@lru_cache(maxsize=4096)
def path(text: str) -> Path:
    """Read a path.

    Raises:
        ValueError: it is none.
    """
    found = _PATH.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} 不是字段位置，应如 PID-5.1 或 PID-3[5=MR].1")
    when = (int(found["when"]), int(found["part"] or 1), found["equals"]) if found["when"] else None
    rep = (int(found["rep_part"]), found["rep_equals"]) if found["rep_part"] else None
    component, sub, given = (int(found[name]) if found[name] else None for name in ("component", "sub", "to"))
    if int(found["field"]) < 1 or 0 in (component, sub, given):
        raise ValueError(f"{text!r}：字段和组成部分从 1 数起")
    return Path(text.strip(), found["segment"], int(found["field"]), component, sub, when, rep, given)


@dataclass(frozen=True, slots=True)
class Segment:
    """One line; `fields[0]` is its name, so that numbers are those of the standard."""

    name: str
    fields: tuple[str, ...]
    text: str
    by: Separators

    def raw(self, field: int) -> str:
        """A field as it stands, "" when there is none."""
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The repetitions of a field as they stand."""
        raw = self.raw(field)
        return raw.split(self.by.repetition) if raw else []

    def at(self, where: Path) -> Iterator[str]:
        """What the repetitions of a field, which the path means, hold there."""
        for raw in self.repetitions(where.field):
            if where.rep is not None and self.part(raw, where.rep[0]) != where.rep[1]:
                continue
            if where.given is None or raw == CLEARED:
                yield self.part(raw, where.component, where.sub)
            else:
                yield whole_name(self.part(raw, where.component), self.part(raw, where.given))

    def part(self, raw: str, component: int | None, sub: int | None = None) -> str:
        """A component of one repetition, unescaped; without a number the whole, its parts joined by blanks."""
        if raw == CLEARED:
            return CLEARED
        if component is None:
            return unescape(raw.replace(self.by.component, " ").replace(self.by.sub, " ").strip(), self.by)
        parts = raw.split(self.by.component)
        found = parts[component - 1] if component <= len(parts) else ""
        if sub is not None:
            subs = found.split(self.by.sub)
            found = subs[sub - 1] if sub <= len(subs) else ""
        elif self.by.sub in found:
            found = found.split(self.by.sub)[0]
        return found if found == CLEARED else unescape(found.strip(), self.by)


@dataclass(frozen=True, slots=True)
class Message:
    """Segments in their order; a group of a message is one too."""

    segments: tuple[Segment, ...]
    around: "Message | None" = (
        None  # of a group: what stands before the first of its kind and is said of each
    )

    def all(self, name: str) -> list[Segment]:
        """The segments of a name."""
        return [segment for segment in self.segments if segment.name == name]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name, in the group or else in the whole message."""
        found = next((segment for segment in self.segments if segment.name == name), None)
        return found if found is not None or self.around is None else self.around.first(name)

    def value(self, where: Path) -> str:
        """What stands there, unescaped; "" when nothing does, `CLEARED` when it is said to be empty."""
        segment = self._segment(where)
        if segment is None:
            return ""
        if where.segment == "MSH" and where.field <= 2:
            return segment.raw(where.field)
        return next(filter(None, segment.at(where)), "")

    def values(self, where: Path) -> list[str]:
        """All that stands there: of each segment, of each repetition; what is empty or said to be so is left out."""
        found = [segment for segment in self.all(where.segment) if _is(segment, where)]
        if not found and (one := self._segment(where)) is not None:
            found = [one]
        return [text for segment in found for text in segment.at(where) if text not in ("", CLEARED)]

    def get(self, text: str) -> str:
        """`value` of a path given as text; `CLEARED` counts as nothing."""
        found = self.value(path(text))
        return "" if found == CLEARED else found

    def _segment(self, where: Path) -> Segment | None:
        if where.when is None:
            return self.first(where.segment)
        found = next((segment for segment in self.all(where.segment) if _is(segment, where)), None)
        if found is not None or self.around is None:
            return found
        return self.around._segment(where)  # noqa: SLF001 - its own kind

    def groups(self, start: str, leading: Sequence[str] = ()) -> Iterator["Message"]:
        """The parts that begin with a segment of this name; a `leading` one just before belongs to what follows.

        What one of them lacks is looked for before the first, never in another: no report has the words of its neighbour.
        """
        begins: list[int] = []
        for at, segment in enumerate(self.segments):
            if segment.name == start:
                lead = at
                while lead > 0 and self.segments[lead - 1].name in leading:
                    lead -= 1
                begins.append(lead)
        head = Message(self.segments[: begins[0]], self.around) if begins else None
        for begin, end in itertools.pairwise([*begins, len(self.segments)]):
            yield Message(self.segments[begin:end], head)

    def single(self, segment: Segment) -> "Message":
        """One segment as a group of this message."""
        return Message((segment,), self)


def _is(segment: Segment, where: Path) -> bool:
    """Whether a path means this segment of its name."""
    if where.when is None:
        return True
    field, part, equals = where.when
    return any(segment.part(raw, part) == equals for raw in segment.repetitions(field)[:1])


def whole_name(family: str, given: str) -> str:
    """A name of its two parts. Of a Chinese name some senders write the whole as the family's, and letters (pinyin) or
    the given name once more beside it.
    """
    if CLEARED in (family, given) or not family or not given:
        return family if family not in ("", CLEARED) else given
    if family.isascii() != given.isascii():
        return given if family.isascii() else family
    if family.isascii():
        return f"{family} {given}"
    return family if len(family) > len(given) and family.endswith(given) else family + given


def parse(text: str) -> Message:
    """Cut a message into its segments.

    Raises:
        NotHl7: it does not begin with a whole MSH, a line has no segment name, or another message follows in it.
    """
    lines = [line for line in re.split(r"\r\n|\r|\n", text.strip("\r\n\x00 ")) if line.strip()]
    if lines and lines[0].startswith(("FHS", "BHS")):
        raise NotHl7("不接收批量消息（FHS、BHS），请对方逐条发送")
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 9:
        raise NotHl7("不是 HL7 消息：没有以 MSH 开头")
    by = _separators(lines[0])
    segments: list[Segment] = []
    for at, line in enumerate(lines, start=1):
        fields = line.split(by.field)
        name = fields[0].strip()
        if not re.fullmatch(r"[A-Z][A-Z0-9]{2}", name):
            raise NotHl7(f"第 {at} 行不是消息段：{line[:20]!r}")
        if name == "MSH" and segments:
            raise NotHl7(f"第 {at} 行又是 MSH：一帧中有两条消息，请对方逐条发送")
        if name == "MSH":
            fields = ["MSH", by.field, *fields[1:]]
        segments.append(Segment(name, tuple(fields), line, by))
    return Message(tuple(segments))


def _separators(line: str) -> Separators:
    field = line[3]
    marks = line[4:].split(field, 1)[0]
    if (
        field.isalnum()
        or field.isspace()
        or len(marks) < 3
        or len(set(field + marks[:4])) != 1 + len(marks[:4])
    ):
        raise NotHl7("MSH-1、MSH-2 中的分隔符有误")
    return Separators(field, marks[0], marks[1], marks[2], marks[3] if len(marks) > 3 else "&")


def unescape(text: str, by: Separators) -> str:
    """The text with its escape sequences resolved (HL7 v2.x 2.7); one that is not known stays as it stands."""
    if by.escape not in text:
        return text
    mark = re.escape(by.escape)
    return re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _meant(found[1], found[0], by), text)


def _meant(code: str, whole: str, by: Separators) -> str:
    simple = {
        "F": by.field,
        "S": by.component,
        "R": by.repetition,
        "E": by.escape,
        "T": by.sub,
        "H": "",
        "N": "",
        ".br": "\n",
        ".sp": "\n",
    }
    if code in simple:
        return simple[code]
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
        for charset in ("utf-8", "gb18030"):  # the code names bytes and does not say of which charset
            try:
                return bytes.fromhex(code[1:]).decode(charset)
            except UnicodeDecodeError:
                continue
    return whole


def escape(text: str, by: Separators | None = None) -> str:
    """A text as it may stand in a field."""
    marks = by or Separators()
    table = {marks.escape: "E", marks.field: "F", marks.component: "S", marks.repetition: "R", marks.sub: "T"}
    escaped = "".join(
        f"{marks.escape}{table[char]}{marks.escape}" if char in table else char for char in text
    )
    return escaped.replace("\r", f"{marks.escape}.br{marks.escape}").replace("\n", "")
