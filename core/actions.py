"""The register of actions: each verb once, with its form and words, however it is reached.

Page buttons, card buttons, chat commands, the API and its OpenAPI document are drawn from here.
Holds declarations only; whether a step is allowed now is asked of the package that owns the subject.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from core.actor import Actor
from core.errors import Fault, Invalid

Tone = Literal["primary", "success", "danger", "secondary"]
Widget = Literal[
    "line", "text", "days", "date", "department", "departments", "staff", "choice", "yes_no", "files"
]


class Form(BaseModel):
    """What an action needs beside its subject; titles are the labels, descriptions the questions asked in chat."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Nothing(Form):
    """An action that needs nothing more."""


class Runs(Protocol):
    """The function of an action: locks, checks, changes, writes history and audit, announces."""

    def __call__(self, subject_id: int, form: Any, /, *, by: Actor) -> Awaitable[Any]: ...


@dataclass(frozen=True, slots=True)
class Action:
    """One verb on one kind of subject."""

    subject: str
    verb: str
    label: str
    run: Runs
    form: type[Form] = Nothing
    words: tuple[str, ...] = ()
    line: str = ""
    said: str = "已完成"
    tone: Tone = "secondary"
    ask: str = ""
    help: str = ""

    @property
    def name(self) -> str:
        """ "ticket.sign"."""
        return f"{self.subject}.{self.verb}"

    def parse(self, data: Mapping[str, Any]) -> Form:
        """The form filled with `data`.

        Raises:
            Invalid: with a fault for each field.
        """
        try:
            return self.form.model_validate(data)
        except ValidationError as error:
            raise Invalid("填写的内容有误", details=faults_of(error, self.form)) from None


REGISTER: dict[str, Action] = {}


def action(
    subject: str,
    verb: str,
    *,
    label: str,
    form: type[Form] = Nothing,
    words: tuple[str, ...] = (),
    line: str = "",
    said: str = "已完成",
    tone: Tone = "secondary",
    ask: str = "",
    help: str = "",
) -> Callable[[Runs], Runs]:
    """Declare the function below as an action.

    Args:
        subject: kind of thing acted on, "case" or "ticket".
        verb: the verb in English, as in the state table.
        label: the word on the button.
        form: what must be filled in.
        words: other words that people type for it.
        line: regular expression with named groups, the form's fields, for what follows the number in a
            chat line; when empty and the form needs one text, all that follows is that text.
        said: the sentence back; {number} is the subject's number.
        tone: how the button looks.
        ask: a question that must be answered yes before it is done; empty when none.
        help: one line for the bot's help.
    """

    def declare(run: Runs) -> Runs:
        name = f"{subject}.{verb}"
        if name in REGISTER:
            raise ValueError(f"action {name} is declared twice")
        REGISTER[name] = Action(subject, verb, label, run, form, words, line, said, tone, ask, help)
        return run

    return declare


def of(subject: str) -> list[Action]:
    """The actions on one kind of subject, in the order of their declaration."""
    return [entry for entry in REGISTER.values() if entry.subject == subject]


def faults_of(error: ValidationError, form: type[BaseModel]) -> tuple[Fault, ...]:
    """pydantic's complaints as faults with the labels of the screen and Chinese reasons."""
    faults = []
    for entry in error.errors():
        field = str(entry["loc"][0]) if entry["loc"] else ""
        info = form.model_fields.get(field)
        value = entry.get("input")
        faults.append(
            Fault(
                field=field,
                label=(info.title if info and info.title else field),
                reason=reason(entry["type"], entry.get("ctx", {}), entry["msg"]),
                value="" if value is None or isinstance(value, (dict, list)) else str(value)[:100],
            )
        )
    return tuple(faults)


_REASONS = {
    "missing": "必填",
    "string_too_short": "不能少于 {min_length} 个字",
    "string_too_long": "不能超过 {max_length} 个字",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "greater_than": "必须大于 {gt}",
    "less_than": "必须小于 {lt}",
    "int_parsing": "必须是整数",
    "int_type": "必须是整数",
    "bool_parsing": "只能是“是”或“否”",
    "date_from_datetime_parsing": "日期格式应为 2026-11-21",
    "datetime_from_date_parsing": "时间格式应为 2026-11-21 09:30",
    "datetime_parsing": "时间格式应为 2026-11-21 09:30",
    "enum": "只能是：{expected}",
    "literal_error": "只能是：{expected}",
    "too_short": "至少选择 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "extra_forbidden": "没有这一项",
    "string_pattern_mismatch": "格式不对",
    "string_type": "必须是文字",
    "list_type": "必须是列表",
    "uuid_parsing": "不是合法的编号",
    "uuid_type": "不是合法的编号",
}


def reason(kind: str, context: Mapping[str, Any], message: str) -> str:
    """One Chinese sentence for one of pydantic's error types; our own messages pass as they are."""
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    text = _REASONS.get(kind)
    return text.format_map({**context}) if text else message
