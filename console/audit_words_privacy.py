"""What the audit log calls its actions about personal data: looks, consent, exports, requests. Read by `audit_words`."""

from collections.abc import Mapping
from types import MappingProxyType

PRIVACY_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "patient.reveal": "查看患者完整信息",
        "patient.consent": "登记知情同意",
        "consent.wording": "修改同意书文本",
        "privacy.check": "核实个人信息请求人身份",
        "privacy.ask": "提交个人信息副本或删除的复核",
        "privacy.agree": "复核同意个人信息副本或删除",
        "privacy.disagree": "复核未同意个人信息副本或删除",
        "privacy.refuse": "登记个人信息请求不予提供",
        "privacy.send": "发送个人信息副本链接",
        "privacy.password": "查看个人信息副本密码",
        "privacy.take": "申请人领取个人信息副本",
        "privacy.take.failed": "领取个人信息副本未通过核验",
        "privacy.correct": "更正个人信息",
        "privacy.erase": "删除个人信息",
        "privacy.fetch": "下载个人信息副本",
        "privacy.pack": "生成个人信息副本",
        "privacy.request": "患者提出个人信息申请",
        "case.export_whole": "申请导出完整清单",
        "case.export_whole.agree": "同意导出完整清单",
        "case.export_whole.refuse": "不同意导出完整清单",
        "survey.reveal": "查看答卷中的个人信息",
        "case.reveal": "查看完整个人信息",
        "case.raw": "查看来单原文",
        "case.read_raw": "查看来单原文",
        "case.export.fetch": "下载清单",
        "case.export": "申请导出清单",
        "patient.export": "导出患者清单",
        "patient.export.fetch": "下载患者清单",
        "case.secret_file": "查看涉密诉求附件",
        "staff.reveal": "查看职工完整手机号",
        "operate.reveal": "查看队列条目原文",
        "patient.consent_proof": "查看同意书扫描件",
    }
)
