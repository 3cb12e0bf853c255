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
}
_CASE: dict[str, str] = {
    "receive": "登记了来单",
    "update": "来单更新：{text}",
    "assign": "派单给{unit_to}{text}",
    "attach": "上传了材料：{text}",
    "remind": "提醒：{text}",
    "link_visit": "确认关联就诊：{text}",
    "unlink_visit": "否定关联就诊：{text}",
    "report": "生成了{text}",
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
