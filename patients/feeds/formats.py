"""One reader for each kind of link: from the bytes of a message to what it says. Keeps nothing, opens no port."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from patients.feeds import mapping
from patients.feeds.documents import mapping as tree_mapping
from patients.feeds.documents import parsing
from patients.feeds.documents import reading as tree_reading
from patients.feeds.documents.mapping import TreeMapping
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import reading
from patients.feeds.hl7.message import NotHl7, parse
from patients.feeds.hl7.reading import Reading
from patients.feeds.mapping import FeedMapping
from staff.tree import OrgTree

AnyMapping = FeedMapping | TreeMapping


@dataclass(frozen=True, slots=True)
class How:
    """How a link's messages are read."""

    kind: str
    mapping: str
    charset: str
    domain: str
    codes: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # laid over the tables of the mapping


def check(kind: str, name: str) -> AnyMapping:
    """The mapping of this name, fit for this kind of link.

    Raises:
        MappingError: there is none, it is faulty, or it speaks of other messages.
    """
    found = load(name)
    if isinstance(found, FeedMapping) != (kind == "hl7"):
        words = "这个文件不是 HL7 的映射" if kind == "hl7" else "这个文件是 HL7 的映射"
        raise mapping.MappingError(name, [words])
    return found


def rules(kind: str, name: str, codes: Mapping[str, Mapping[str, str]]) -> AnyMapping:
    """The mapping of a link: the file, and over its code tables what was said of values of this link.

    Raises:
        MappingError: as `check`.
    """
    found = check(kind, name)
    if not codes:
        return found
    tables = {**found.codes} | {
        table: {**found.codes[table], **said} for table, said in codes.items() if table in found.codes
    }
    return replace(found, codes=tables)


def load(name: str) -> AnyMapping:
    """The mapping of this name, whatever it speaks of.

    Raises:
        MappingError: there is none, or it is faulty.
    """
    return mapping.load(name) if mapping.format_of(name) == "hl7" else tree_mapping.load(name)


def typed(name: str, text: str) -> AnyMapping:
    """A mapping from text, as it is tried on a page; what it extends is read from the files.

    Raises:
        MappingError: it is faulty.
    """
    given = mapping.typed(name, text)
    is_hl7 = given.get("format", "hl7") == "hl7"
    return mapping.build(name, given) if is_hl7 else tree_mapping.build(name, given)


def offered(kind: str, chosen: str = "") -> list[tuple[str, str]]:
    """The mapping files meant for this kind of link, and the one it has, each with its words: (name, words).

    Faulty ones too, so that whoever picks one is told why it will not do.
    """
    found = []
    for name in mapping.names():
        try:
            fits, words = mapping.format_of(name) in _meant(kind), f"{load(name).title}（{name}）"
        except mapping.MappingError:
            fits, words = True, f"{name}（有误）"
        if fits or name == chosen:
            found.append((name, words))
    return found


def _meant(kind: str) -> tuple[str, ...]:
    return (kind,) if kind == "hl7" else (kind, "tree")


def tree_of(kind: str, body: bytes) -> Tree:
    """The tree of a message.

    Raises:
        ReadFault: it is none.
    """
    return parsing.xml_tree(body) if kind == "soap" else parsing.json_tree(body)


def read(how: How, body: bytes, tree: OrgTree, *, received: datetime) -> Reading:
    """What a message of a link says; `received` is when it came.

    Raises:
        ReadFault: it cannot be taken as it is.
    """
    try:
        known = rules(how.kind, how.mapping, how.codes)
    except mapping.MappingError as error:
        raise ReadFault("映射", str(error)) from None
    if isinstance(known, TreeMapping):
        # What was kept of a SOAP or JSON body is one message of it, as JSON.
        return tree_reading.read(parsing.json_tree(body), known, tree, received=received, domain=how.domain)
    try:
        return reading.read(parse(decoded(body, how.charset)), known, tree, domain=how.domain)
    except NotHl7 as error:
        raise ReadFault("MSH", str(error)) from None


def decoded(body: bytes, charset: str) -> str:
    """The text of a message in its link's charset.

    Raises:
        ReadFault: a byte does not belong there; the segment is named.
    """
    whole = body.strip(b"\x00")
    if b"\x00" in whole:  # no column holds it
        segment, number = _segment_at(whole, whole.index(b"\x00"))
        raise ReadFault(segment, f"第 {number} 段有空字符（0x00）")
    try:
        return body.decode(charset)
    except UnicodeDecodeError as error:
        segment, number = _segment_at(body, error.start)
        raise ReadFault(
            segment, f"第 {number} 段有不属于 {charset} 的字节（0x{body[error.start]:02X}）"
        ) from None


def _segment_at(body: bytes, at: int) -> tuple[str, int]:
    """Name and number of the segment in which a byte stands."""
    lines = body[:at].replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    return lines[-1][:3].decode("ascii", "replace") or "MSH", len(lines)
