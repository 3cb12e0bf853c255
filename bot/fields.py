"""Fields of an action's form in chat: the question, the words understood as a value, and a whole line cut into fields.

Pure but for the organisation tree it is handed. Checks no rule: the form itself does.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from bot import lines
from core.actions import Action
from core.dictionaries import KEY, known
from core.errors import Invalid
from staff.queries import OrgTree

_YES = ("是", "对", "好", "确认", "确定", "同意", "要", "yes", "y", "ok", "1")
_NO = ("否", "不", "不是", "不要", "取消", "no", "n", "0", "2")
_BETWEEN = re.compile(r"[、,，;；/和及\s]+")
_DAYS_AFTER = re.compile(r"^\s*(?:个)?\s*(?:工作日|天|日)?[，,、。；;\s]*")
_TAIL = re.compile(r"[（(](?P<words>[^（()）]{2,30})[)）]\s*$")

Values = dict[str, object]


def widget(info: FieldInfo) -> str:
    """How the field is filled on a page; chat goes by it too."""
    extra = info.json_schema_extra
    return str(extra.get("widget", "line")) if isinstance(extra, dict) else "line"


def choices(info: FieldInfo) -> dict[str, str]:
    """Label → value of a choice; empty for other fields."""
    kind = info.annotation
    if isinstance(info.json_schema_extra, dict) and KEY in info.json_schema_extra:
        return {word: word for word in known(str(info.json_schema_extra[KEY]))}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {member.value: member.value for member in kind}
    if get_origin(kind) is Literal:
        extra = info.json_schema_extra
        labels = extra.get("labels") if isinstance(extra, dict) else None
        named: Mapping[str, object] = labels if isinstance(labels, dict) else {}
        return {str(named.get(value, value)): str(value) for value in get_args(kind)}
    return {}


def question(info: FieldInfo) -> str:
    """What to ask for this field."""
    asked = info.description or f"请填写{info.title}"
    offered = choices(info)
    return f"{asked}（{'、'.join(offered)}）" if offered else asked


def is_yes(text: str) -> bool | None:
    """Yes, no, or neither."""
    plain = lines.fold(text).strip(" ,.。!！")
    return True if plain in _YES else False if plain in _NO else None


def value(info: FieldInfo, text: str) -> object:
    """A chat line as the value of one field.

    Raises:
        Invalid: it cannot be understood; says what is expected.
    """
    how = widget(info)
    if how == "days":
        counted = lines.count(text)
        if counted is None:
            raise Invalid(f"{info.title}：请发数字，例如 3")
        return counted[0]
    if how == "yes_no":
        said = is_yes(text)
        if said is None:
            raise Invalid(f"{info.title}：请发“是”或“否”")
        return said
    if offered := choices(info):
        return _choice(info, offered, text)
    if how == "departments":
        return [part for part in _BETWEEN.split(text) if part]
    return text


def _choice(info: FieldInfo, offered: dict[str, str], text: str) -> str:
    plain = lines.fold(text).strip(" ,.。!！")
    labels = list(offered)
    if plain.isdecimal() and 1 <= int(plain) <= len(labels):
        return offered[labels[int(plain) - 1]]
    for label, kept in offered.items():
        if plain in (lines.fold(label), kept):
            return kept
    begun = [label for label in labels if plain and lines.fold(label).startswith(plain)]
    if len(begun) == 1:
        return offered[begun[0]]
    raise Invalid(f"{info.title}：请从“{'、'.join(labels)}”中选一项")


def from_line(action: Action, rest: str, tree: OrgTree) -> Values:
    """What a line's tail says for the fields of an action; whatever it does not say is left out."""
    fields = action.form.model_fields
    if not rest or not fields:
        return {}
    found, rest = _tail_choices(fields, rest)
    if only := _only_days(fields, rest):
        return found | only
    if action.line and (match := re.fullmatch(action.line, _with_digits(rest), re.DOTALL)):
        return found | {name: text.strip() for name, text in match.groupdict().items() if text}
    for name, info in fields.items():
        if not rest:
            break
        if name in found:
            continue
        taken, rest = _take(info, rest, tree, alone=_last_text(fields) == name)
        if taken is not None:
            found[name] = taken
    return found


def _only_days(fields: Mapping[str, FieldInfo], rest: str) -> Values:
    """ "3天" says how many days and nothing else; a pattern might take the unit for words."""
    counted = lines.count(rest)
    if counted is None or _DAYS_AFTER.sub("", counted[1]):
        return {}
    return {name: counted[0] for name, info in fields.items() if widget(info) == "days"}


def _tail_choices(fields: Mapping[str, FieldInfo], rest: str) -> tuple[Values, str]:
    """Choices named in brackets at the end, "…（不属实，未解决）", when all words in them are such choices."""
    match = _TAIL.search(rest)
    if match is None:
        return {}, rest
    found: Values = {}
    for word in filter(None, _BETWEEN.split(match["words"])):
        for name, info in fields.items():
            if name not in found and word in choices(info):
                found[name] = choices(info)[word]
                break
        else:
            return {}, rest
    return found, rest[: match.start()].strip()


def _last_text(fields: Mapping[str, FieldInfo]) -> str:
    """The field that takes the words: the first required text, else the first text."""
    texts = [name for name, info in fields.items() if widget(info) in ("text", "line")]
    required = [name for name in texts if fields[name].is_required()]
    return (required or texts or [""])[0]


def _take(info: FieldInfo, rest: str, tree: OrgTree, *, alone: bool) -> tuple[object | None, str]:
    """The value this field finds at the beginning of the words, and what is left of them."""
    how = widget(info)
    if how == "days":
        counted = lines.count(rest)
        return (counted[0], _DAYS_AFTER.sub("", counted[1])) if counted else (None, rest)
    if how in ("department", "departments"):
        first, _, more = rest.partition(" ")
        names = [
            part for part in re.split(r"[、,，;；]", first.removeprefix("给").removeprefix("到")) if part
        ]
        known = [name for name in names if knows(tree, name)]
        if not known:
            return None, rest
        return (names if how == "departments" else known[0]), more.strip()
    return (rest, "") if alone else (None, rest)


def knows(tree: OrgTree, name: str) -> bool:
    """Whether a department goes by this name, even if several do."""
    return tree.find(name) is not None or any(name in unit.names for unit in tree.below())


def _with_digits(text: str) -> str:
    """ "三天 …" as "3天 …": forms read digits."""
    counted = lines.count(text)
    return f"{counted[0]}{counted[1]}" if counted and not text[:1].isdigit() else text
