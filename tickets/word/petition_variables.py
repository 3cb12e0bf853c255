"""What the documents of a petition may say beside every other document: the matter, its persons, opinions, file.

Values only; `tickets.petitions.documents` fetches them. The words are those of 《信访工作条例》.
"""

import datetime as dt

from tickets.word.values import Values, day, text


class Petition(Values):
    """The petition the document is about."""

    number: str = text("信访编号", "信访〔2026〕12号")
    form: str = text("信访形式", "来信")
    category: str = text("信访事项类别", "申诉求决")
    purpose: str = text("信访目的", "求决")
    topic: str = text("内容分类", "卫生健康_医疗服务_收费")
    addressee: str = text("信访人（抬头）", "赵测试等 3 人")
    people: str = text("涉及人数", "3")
    received_on: dt.date | None = day("收到日期", 2026, 11, 20)
    transferred_by: str = text("转送、交办机关", "测试市卫生健康委员会")
    transfer_no: str = text("来文文号", "测卫信转〔2026〕8号")
    oral_record: str = text("口述记录", "问：请说明您的请求。\n答：要求退还多收的费用。")
    repeat: str = text("重复信访", "与信访〔2026〕3号重复")
    route: str = text("办理途径", "⑥ 其他：听取陈述、调查核实，出具信访处理意见书")
    accepted_on: dt.date | None = day("受理日期", 2026, 11, 23)
    due_on: dt.date | None = day("办理期限届满日", 2027, 1, 22)
    ground: str = text("不予受理的理由", "应当通过仲裁处理（第三十一条第二项）")
    told_route: str = text("告知的正确途径", "请向有管辖权的仲裁委员会申请仲裁")
    organ: str = text("转送、交还的机关", "测试市医疗保障局")
    extension_days: str = text("延长天数", "30")
    extension_reason: str = text("延期理由", "需要等待第三方鉴定结论")
    extension_by: str = text("延期批准人", "王测试")
    outcome: str = text("处理结果", "支持")
    claims: str = text("信访人的请求", "要求退还多收的检查费 120 元。")
    facts: str = text("查明的事实和理由", "经查，收费系统重复计费一次。")
    opinion: str = text("处理意见", "支持您的请求，已退还 120 元。")
    basis: str = text("依据", "《医疗机构收费管理规定》第十条")
    agreement: str = text("调解、和解协议", "双方同意于 11 月 30 日前退还费用。")
    review_organ: str = text("复查机关", "测试市卫生健康委员会")
    review_outcome: str = text("复查结论", "维持")
    review_opinion: str = text("复查意见", "原处理意见事实清楚，依据充分，予以维持。")
    review_reason: str = text("申请复查的理由", "认为退费金额不足")
    review_basis: str = text("复查依据", "《信访工作条例》第三十五条")
    rereview_organ: str = text("复核机关", "测试省卫生健康委员会")
    rereview_outcome: str = text("复核结论", "维持")
    rereview_opinion: str = text("复核意见", "复查意见正确，予以维持。")
    rereview_reason: str = text("申请复核的理由", "不服复查意见")
    rereview_basis: str = text("复核依据", "《信访工作条例》第三十六条")
    settled: str = text("办结情况", "申请复查期限届满，信访人未提出复查。")
    archive_no: str = text("归档编号", "信访归档2026-00012")
    retention: str = text("保管期限", "30年")


class PetitionerLine(Values):
    """One of those who petition; the first leads."""

    name: str = text("姓名", "赵测试")
    id_kind: str = text("证件种类", "居民身份证")
    id_number: str = text("证件号码", "990101199001010013")
    phone: str = text("联系电话", "13800000001")
    address: str = text("住址", "测试市测试区测试路 2 号")


class DeliveryLine(Values):
    """Something that was handed over."""

    document: str = text("文书", "信访处理意见书")
    number: str = text("文号", "信访意见〔2026〕5号")
    way: str = text("送达方式", "直接送达")
    receiver: str = text("签收人", "赵测试")
    delivered_on: dt.date | None = day("送达日期", 2026, 12, 20)
    note: str = text("说明", "本人到院领取")
    recorded_by: str = text("送达人", "钱测试")


class CatalogueLine(Values):
    """One line of the file's table of contents."""

    place: str = text("顺序号", "1")
    name: str = text("文件名称", "信访处理意见书")
    number: str = text("文号", "信访意见〔2026〕5号")
    author: str = text("责任者", "测试市第一医院")
    on: dt.date | None = day("日期", 2026, 12, 18)
    note: str = text("备注", "")
