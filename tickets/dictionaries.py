"""The dictionaries of cases: words that staff choose and that nothing is decided by. Declares them, holds no word of anybody's.

Words by which code decides or that a law fixes are enums beside that code (tickets/feedback/words.py …).
"""

from core.dictionaries import Dictionary, Use, declare

_FEEDBACK = "诉求与反馈"

TAG = declare(
    Dictionary(
        "feedback.tag",
        "标签",
        "给诉求贴的标签，可在列表中筛选",
        ("重复反映", "老年患者", "儿童患者", "夜间", "急诊", "第三方人员", "需院领导关注"),
        _FEEDBACK,
        (Use("cases", "tags", many=True),),
    )
)
CHANNEL = declare(
    Dictionary(
        "feedback.channel",
        "来源渠道",
        "登记反馈时的来源",
        (
            "来访",
            "来电",
            "来信",
            "意见箱",
            "公众号",
            "网站",
            "随访转入",
            "满意度转入",
            "上级转办",
            "12320",
            "媒体舆情",
            "其他",
        ),
        _FEEDBACK,
        (Use("cases", "channel"),),
    )
)
RELATION = declare(
    Dictionary(
        "feedback.relation",
        "与患者关系",
        "登记反馈时，反映人是患者的什么人",
        ("本人", "家属", "代理人", "其他"),
        _FEEDBACK,
        (Use("feedback", "relation"),),
    )
)
WISH = declare(
    Dictionary(
        "feedback.wish",
        "主要诉求",
        "登记反馈时，反映人要求什么",
        ("道歉", "解释", "退费", "赔偿", "处理人员", "改进"),
        _FEEDBACK,
        (Use("feedback", "wishes", many=True),),
    )
)
RECORD_KIND = declare(
    Dictionary(
        "feedback.record_kind",
        "处理记录类型",
        "登记处理记录时选择",
        ("联系沟通", "调查核实", "谈话笔录", "专家讨论", "处理经过"),
        _FEEDBACK,
        (Use("handling_record", "kind"),),
        fixed=frozenset({"联系沟通"}),
    )
)
CONTACT_WAY = declare(
    Dictionary(
        "feedback.contact_way",
        "联系方式",
        "处理记录里，怎样联系的",
        ("电话", "当面", "书面", "网络", "未联系"),
        _FEEDBACK,
        (Use("handling_record", "way"),),
        fixed=frozenset({"电话"}),
    )
)
PENALTY = declare(
    Dictionary(
        "feedback.penalty",
        "处理种类",
        "责任认定时，对责任人作出的处理",
        (
            "批评教育",
            "诫勉谈话",
            "书面检查",
            "扣发绩效",
            "通报批评",
            "停岗培训",
            "调离岗位",
            "取消评优资格",
            "纪律处分",
            "解除合同",
            "移交有关机关",
        ),
        _FEEDBACK,
        (Use("penalty", "kind"),),
    )
)
CALL_BACK_WAY = declare(
    Dictionary(
        "case.call_back_way",
        "回访方式",
        "登记回访时选择；热线平台回传的回访也用这些词",
        ("电话", "短信", "网络", "当面"),
        _FEEDBACK,
        (Use("case_round", "callback_way"),),
        fixed=frozenset({"电话", "短信", "网络", "当面"}),
    )
)
