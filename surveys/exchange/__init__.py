"""Definitions to files and back: our own JSON, FHIR R4 Questionnaire, Excel. A file is judged whole before it is taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import orjson

from core.errors import Fault, Invalid
from surveys.definition import Definition
from surveys.exchange import excel, fhir
from surveys.questionnaires.kinds import Kind
from surveys.reading import FORMAT, MOST_BYTES, from_file, to_file

ZIP = b"PK\x03\x04"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Format(StrEnum):
    """What a questionnaire can be written as."""

    OWN = "own"
    FHIR = "fhir"
    EXCEL = "xlsx"


FORMATS: Mapping[Format, str] = MappingProxyType(
    {Format.OWN: "本系统格式（JSON）", Format.FHIR: "FHIR R4 问卷（JSON）", Format.EXCEL: "Excel 表格"}
)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written."""

    name: str
    mime: str
    data: bytes


def exported(definition: Definition, kind: Kind, form: Format) -> File:
    """A definition as a file."""
    title = definition.title or kind.words
    match form:
        case Format.OWN:
            return File(f"{title}.json", "application/json", to_file(definition, kind))
        case Format.FHIR:
            data = orjson.dumps(fhir.questionnaire(definition), option=orjson.OPT_INDENT_2)
            return File(f"{title}.fhir.json", "application/fhir+json", data)
        case Format.EXCEL:
            return File(f"{title}.xlsx", EXCEL, excel.workbook(definition))


def imported(name: str, data: bytes, sheet: Callable[[bytes], excel.Rows]) -> Definition:
    """The definition in a file of any of the formats; which one it is, its content says.

    Args:
        name: of the file.
        data: its bytes.
        sheet: reads the rows of a workbook's first sheet.

    Raises:
        Invalid: not one of them, or faulty; `details` name each place.
    """
    if len(data) > MOST_BYTES:
        raise _bad(name, f"文件超过 {MOST_BYTES // 1000} KB")
    if data.startswith(ZIP):
        return excel.definition(sheet(data))
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _bad(name, f"不是有效的 JSON 文件（第 {error.lineno} 行第 {error.colno} 个字符）") from None
    if isinstance(raw, dict) and raw.get("resourceType") == "Questionnaire":
        return fhir.definition(raw)
    if isinstance(raw, dict) and raw.get("format") == FORMAT:
        return from_file(data)
    raise _bad(name, "不是本系统、FHIR 或 Excel 的问卷文件")


def _bad(name: str, reason: str) -> Invalid:
    return Invalid("文件不能导入", details=[Fault(field="file", label=name[:60] or "文件", reason=reason)])
