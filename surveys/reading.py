"""A definition from outside (the designer, a file): read strictly, each fault with its place; and written for a file.

Broken or hostile JSON is refused here, before anything looks at it. Keeps nothing.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from core.actions import reason
from core.errors import Fault, Invalid
from surveys.definition import Definition

FORMAT = "huiyin.form"
VERSION = 1
MOST_BYTES = 1_000_000
DEEPEST = 60


def definition_of(raw: Any) -> Definition:
    """The definition that a piece of JSON describes; it may be unfinished, but its shape is right.

    Raises:
        Invalid: `details` name each place, "pages.0.items.2.options.1.label".
    """
    if _too_deep(raw):
        raise Invalid("表单内容有误", details=[Fault(field="", label="表单", reason="嵌套太深")])
    try:
        return Definition.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:50]
        inner = {step for entry in found for step in _above(entry["loc"])}
        faults = [
            Fault(
                field=".".join(str(step) for step in entry["loc"]),
                label=_place(raw, entry["loc"]),
                reason=reason(entry["type"], entry.get("ctx", {}), entry["msg"]),
            )
            for entry in found
            if entry["loc"]
            not in inner  # of a list with faulty entries pydantic also says that it is too short
        ]
        raise Invalid("表单内容有误", details=faults) from None


def _above(steps: tuple[int | str, ...]) -> list[tuple[int | str, ...]]:
    return [steps[:at] for at in range(len(steps))]


def from_file(data: bytes) -> Definition:
    """The definition in a file that `to_file` wrote.

    Raises:
        Invalid: not such a file, or its definition is faulty.
    """
    try:
        raw = orjson.loads(data) if len(data) <= MOST_BYTES else None
    except orjson.JSONDecodeError as error:
        raise Invalid(f"不是有效的 JSON 文件（第 {error.lineno} 行第 {error.colno} 个字符）") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or raw.get("version") != VERSION:
        raise Invalid("不是本系统导出的表单文件，或文件太大")
    return definition_of(raw.get("definition"))


def to_file(definition: Definition, kind: str) -> bytes:
    """The definition as a file for another hospital, or for safe keeping."""
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "definition": definition.model_dump(mode="json", exclude_none=True),
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2)


def _too_deep(raw: Any) -> bool:
    level, deep = [raw], 0
    while level:
        deep += 1
        if deep > DEEPEST:
            return True
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return False


def _place(raw: Any, steps: Sequence[int | str]) -> str:
    """ "第 1 页第 3 题“…”" for people; the plain path stands in the fault's field."""
    if len(steps) >= 4 and steps[0] == "pages" and steps[2] == "items":
        page, item = int(steps[1]), int(steps[3])
        found = raw["pages"][page]["items"][item]
        title = str(found.get("title", ""))[:30] if isinstance(found, dict) else ""
        return f"第 {page + 1} 页第 {item + 1} 项{f'“{title}”' if title else ''}"
    return "表单"
