"""The words of petitions: forms of petition, routes, grounds, ways of delivery, outcomes. Values only.

Source: 《信访工作条例》; the article stands beside each. Forms and kinds of documents of identity follow the fields
of the exchange with the 阳光信访 system.
"""

from enum import StrEnum
from types import MappingProxyType


class Form(StrEnum):
    """How a petition came (Art. 17)."""

    LETTER = "letter"
    VISIT = "visit"
    CALL = "call"
    WEB = "web"
    TRANSFERRED = "transferred"


FORMS = MappingProxyType(
    {
        Form.LETTER: "来信",
        Form.VISIT: "来访",
        Form.CALL: "来电",
        Form.WEB: "网上",
        Form.TRANSFERRED: "上级转交",
    }
)


class Category(StrEnum):
    """Art. 29-31."""

    APPEAL = "申诉求决"
    SUGGESTION = "建议意见"
    ACCUSATION = "检举控告"


class IdKind(StrEnum):
    """What the petitioner shows."""

    RESIDENT = "居民身份证"
    PASSPORT = "护照"
    HONG_KONG_MACAU = "港澳居民来往内地通行证"
    TAIWAN = "台湾居民来往大陆通行证"
    MILITARY = "军人证件"
    OTHER = "其他证件"


class Purpose(StrEnum):
    """目的."""

    DECISION = "求决"
    APPEAL = "申诉"
    SUGGESTION = "意见建议"
    ACCUSATION = "揭发控告"
    OTHER = "其他"


class Route(StrEnum):
    """Which of the six ways of Art. 31 an appeal takes; only the sixth carries the 60 days of Art. 34."""

    LITIGATION = "1"
    ARBITRATION = "2"
    PARTY = "3"
    ADMINISTRATIVE = "4"
    DUTY = "5"
    PETITION = "6"


ROUTES = MappingProxyType(
    {
        Route.LITIGATION: "① 诉讼、刑事立案等司法程序",
        Route.ARBITRATION: "② 仲裁",
        Route.PARTY: "③ 党员申诉、申请复审",
        Route.ADMINISTRATIVE: "④ 行政复议、裁决、确认、许可、处罚等行政程序",
        Route.DUTY: "⑤ 申请查处违法行为、履行保护人身权或财产权等职责",
        Route.PETITION: "⑥ 其他：听取陈述、调查核实，出具信访处理意见书",
    }
)


class Ground(StrEnum):
    """Why a petition is not accepted."""

    LITIGATION = "litigation"
    ARBITRATION = "arbitration"
    PARTY = "party"
    ADMINISTRATIVE = "administrative"
    DUTY = "duty"
    NOT_OURS = "not_ours"
    SUPERIOR = "superior"
    UNCLEAR = "unclear"
    FINAL = "final"


GROUNDS = MappingProxyType(
    {
        Ground.LITIGATION: "应当或者已经通过诉讼等司法程序处理（第三十一条第一项）",
        Ground.ARBITRATION: "应当通过仲裁处理（第三十一条第二项）",
        Ground.PARTY: "应当通过党员申诉、复审处理（第三十一条第三项）",
        Ground.ADMINISTRATIVE: "应当通过行政复议等行政程序处理（第三十一条第四项）",
        Ground.DUTY: "应当由有关机关依法履行查处等职责（第三十一条第五项）",
        Ground.NOT_OURS: "不属于本单位职权范围（第二十三条）",
        Ground.SUPERIOR: "已经受理或者正在办理，在规定期限内重复提出（第十九条）",
        Ground.UNCLEAR: "没有具体的事实和请求，无法办理",
        Ground.FINAL: "已经复核终结，以同一事实和理由再次提出，不再受理（第三十六条）",
    }
)
# Where the person is told to go instead, unless something else is written.
RIGHT_ROUTE = MappingProxyType(
    {
        Ground.LITIGATION: "请向有管辖权的人民法院、人民检察院或公安机关提出",
        Ground.ARBITRATION: "请向有管辖权的仲裁委员会申请仲裁",
        Ground.PARTY: "请向所在党组织或上级党组织提出申诉",
        Ground.ADMINISTRATIVE: "请向有管辖权的行政机关申请行政复议、裁决、确认、许可或处罚",
        Ground.DUTY: "请向负有该项职责的行政机关提出申请",
        Ground.NOT_OURS: "请向有权处理的机关、单位提出",
        Ground.SUPERIOR: "请等待原受理机关、单位的处理意见",
        Ground.UNCLEAR: "请补充具体的请求、事实和理由后再提出",
        Ground.FINAL: "复核意见为信访终结性意见，不再受理",
    }
)


class Outcome(StrEnum):
    """处理意见, Art. 32."""

    SUPPORTED = "支持"
    EXPLAINED = "解释说明"
    NOT_SUPPORTED = "不予支持"


class Verdict(StrEnum):
    """复查、复核意见."""

    UPHELD = "维持"
    CHANGED = "变更"
    QUASHED = "撤销"


class Way(StrEnum):
    """送达方式."""

    IN_PERSON = "直接送达"
    LEFT = "留置送达"
    POST = "挂号邮寄"
    ENTRUSTED = "委托送达"
    ELECTRONIC = "信访信息系统"
    NOTICE = "公告送达"


class Retention(StrEnum):
    """保管期限."""

    FOR_EVER = "永久"
    THIRTY = "30年"
    TEN = "10年"


REPRESENTATIVES = 5  # Art. 20
LONGEST_PROLONGATION = 30  # days, Art. 34
STAGES = MappingProxyType({"decision": "处理意见", "review": "复查意见", "rereview": "复核意见"})
