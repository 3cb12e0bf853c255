"""A line of history as one sentence of the story, for pages, cards and group chats."""

import orjson

from core import db
from staff import queries as staff
from tickets.states import CaseVerb, TicketVerb

EXTENSION_GRANTED = "extension_granted"
EXTENSION_REFUSED = "extension_refused"

_TICKET: dict[str, str] = {
    TicketVerb.SIGN: "签收了工单",
    TicketVerb.ANSWER: "提交了答复：{text}",
    TicketVerb.ASK: "问中心：{text}",
    TicketVerb.ATTACH: "上传了材料：{text}",
    TicketVerb.ASK_EXTENSION: "申请延期 {days} 个工作日：{text}",
    TicketVerb.APPROVE_EXTENSION: "同意延期 {days} 个工作日",
    TicketVerb.REFUSE_EXTENSION: "未同意延期：{text}",
    TicketVerb.ASK_PAUSE: "申请挂起：{text}",
    TicketVerb.APPROVE_PAUSE: "同意挂起，停止计时",
    TicketVerb.REFUSE_PAUSE: "未同意挂起：{text}",
    TicketVerb.RESUME: "恢复办理，继续计时",
    TicketVerb.RETURN: "退回了工单：{text}",
    TicketVerb.TRANSFER: "转派给{unit_to}：{text}",
    TicketVerb.ENDORSE: "审核同意，转病人服务中心",
    TicketVerb.SEND_BACK: "打回重办：{text}",
    TicketVerb.APPROVE: "审核通过，工单办结",
    TicketVerb.URGE: "催办（第 {times} 次）{text}",
    TicketVerb.WITHDRAW: "撤销了工单：{text}",
    TicketVerb.HOLD: "暂停办理：{text}",
    TicketVerb.RELEASE: "恢复工单：{text}",
    TicketVerb.NOTE_HANDLING: "登记处理记录（{kind}，{way}）：{text}",
}
_CASE: dict[str, str] = {
    "receive": "登记了来单",
    "update": "来单更新：{text}",
    "assign": "派单给{unit_to}{text}",
    "attach": "上传了材料：{text}",
    "remind": "提醒：{text}",
    "link_visit": "确认关联就诊：{text}",
    "visit_cancelled": "{text}",
    "visit_restored": "{text}",
    "visit_reopened": "{text}",
    "visit_closed": "{text}",
    "patient_died": "{text}",
    "death_withdrawn": "{text}",
    "unlink_visit": "否定关联就诊：{text}",
    "report": "生成了{text}",
    "privacy": "{text}",
    "rated": "评价结果：{satisfied}，{solved}。{text}",
    "supplement": "补充说明：{text}",
    "told": "已告知来电人：{text}",
    "reported": "已回传热线平台，回执 {text}",
    "limit_moved": "时限变更：{text}",
    EXTENSION_GRANTED: "同意延期 {days} 个工作日，回执 {text}",
    EXTENSION_REFUSED: "未同意延期 {days} 个工作日：{text}",
    CaseVerb.EXTEND_UPSTREAM: "向热线申请延期 {days} 个工作日：{text}",
    CaseVerb.ACCEPT: "受理",
    CaseVerb.RETURN_UPSTREAM: "退单：{text}",
    CaseVerb.WRITE_RECORD: "填写了事件记录",
    CaseVerb.SUBMIT: "提交了答复，待审核：{text}",
    CaseVerb.SEND_BACK: "退回修改：{text}",
    CaseVerb.APPROVE: "审核通过，答复来电人",
    CaseVerb.CALL_BACK: "登记回访：{satisfied}，{solved}。{text}",
    CaseVerb.REWORK: "转入下一轮办理：{text}",
    CaseVerb.CLOSE: "办结",
    CaseVerb.ARCHIVE: "归档，编号 {text}",
    CaseVerb.MAKE_SECRET: "设为涉密：{text}",
    CaseVerb.LIFT_SECRET: "解除涉密：{text}",
    CaseVerb.JOIN: "{text}",
    CaseVerb.LEAVE: "{text}",
    CaseVerb.MERGE: "{text}",
    CaseVerb.SPLIT: "{text}",
    CaseVerb.REPLY_WITH: "{text}",
    "undo_matter": "撤销了{text}",
    "quoted": "在 {text} 中引用了本诉求的工单",
    "hand_over": "交接：{text}",
    "reject_matter": "确认与 {text} 不是同一事项",
    CaseVerb.SETTLE: "当场解决（{satisfied}）：{text}",
    CaseVerb.PASS_ON: "表扬转达{text}",
    CaseVerb.NOTE_HANDLING: "登记处理记录（{kind}，{way}）：{text}",
    CaseVerb.CLASSIFY: "分类定级：{text}",
    CaseVerb.FLAG_RISK: "标记风险：{text}",
    CaseVerb.STUDY_TOGETHER: "转多科室共同研究：{text}",
    CaseVerb.PLAN_RECTIFICATION: "提出整改：{text}",
    CaseVerb.FINISH_RECTIFICATION: "整改完成：{text}",
    CaseVerb.VERIFY_RECTIFICATION: "整改验证：{text}",
    CaseVerb.TELL_DUTIES: "履行法定告知：{text}",
    CaseVerb.RECORD_ROUTE: "登记纠纷去向：{text}",
    CaseVerb.JUDGE: "登记责任认定",
    "register_petition": "登记了信访件 {text}",
    CaseVerb.TAKE_UP: "决定受理，{route}{text}",
    CaseVerb.DECLINE: "{ground}，不予受理：{text}",
    CaseVerb.OBJECT: "向{organ}提出异议：{text}",
    CaseVerb.OBJECTION_UPHELD: "异议获同意，材料已交还{organ}{text}",
    CaseVerb.OBJECTION_REFUSED: "异议未获同意：{text}",
    CaseVerb.FORWARD: "转送{organ}：{text}",
    CaseVerb.DRAFT_OPINION: "提交处理意见（{outcome}），待审核：{text}",
    CaseVerb.ISSUE_OPINION: "签发处理意见{text}",
    CaseVerb.PROLONG: "批准延长办理期限 {days} 日：{text}",
    CaseVerb.NOTIFY: "告知信访人：{document}（{way}），{day}{text}",
    CaseVerb.DELIVER: "送达{document}（{way}），{day}，签收人 {receiver}{text}",
    CaseVerb.ASK_REVIEW: "登记复查申请（{organ}）：{text}",
    CaseVerb.DECIDE_REVIEW: "登记复查意见（{organ}，{outcome}）：{text}",
    CaseVerb.ASK_REREVIEW: "登记复核申请（{organ}）：{text}",
    CaseVerb.BEGIN_HEARING: "听证开始，停止计时：{text}",
    CaseVerb.END_HEARING: "听证结束，继续计时{text}",
    CaseVerb.DECIDE_REREVIEW: "登记复核意见（{organ}，{outcome}）：{text}",
    CaseVerb.REOPEN: "重新办理：{text}",
    CaseVerb.TAKE_BACK: "信访人撤回：{text}",
    CaseVerb.CONCLUDE: "信访件办结：{text}",
    CaseVerb.FILE: "立卷归档（保管期限 {retention}），编号 {text}",
    CaseVerb.PROPOSE_DISPOSAL: "提出销毁：{text}",
    CaseVerb.APPROVE_DISPOSAL: "批准销毁{text}",
    CaseVerb.RECORD_DISPOSAL: "登记销毁（{method}，监销 {witnesses}）{text}",
}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


async def tell(verb: str, actor: str, text: str, detail: dict[str, object], *, of_ticket: bool) -> str:
    """The sentence of one line."""
    words = (_TICKET if of_ticket and verb in set(TicketVerb) else _CASE).get(verb, verb)
    facts = _Facts({**detail, "text": text})
    if unit := detail.get("unit_to"):
        facts["unit_to"] = (await staff.tree()).label(int(str(unit)))
    if verb == "assign":
        facts["text"] = f"：{text}" if text else ""
        facts.setdefault("unit_to", "")
    return f"{actor} {words.format_map(facts)}"


async def sentence(history_id: int) -> str:
    """The sentence of the line with this id."""
    row = await db.fetchrow("select * from history where id = $1", history_id)
    if row is None:
        raise LookupError(f"history {history_id}")
    return await tell(
        row["verb"],
        row["actor_name"],
        row["text"],
        orjson.loads(row["detail"]),
        of_ticket=row["ticket_id"] is not None,
    )
