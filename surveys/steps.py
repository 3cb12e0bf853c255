"""The steps of care that questions can be about (SV-5), in the order a patient goes through them."""

from collections.abc import Mapping
from types import MappingProxyType

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "registration": "挂号预约",
        "triage": "分诊候诊",
        "consultation": "医生诊疗",
        "emergency": "急诊",
        "lab": "检验",
        "imaging": "影像检查",
        "treatment": "治疗处置",
        "pharmacy": "取药用药",
        "payment": "收费结算",
        "admission": "入院",
        "ward": "病区护理",
        "surgery": "手术",
        "discharge": "出院",
        "exam": "体检",
    }
)
