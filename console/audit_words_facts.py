"""What the facts of a line of the audit log are called, and their values, in the words of the screen: `audit_words` reads it.

Values are those of the enums whose own labels say them; a value without a word is shown as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from core.exports import LABELS as EXPORTS
from patients.bindings_terminals import KIND_LABELS as TERMINALS
from patients.consent import CHANNELS, PURPOSES
from patients.corrections import LABELS as PATIENT_FIELDS
from patients.people import FLAG_LABELS
from staff.roles import LABELS as ROLES
from surveys.responses.calling import OUTCOME_LABELS
from surveys.responses.quality import FLAG_LABELS as QUALITY
from surveys.responses.rows import CHANNEL_LABELS
from tickets.privacy.words import RIGHTS
from tickets.states import CASE_LABELS, TICKET_LABELS

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "check": "复核单", "ground": "法定理由", "neighbours": "连带调整的相邻记录", "posts_waiting": "待确认的岗位",
        "reached_by": "新增可查看的岗位", "tries": "输错次数",
        "found": "检出病毒", "files": "文件数", "names": "文件名", "from_whom": "上传人", "was": "原状态", "note": "说明",
        "dictionary": "字典", "label": "显示名称", "code": "代码", "on": "是否启用", "up": "上移", "opened": "是否解密",
        "manifest": "清单摘要", "parent": "上级", "merged": "并入的科室", "source": "来源", "days": "天数",
        "cleared": "清除的日期", "published": "公布日期", "begins": "开始日期", "until": "截止日期", "system": "外部系统",
        "since": "起始日期", "into": "并入", "into_name": "并入科室名称", "children": "下级科室", "posts": "岗位",
        "changed": "修改内容", "day": "日期", "first": "首日", "last": "末日", "back": "往前天数", "serial": "证书序列号",
        "issuer": "颁发机构", "algorithm": "算法", "revocation_known": "已查证吊销状态", "other": "另一患者",
        "language": "语言", "field": "字段", "consent": "同意记录", "given": "是否同意", "purposes": "目的",
        "channels": "渠道", "proof": "凭证", "contact": "联系人", "mark": "标记", "flag": "标记", "which": "范围",
        "hint": "令牌末几位", "messages": "消息数", "about": "关联", "seq": "消息序号", "asked_by": "申请人",
        "fact": "记录", "at": "时间", "whole": "含完整个人信息", "type": "诉求类型", "site": "来源网站", "tickets": "工单数",
        "cases": "诉求数", "rooms": "群聊数", "step": "步骤", "sender": "来文单位", "fresh": "新增", "asker": "请求人",
        "case": "诉求", "package": "副本", "rights": "请求事项", "revision": "修订次数", "secret": "是否涉密",
        "sheets": "工作表", "list": "清单", "response": "答卷", "opens": "默认打开", "message": "消息", "page": "页面",
        "shown": "显示条数", "satisfied": "满意度", "phone": "手机号", "patients": "患者数", "picture": "图片",
        "questionnaire": "问卷", "plan": "方案", "group": "分组", "subgroup": "子分组", "question": "题目",
        "responses": "答卷数", "questions": "题目", "outcome": "结果", "people": "人数", "pairs": "互评对数",
        "flags": "质量标记", "unit_to": "转至科室", "form": "表单",
        "codes": "代码数", "meaning": "含义",
    }
)  # fmt: skip

_STATES = {
    "ok": "正常", "due": "待处理", "done": "已完成", "parked": "已搁置", "dropped": "已放弃", "void": "已作废", "draft": "草稿",
    "missed": "已错过", "published": "已发布", "retired": "已停用", "active": "在用", "paused": "已暂停", "failed": "失败",
    "asked": "待审批", "agreed": "已同意", "refused": "不同意", "ready": "可下载", "open": "进行中", "closed": "已结束",
}  # fmt: skip
_WAYS = {
    "password": "工号密码", "second": "两步验证", "wecom": "企业微信", "certificate": "数字证书", "phone": "电话",
    "sms": "短信", "wechat": "微信", "link": "链接", "card": "刷卡", "code": "验证码", "kiosk": "自助机", "paper": "纸质",
}  # fmt: skip
_KINDS = {
    "xlsx": "Excel",
    "docx": "Word",
    "pdf": "PDF",
    "owner": "群主",
    "admin": "群管理员",
    "member": "群成员",
}
_BOOLEANS = {"true": "是", "false": "否", "True": "是", "False": "否"}


def _plain(words: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): text for key, text in words.items()}


_CASE_STATES = _STATES | _plain(TICKET_LABELS) | _plain(CASE_LABELS)
VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "state_from": _CASE_STATES,
        "state_to": _CASE_STATES,
        "state": _CASE_STATES,
        "was": _CASE_STATES,
        "way": _WAYS,
        "channel": _WAYS | _plain(CHANNEL_LABELS),
        "channels": _plain(CHANNELS),
        "purpose": _plain(PURPOSES),
        "purposes": _plain(PURPOSES),
        "role": _KINDS | _plain(ROLES),
        "roles": _plain(ROLES),
        "flag": _plain(FLAG_LABELS),
        "flags": _plain(QUALITY) | _plain(FLAG_LABELS),
        "mark": _plain(FLAG_LABELS),
        "outcome": _plain(OUTCOME_LABELS),
        "rights": _plain(RIGHTS),
        "right": _plain(RIGHTS),
        "field": _plain(PATIENT_FIELDS),
        "fields": _plain(PATIENT_FIELDS),
        "kind": _KINDS | _plain(TERMINALS) | _plain(EXPORTS),
        "second": _BOOLEANS,
    }
)
