"""Facts of a visit that conditions may name, beside the answers: the whole list, with types and words.

Fetches nothing: whoever checks answers gives the facts it knows, and what it does not know is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.logic import Type


@dataclass(frozen=True, slots=True)
class FactKind:
    """A fact: its words on the screen, its type, and for a code what may be chosen."""

    label: str
    type: Type
    options: tuple[tuple[str, str], ...] = ()


FACTS: Mapping[str, FactKind] = {
    "visit.kind": FactKind(
        "就诊类型",
        Type.CODE,
        (("outpatient", "门诊"), ("emergency", "急诊"), ("inpatient", "住院"), ("exam", "体检")),
    ),
    "visit.start_on": FactKind("就诊（入院）日期", Type.DAY),
    "visit.end_on": FactKind("出院日期", Type.DAY),
    "patient.gender": FactKind("性别", Type.CODE, (("男", "男"), ("女", "女"))),
    "patient.age": FactKind("年龄", Type.NUMBER),
    "visit.unit": FactKind("就诊科室", Type.TEXT),
    "visit.ward": FactKind("病区", Type.TEXT),
    "visit.doctor": FactKind("接诊医生", Type.TEXT),
    "today": FactKind("填写当天", Type.DAY),
}

FACT_TYPES: Mapping[str, Type] = {f"f:{name}": fact.type for name, fact in FACTS.items()}
FACT_CODES: Mapping[str, frozenset[str]] = {
    f"f:{name}": frozenset(code for code, _ in fact.options) for name, fact in FACTS.items() if fact.options
}
