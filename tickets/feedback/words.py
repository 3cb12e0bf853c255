"""The fixed words of feedback: risks, severities, HCAT, duties of Art. 23. Pure; decides nothing.

HCAT: Healthcare Complaints Analysis Tool (Gillespie & Reader, BMJ Quality & Safety 2016), in our own words.
"""

from enum import StrEnum
from types import MappingProxyType

PRAISE = "表扬"
REPORT = "举报"


class Risk(StrEnum):
    """What may turn a complaint into danger; each alerts at once."""

    VIOLENCE = "暴力"
    SELF_HARM = "自伤"
    MEDIA = "媒体"
    GROUP = "群体"
    LEGAL = "涉法"


class Severity(StrEnum):
    """How grave."""

    MINOR = "一般"
    SERIOUS = "较大"
    GRAVE = "重大"


class Hcat(StrEnum):
    """The seven categories of HCAT."""

    QUALITY = "quality"
    SAFETY = "safety"
    ENVIRONMENT = "environment"
    INSTITUTIONAL = "institutional"
    LISTENING = "listening"
    COMMUNICATION = "communication"
    RESPECT = "respect"


HCAT_LABELS = MappingProxyType(
    {
        Hcat.QUALITY: "诊疗质量",
        Hcat.SAFETY: "医疗安全",
        Hcat.ENVIRONMENT: "就医环境",
        Hcat.INSTITUTIONAL: "制度流程",
        Hcat.LISTENING: "倾听",
        Hcat.COMMUNICATION: "沟通",
        Hcat.RESPECT: "尊重与权利",
    }
)
HCAT_DOMAINS = MappingProxyType(
    {
        "临床": (Hcat.QUALITY, Hcat.SAFETY),
        "管理": (Hcat.ENVIRONMENT, Hcat.INSTITUTIONAL),
        "关系": (Hcat.LISTENING, Hcat.COMMUNICATION, Hcat.RESPECT),
    }
)
HCAT_GRADES = ("无", "低", "中", "高")
HARM = ("无伤害", "极轻微", "轻度", "中度", "重度", "极重")


class Stage(StrEnum):
    """HCAT: at which stage of care."""

    ADMISSION = "就诊前与入院"
    EXAMINATION = "检查与诊断"
    WARD = "门诊或病房诊疗"
    PROCEDURE = "手术与操作"
    DISCHARGE = "出院与转科"
    OTHER = "其他"


class Responsibility(StrEnum):
    """责任认定, as the hospital itself finds it."""

    NONE = "无责任"
    SLIGHT = "轻微责任"
    SECONDARY = "次要责任"
    EQUAL = "同等责任"
    MAIN = "主要责任"
    FULL = "完全责任"


class Route(StrEnum):
    """Where a dispute may go (《医疗纠纷预防和处理条例》 Art. 22)."""

    NEGOTIATION = "院内协商"
    MEDIATION = "人民调解"
    ADMINISTRATIVE = "行政调解"
    COURT = "诉讼"
    OTHER = "其他途径"


class Duty(StrEnum):
    """What the patient must be told in a dispute (《医疗纠纷预防和处理条例》 Art. 23)."""

    ROUTES = "解决医疗纠纷的合法途径"
    SEALING = "病历资料与现场实物封存和启封的规定"
    COPYING = "查阅、复制病历资料的规定"
    AUTOPSY = "尸体解剖的规定（患者死亡的）"


class Mood(StrEnum):
    """Whether somebody is content with what was done on the spot."""

    YES = "满意"
    ACCEPTS = "认可"
    NO = "不满意"
