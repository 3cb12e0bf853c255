"""From bytes to a tree: JSON and XML, within bounds of size and depth, without anything XML could fetch or blow up.

An element of XML becomes an object of its children by their local names (several of one name a list), attributes with
`@`; one that holds only text becomes that text.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault

DEEPEST = 60
NUL = b"\\u0000"  # how JSON writes it
BOM = b"\xef\xbb\xbf"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def json_tree(body: bytes) -> Tree:
    """The tree of a JSON text.

    Raises:
        ReadFault: it is none, or holds a NUL.
    """
    try:
        found = orjson.loads(body.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        raise ReadFault(f"第 {error.lineno} 行第 {error.colno} 列", "不是合法的 JSON") from None
    if NUL in body:
        check(found)
    return found


def check(tree: Tree) -> None:
    """Pass when no text of a tree holds a NUL (no column does) and it is not too deep.

    Raises:
        ReadFault: with the path.
    """
    border: list[tuple[Any, str, int]] = [(tree, "", 0)]
    while border:
        one, where, depth = border.pop()
        if depth > DEEPEST:
            raise ReadFault(where[:200], f"嵌套超过 {DEEPEST} 层")
        if isinstance(one, str):
            if "\x00" in one:
                raise ReadFault(where, "有空字符（0x00）")
        elif isinstance(one, dict):
            border += [(value, f"{where}.{key}".lstrip("."), depth + 1) for key, value in one.items()]
        elif isinstance(one, list):
            border += [(value, f"{where}[{at}]", depth + 1) for at, value in enumerate(one)]


def xml_tree(body: bytes) -> dict[str, Tree]:
    """The tree of an XML text: one object with the root's name.

    Raises:
        ReadFault: it is none, or holds what no message of a hospital needs (a DTD, entities).
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        raise ReadFault(f"第 {line} 行第 {column} 列", "不是合法的 XML") from None
    except DefusedXmlException:
        raise ReadFault("XML", "不接受 DTD 和实体定义") from None
    except (ValueError, LookupError):
        raise ReadFault("XML", "编码声明有误") from None
    return {_name(root.tag): _opened(root, 0)}


def _name(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _opened(element: Element, depth: int) -> Tree:
    if depth > DEEPEST:
        raise ReadFault(_name(element.tag), f"嵌套超过 {DEEPEST} 层")
    if element.get(NIL) in ("true", "1"):
        return None
    found: dict[str, Tree] = {f"@{_name(key)}": value for key, value in element.attrib.items()}
    for child in element:
        name, below = _name(child.tag), _opened(child, depth + 1)
        if name not in found:
            found[name] = below
        elif isinstance(found[name], list):
            found[name].append(below)
        else:
            found[name] = [found[name], below]
    text = (element.text or "").strip()
    if not found:
        return text
    if text:
        found["#text"] = text
    return found
