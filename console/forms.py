"""Draws and reads the form of an action: a pydantic `Form` becomes controls, a posted form becomes the `Form`.

Knows nothing of what the form is for. `templates/components/forms.html: fields` draws what `controls` gives.
"""

import hmac
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from aiohttp import web
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core import crypto, storage
from core.actions import Form, faults_of
from core.actor import Actor
from core.dictionaries import KEY, known
from core.errors import Fault, Invalid
from staff.sessions import CSRF_FIELD

F = TypeVar("F", bound=Form)
_SEAL = "."  # between the id of a file and what proves who brought it here
LONG = 120  # a text that may be longer than this gets a box of several lines
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Control:
    """One control: `widget` names the macro that draws it, `value` is text or, of many, a tuple of texts."""

    name: str
    label: str
    widget: str
    hint: str = ""
    required: bool = False
    value: str | tuple[str, ...] = ""
    options: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    longest: int | None = None
    low: int | None = None
    high: int | None = None


def controls(
    form: type[Form],
    values: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    options: Mapping[str, Options] | None = None,
) -> list[Control]:
    """The controls of a form, in the order of its fields.

    Args:
        form: titles are labels, descriptions are hints, `json_schema_extra={"widget": …}` picks the control.
        values: what to show; the defaults where a field is not named.
        faults: shown beside their fields.
        options: what may be chosen, by field name; of a `StrEnum` or `Literal` it is known.
    """
    wrong = {fault.field: fault.reason for fault in faults}
    made = []
    for name, field in form.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        bounds = _bounds(field)
        made.append(
            Control(
                name=name,
                label=field.title or name,
                widget=str(extra.get("widget") or _widget(field, bounds)),
                hint=field.description or "",
                required=field.is_required() or bool(bounds.get("shortest")),
                value=_text((values or {}).get(name, _default(field))),
                options=tuple((options or {}).get(name, ())) or _options(field, extra),
                fault=wrong.get(name, ""),
                longest=bounds.get("longest"),
                low=bounds.get("low"),
                high=bounds.get("high"),
            )
        )
    return made


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The type without "or None", and whether it is a list of that type."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return _bare(get_args(annotation)[0])[0], True
    return annotation, False


def _bounds(field: FieldInfo) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in field.metadata:
        match entry:
            case MaxLen(max_length=most):
                found["longest"] = most
            case MinLen(min_length=least):
                found["shortest"] = least
            case Ge(ge=int(low)):
                found["low"] = low
            case Gt(gt=int(low)):
                found["low"] = low + 1
            case Le(le=int(high)):
                found["high"] = high
            case Lt(lt=int(high)):
                found["high"] = high - 1
    return found


def _widget(field: FieldInfo, bounds: Mapping[str, int]) -> str:
    bare, many = _bare(field.annotation)
    if many:
        return "choices"
    if get_origin(bare) is Literal or (isinstance(bare, type) and issubclass(bare, StrEnum)):
        return "choice"
    simple: dict[Any, str] = {bool: "yes_no", int: "number", datetime: "moment", date: "date"}
    if bare in simple:
        return simple[bare]
    return "text" if bounds.get("longest", 0) > LONG else "line"


def _options(field: FieldInfo, extra: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    labels = extra.get("labels", {})
    if KEY in extra:
        return tuple((word, word) for word in known(str(extra[KEY])))
    bare, _ = _bare(field.annotation)
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return tuple((member.value, str(labels.get(member.value, member.value))) for member in bare)
    if get_origin(bare) is Literal:
        return tuple((str(value), str(labels.get(str(value), value))) for value in get_args(bare))
    return ()


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)


def _text(value: Any) -> str | tuple[str, ...]:
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(_text(entry)) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


async def posted(request: web.Request, form: type[Form], *, by: Actor | None = None) -> dict[str, Any]:
    """What was typed, by field, as `controls` takes it back when it is faulty; files are kept, receipts stand for them.

    An empty control counts as not filled in, so that the form's own default holds. A file is named by its receipt, which
    holds for this person on this page: the id of any other file is somebody's word and falls away.
    """
    data = await request.post()
    given: dict[str, Any] = {}
    for name in dict.fromkeys(data):
        if name == CSRF_FIELD:
            continue
        field = form.model_fields.get(name)
        if field is not None and _takes_files(field):
            values = [await _receipt(request, value, by) for value in data.getall(name)]
        else:
            values = [_typed(value) for value in data.getall(name)]
        filled = [value for value in values if value.strip()]
        if field is not None and _bare(field.annotation)[1]:
            given[name] = filled
        elif filled:
            given[name] = filled[-1]
    return given


def _takes_files(field: FieldInfo) -> bool:
    return isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("widget") == "files"


def _typed(value: "str | bytes | bytearray | web.FileField") -> str:
    if isinstance(value, str):
        return value
    return "" if isinstance(value, web.FileField) else bytes(value).decode(errors="replace")


async def _receipt(
    request: web.Request, value: "str | bytes | bytearray | web.FileField", by: Actor | None
) -> str:
    """The receipt of a file that came, or one that was given for it before; "" for what is neither."""
    if isinstance(value, web.FileField):
        data = value.file.read()
        if not data or by is None:
            return ""
        file_id = str((await storage.keep(value.filename, data, by=by)).id)
        return f"{file_id}{_SEAL}{_signature(request, file_id, by)}"
    file_id, _, signature = _typed(value).partition(_SEAL)
    good = by is not None and hmac.compare_digest(
        signature.encode(), _signature(request, file_id, by).encode()
    )
    return f"{file_id}{_SEAL}{signature}" if good else ""


def _signature(request: web.Request, file_id: str, by: Actor) -> str:
    return crypto.sign("form.file", f"{file_id}|{by.staff_id}|{request.path}")[:32]


def plain(form: type[Form], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was `posted`, with the ids of files in place of their receipts."""
    names = {name for name, field in form.model_fields.items() if _takes_files(field)}
    return {
        name: [str(one).partition(_SEAL)[0] for one in value] if name in names else value
        for name, value in given.items()
    }


def parse(form: type[F], given: Mapping[str, Any]) -> F:
    """The form filled with what was `posted`.

    Raises:
        Invalid: with a fault for each field.
    """
    try:
        return form.model_validate(plain(form, given))
    except ValidationError as error:
        raise Invalid("填写的内容有误", details=faults_of(error, form)) from None
