"""Mapping files: where each of our fields stands in a vendor's messages, and what their local codes mean.

A file is TOML and names only what differs from the file it extends. It is checked whole when it is loaded: unknown
fields, paths that are none, code tables that are missing, codes that mean nothing of ours. Reads no message.
"""

import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path as File
from typing import Any, Union, get_args, get_origin

from core.settings import settings
from patients.feeds.hl7.message import Path, path
from patients.rows import VisitKind
from patients.said import (
    AppointmentSaid,
    ContactSaid,
    DiagnosisSaid,
    DocumentSaid,
    IdentifierKind,
    ItemSaid,
    OrderSaid,
    PatientSaid,
    PlaceSaid,
    ReportSaid,
    SurgerySaid,
    VisitSaid,
)

FOLDER = File(__file__).parent / "mappings"
MODELS: Mapping[str, type[Any]] = {
    "patient": PatientSaid,
    "visit": VisitSaid,
    "diagnosis": DiagnosisSaid,
    "surgery": SurgerySaid,
    "contact": ContactSaid,
    "order": OrderSaid,
    "report": ReportSaid,
    "item": ItemSaid,
    "appointment": AppointmentSaid,
    "document": DocumentSaid,
    "place": PlaceSaid,
}
# Fields that are no field of a model: names of places, which become unit ids, and what the reader asks for itself.
PLACES = frozenset({"unit_name", "ward_name", "campus_name"})
MORE: Mapping[str, frozenset[str]] = {
    "visit": PLACES,
    "place": PLACES,
    "appointment": PLACES,
    "patient": frozenset({"allergy"}),
    "order": frozenset({"control", "dose_unit", "quantity_unit"}),
}
NOT_MAPPED = frozenset({"unit_id", "ward_id", "verb", "cleared", "extra", "weak", "items", "parts", "diagnoses", "surgeries",
                        "uses", "places", "identifiers", "contacts", "allergies", "key", "gone"})  # fmt: skip
SECTIONS = frozenset(
    {
        *set(MODELS) - {"place"},
        "merge",
        "identifiers",
        "segments",
        "codes",
        "title",
        "extends",
        "about",
        "format",
    }
)
FORMATS = ("hl7", "fhir", "json", "soap", "sql", "tree")  # what links there are; "tree": any but HL7


class MappingError(Exception):
    """A mapping file is faulty; each line of `faults` says where and why, in Chinese."""

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__(f"映射文件 {name} 有误：" + "；".join(faults))
        self.name = name
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a field stands: the first of `places` that holds anything; `codes` names the table of its codes."""

    places: tuple[Path, ...]
    codes: str = ""
    kind: type[Any] = str
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class FeedMapping:
    """A mapping file, checked."""

    name: str
    title: str
    about: str
    rules: Mapping[str, Mapping[str, Rule]]
    codes: Mapping[str, Mapping[str, str]]
    identifiers: Mapping[str, IdentifierKind]
    leave_out: frozenset[str] = field(default_factory=frozenset)


def names() -> list[str]:
    """The mapping files there are: ours, and those of the hospital's own folder."""
    return sorted({file.stem for folder in _folders() for file in folder.glob("*.toml")})


def _folders() -> list[File]:
    own = settings().mappings_folder
    return [own, FOLDER] if own is not None else [FOLDER]


@cache
def format_of(name: str) -> str:
    """Of what sort of messages a mapping file speaks: the kind of link ("sql": rows of a view), or "tree" for any that
    is not HL7; read once by each process.

    Raises:
        MappingError: there is none, or it cannot be read.
    """
    found = str(merged(name).get("format", "hl7"))
    if found not in FORMATS:
        raise MappingError(name, [f"format 只能是 {'、'.join(FORMATS)}"])
    return found


def extended(name: str) -> str:
    """The mapping that a file extends; "" for none, or when it cannot be read."""
    file = next(
        (folder / f"{name}.toml" for folder in _folders() if (folder / f"{name}.toml").is_file()), None
    )
    if file is None:
        return ""
    try:
        return str(tomllib.loads(file.read_text(encoding="utf-8")).get("extends", ""))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""


@cache
def load(name: str) -> FeedMapping:
    """The mapping of this name, read once by each process.

    Raises:
        MappingError: there is none, or it is faulty.
    """
    return build(name, merged(name))


def merged(name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The file of this name laid over what it extends, unchecked.

    Raises:
        MappingError: there is none, or it is no TOML.
    """
    file = next(
        (folder / f"{name}.toml" for folder in _folders() if (folder / f"{name}.toml").is_file()), None
    )
    if file is None or name in seen:
        raise MappingError(name, ["没有这个文件" if file is None else "extends 绕了一圈"])
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(name, [f"不是合法的 TOML：{error}"]) from None
    base = given.get("extends")
    return laid_over(merged(str(base), (*seen, name)), given) if base else given


def laid_over(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`more` laid over `base`, table by table; a rule, and the `when` of a part, is replaced whole."""
    found = dict(base)
    for key, value in more.items():
        old = found.get(key)
        is_rule = key == "when" or (isinstance(value, dict) and ("from" in value or "fixed" in value))
        found[key] = (
            laid_over(old, value)
            if isinstance(old, dict) and isinstance(value, dict) and not is_rule
            else value
        )
    return found


def typed(name: str, text: str) -> dict[str, Any]:
    """A mapping from text, as it is tried on a page, unchecked; what it extends is read from the files.

    Raises:
        MappingError: it is no TOML.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(name, [f"不是合法的 TOML：{error}"]) from None
    base = given.get("extends")
    return laid_over(merged(str(base)), given) if base else given


def build(name: str, given: Mapping[str, Any]) -> FeedMapping:
    """Check a mapping and make it.

    Raises:
        MappingError: with every fault it has.
    """
    faults = [f"没有 [{key}] 这一节" for key in given if key not in SECTIONS]
    codes = code_tables(given.get("codes", {}), faults)
    rules: dict[str, dict[str, Rule]] = {"merge": {}}
    for section in (*MODELS, "merge"):
        table = given.get(section, {})
        if not isinstance(table, dict):
            faults.append(f"[{section}] 应是一节")
            continue
        rules[section] = {
            key: rule
            for key, value in table.items()
            if (rule := _rule(section, key, value, codes, faults)) is not None
        }
    for section, key in (("patient", "number"), ("patient", "name"), ("visit", "number"), ("merge", "prior")):
        if key not in rules[section]:
            faults.append(f"[{section}] 缺少 {key}")
    identifiers = {}
    for key, value in given.get("identifiers", {}).items():
        if value in set(map(str, IdentifierKind)):
            identifiers[key] = IdentifierKind(value)
        else:
            faults.append(f"identifiers.{key}：没有“{value}”这种号码")
    if faults:
        raise MappingError(name, faults)
    leave_out = frozenset(map(str, given.get("segments", {}).get("no_items", [])))
    return FeedMapping(
        name, str(given.get("title", name)), str(given.get("about", "")), rules, codes, identifiers, leave_out
    )


def code_tables(given: Any, faults: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, entries in given.items():
        if not isinstance(entries, dict):
            faults.append(f"codes.{table} 应是一节")
            continue
        found[table] = {str(key): str(value) for key, value in entries.items()}
    return found


def _rule(
    section: str, key: str, value: Any, codes: Mapping[str, Mapping[str, str]], faults: list[str]
) -> Rule | None:
    where = f"{section}.{key}"
    kind = field_kind(section, key)
    if kind is None:
        faults.append(f"{where}：没有这个字段")
        return None
    given = value if isinstance(value, dict) else {"from": value}
    if unknown := set(given) - {"from", "codes", "fixed"}:
        faults.append(f"{where}：不认识 {'、'.join(sorted(unknown))}")
    texts = given.get("from", [])
    places = []
    for text in [texts] if isinstance(texts, str) else texts:
        try:
            places.append(path(str(text)))
        except ValueError as error:
            faults.append(f"{where}：{error}")
    table = str(given.get("codes", ""))
    if table:
        check_codes(where, table, kind, codes, faults)
    fixed = given.get("fixed")
    if fixed is not None:
        check_value(where, str(fixed), kind, faults)
    if not places and fixed is None:
        faults.append(f"{where}：没有写明位置")
    return Rule(tuple(places), table, kind, None if fixed is None else str(fixed))


def field_kind(section: str, key: str) -> type[Any] | None:
    """The type of a field of ours; None when there is no such field."""
    if section == "merge":
        return str if key in ("prior", "survivor") else None
    if key in MORE.get(section, frozenset()):
        return str
    model = MODELS[section]
    info = model.model_fields.get(key)
    if info is None or key in NOT_MAPPED:
        return None
    bare = info.annotation
    if get_origin(bare) in (Union, types.UnionType):
        bare = next(part for part in get_args(bare) if part is not type(None))
    return bare if isinstance(bare, type) else str


def check_codes(
    where: str, table: str, kind: type[Any], codes: Mapping[str, Mapping[str, str]], faults: list[str]
) -> None:
    if table not in codes:
        faults.append(f"{where}：没有代码表 codes.{table}")
        return
    for code, value in codes[table].items():
        if value:
            check_value(f"codes.{table}.{code}（用于 {where}）", value, kind, faults)


def check_value(where: str, value: str, kind: type[Any], faults: list[str]) -> None:
    try:
        plain(value, kind)
    except ValueError:
        wanted = (
            "、".join(kind)
            if issubclass(kind, StrEnum)
            else {"bool": "true、false", "int": "整数"}.get(kind.__name__, kind.__name__)
        )
        faults.append(f"{where}：“{value}”应为 {wanted}")


def plain(text: str, kind: type[Any]) -> Any:
    """A value of ours written as text, in the type of its field; instants and days are the reader's business.

    Raises:
        ValueError: it does not fit.
    """
    if kind is bool:
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if kind is int:
        return int(text)
    if kind is Decimal:
        try:
            return Decimal(text)
        except ArithmeticError:
            raise ValueError(text) from None
    if issubclass(kind, (date, datetime)):
        return kind.fromisoformat(text)
    if issubclass(kind, StrEnum):
        return kind(text)
    return text


KINDS = {kind.value for kind in VisitKind}
