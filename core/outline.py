"""What a message is made of, without what people wrote in it: names of fields, codes, times and small numbers stay.

For whoever repairs machines and need not read complaints. JSON and XML keep their shape; of anything else only the size
is told. A value is shown when it can hold no words and no person's number; everything else is told by its length.
"""

import re
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MARK = "〔"  # begins what stands for something hidden; nobody may save it as content
_CODE = re.compile(r"[A-Za-z0-9_.:/+@|#-]{0,64}")
_LONG = re.compile(r"\d{7,}")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_MOST = 10_000_000  # numbers beyond may be a telephone's; of time stamps it is no loss


@dataclass(frozen=True, slots=True)
class Outline:
    """The text to be shown, and how many values in it are hidden."""

    text: str
    hidden: int


class _Hider:
    def __init__(self) -> None:
        self.hidden = 0

    def hide(self, text: str) -> str:
        self.hidden += 1
        return f"{MARK}{len(text)} 字〕"

    def text(self, text: str) -> str:
        if _STAMP.fullmatch(text) or (_CODE.fullmatch(text) and not _LONG.search(text)):
            return text
        return self.hide(text)

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(name): self.value(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= _MOST:
            return self.hide(str(value))
        return value

    def element(self, element: Element, depth: int) -> list[str]:
        said = (element.text or "").strip()
        begin = f"{'  ' * depth}{element.tag.rpartition('}')[2]}"
        marks = "".join(f" {name}={self.text(text)}" for name, text in element.attrib.items())
        lines = [f"{begin}{marks}：{self.text(said)}" if said else f"{begin}{marks}"]
        for inner in element:
            lines += self.element(inner, depth + 1)
        return lines


def outline(text: str) -> Outline:
    """Of a whole message."""
    hider = _Hider()
    try:
        told = hider.value(orjson.loads(text))
        return Outline(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode(), hider.hidden)
    except (orjson.JSONDecodeError, RecursionError):
        hider = _Hider()
    try:
        return Outline("\n".join(hider.element(fromstring(text), 0)), hider.hidden)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        return Outline(f"{MARK}{len(text)} 字，不是 JSON 或 XML〕" if text else "", 1 if text else 0)
