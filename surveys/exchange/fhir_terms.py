"""The words of FHIR R4 questionnaires that we write and read: addresses of extensions, types, operators."""

from collections.abc import Mapping
from types import MappingProxyType

LOINC = "http://loinc.org"
_BASE = "http://hl7.org/fhir/StructureDefinition"
CONTROL = f"{_BASE}/questionnaire-itemControl"
ORDINAL = f"{_BASE}/ordinalValue"
MIN_VALUE = f"{_BASE}/minValue"
MAX_VALUE = f"{_BASE}/maxValue"
UNIT = f"{_BASE}/questionnaire-unit"
OWN_QUESTION = "urn:huiyin:question"
OWN_WHOLE = "urn:huiyin:questionnaire"

# our kind → the item's type (`open-choice` and `integer` where the question says so)
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "single": "choice",
        "multiple": "choice",
        "dropdown": "choice",
        "picture_choice": "choice",
        "body_map": "choice",
        "stars": "integer",
        "scale": "integer",
        "nps": "integer",
        "pain": "integer",
        "blank": "string",
        "phone": "string",
        "long_text": "text",
        "blanks": "group",
        "matrix": "group",
        "ranking": "group",
        "number": "decimal",
        "date": "date",
        "paragraph": "display",
        "picture": "display",
        "file": "attachment",
        "signature": "attachment",
    }
)
CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "single": "radio-button",
        "multiple": "check-box",
        "dropdown": "drop-down",
        "scale": "slider",
        "nps": "slider",
        "pain": "slider",
        "matrix": "gtable",
    }
)
OPERATORS: Mapping[str, str] = MappingProxyType(
    {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
)


def option_system(code: str) -> str:
    """The code system of a question's options: they mean something in this question only."""
    return f"urn:huiyin:options:{code}"
