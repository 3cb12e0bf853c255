"""The dimensions of the national satisfaction surveys: outpatients 6, inpatients 9, staff 5 (国家卫生健康委满意度调查平台).

The names are the platform's, from published analyses of its data; items, their number and the conversion onto 0–100
are not published and so are not here: they are what a questionnaire declares.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

OUTPATIENT, INPATIENT, STAFF = "outpatient", "inpatient", "staff"


class Dimension(NamedTuple):
    """A dimension: of which survey, and its words."""

    survey: str
    words: str


DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
    {
        "op_registration": Dimension(OUTPATIENT, "挂号体验"),
        "op_doctor": Dimension(OUTPATIENT, "医生沟通"),
        "op_nurse": Dimension(OUTPATIENT, "护士沟通"),
        "op_environment": Dimension(OUTPATIENT, "环境与标识"),
        "op_privacy": Dimension(OUTPATIENT, "隐私"),
        "op_response": Dimension(OUTPATIENT, "医务人员回应"),
        "ip_nurse": Dimension(INPATIENT, "护士沟通"),
        "ip_response": Dimension(INPATIENT, "医务人员回应"),
        "ip_doctor": Dimension(INPATIENT, "医生沟通"),
        "ip_environment": Dimension(INPATIENT, "环境与标识"),
        "ip_discharge": Dimension(INPATIENT, "出院信息"),
        "ip_pain": Dimension(INPATIENT, "疼痛管理"),
        "ip_medicine": Dimension(INPATIENT, "药物沟通"),
        "ip_food": Dimension(INPATIENT, "饭菜"),
        "ip_family": Dimension(INPATIENT, "对亲友态度"),
        "st_pay": Dimension(STAFF, "薪酬福利"),
        "st_growth": Dimension(STAFF, "发展晋升"),
        "st_work": Dimension(STAFF, "工作内容与环境"),
        "st_superiors": Dimension(STAFF, "上下级关系"),
        "st_peers": Dimension(STAFF, "同级关系"),
    }
)
SURVEY_WORDS = MappingProxyType({OUTPATIENT: "门诊患者", INPATIENT: "住院患者", STAFF: "医院员工"})
