"""The menu: one line per page, who sees it, and which entry the present page belongs to; draws nothing.

A new page is one line in `MENU`. An entry is shown, it is not a guard: the page itself asks for the permission.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.actor import Actor, Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. Seen by whoever holds any of `permissions`; by everybody when there are none."""

    label: str
    icon: str
    path: str
    permissions: tuple[Permission, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it is drawn for one person on one page."""

    label: str
    icon: str
    path: str
    here: bool
    badge: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu of one person: groups in order, and the few that stand in the bottom bar of a phone."""

    groups: tuple[tuple[str, tuple[Shown, ...]], ...]
    bar: tuple[Shown, ...] = field(default=())


BAR = 4  # beside "更多" there is room for four on 390 px

MENU: list[Entry] = [
    Entry("首页", "home", "/"),
    Entry("诉求", "message-report", "/cases", (Permission.CASE_READ, Permission.TICKET_READ)),
    Entry("群聊", "messages", "/chat"),
    Entry("登记反馈", "message-plus", "/feedback/new", (Permission.CASE_REGISTER, Permission.CASE_FIRST)),
    Entry("信访登记", "mail", "/petitions/new", (Permission.CASE_REGISTER,)),
    Entry("统计", "chart-bar", "/statistics", (Permission.REPORT_READ,)),
    Entry("工单导入", "file-import", "/imports", (Permission.CASE_IMPORT,)),
    Entry("问卷统计", "chart-line", "/surveys/statistics", (Permission.SURVEY_READ,)),
    Entry("职工问卷", "users-group", "/surveys/rounds"),
    Entry("答卷", "clipboard-check", "/surveys/responses", (Permission.SURVEY_READ,)),
    Entry("电话访问", "headset", "/surveys/interviews", (Permission.SURVEY_INTERVIEW,)),
    Entry("患者", "user-heart", "/patients", (Permission.PATIENT_READ,)),
    Entry("表扬墙", "thumb-up", "/praise", (Permission.CASE_READ, Permission.TICKET_READ)),
    Entry("人员与岗位", "users", "/settings/staff", (Permission.ACCOUNT_MANAGE,), "设置"),
    Entry("岗位确认", "user-check", "/settings/confirmations", (Permission.ACCOUNT_MANAGE,), "设置"),
    Entry(
        "权限矩阵",
        "layout-grid",
        "/settings/matrix",
        (Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ),
        "设置",
    ),
    Entry("组织机构", "sitemap", "/settings/units", (Permission.STAFF_MANAGE,), "设置"),
    Entry("工作日历", "calendar", "/settings/holidays", (), "设置"),
    Entry(
        "系统参数",
        "adjustments-horizontal",
        "/settings/parameters",
        (Permission.PARAMETER_MANAGE, Permission.SAFETY_MANAGE),
        "设置",
    ),
    Entry("办理时限", "hourglass", "/settings/deadlines", (Permission.PARAMETER_MANAGE,), "设置"),
    Entry("数据字典", "book", "/settings/dictionaries", (Permission.FORM_MANAGE,), "设置"),
    Entry(
        "公告", "speakerphone", "/bulletins", (Permission.CASE_REVIEW, Permission.PARAMETER_MANAGE), "设置"
    ),
    Entry("计划任务", "clock-play", "/settings/schedules", (Permission.MACHINE_OPERATE,), "设置"),
    Entry("自助终端", "device-desktop", "/settings/terminals", (Permission.MACHINE_OPERATE,), "设置"),
    Entry("同意告知文本", "file-check", "/settings/consent", (Permission.PARAMETER_MANAGE,), "设置"),
    Entry("患者端协议", "writing-sign", "/settings/terms", (Permission.PARAMETER_MANAGE,), "设置"),
    Entry("文书模板", "file-word", "/settings/word", (Permission.TEMPLATE_MANAGE,), "设置"),
    Entry("投诉分类", "tags", "/settings/categories", (Permission.FORM_MANAGE,), "设置"),
    Entry(
        "问卷",
        "clipboard-list",
        "/settings/questionnaires",
        (Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW),
        "设置",
    ),
    Entry("题库", "stack-2", "/settings/bank", (Permission.SURVEY_DESIGN,), "设置"),
    Entry("反馈表单", "forms", "/settings/forms", (Permission.FORM_MANAGE,), "设置"),
    Entry("运行状况", "heartbeat", "/operate", (Permission.MACHINE_OPERATE,), "系统"),
    Entry("接口链路", "server", "/operate/feeds", (Permission.MACHINE_OPERATE,), "系统"),
    Entry("导出审批", "file-check", "/cases/exports/waiting", (Permission.EXPORT_APPROVE,), "系统"),
    Entry(
        "全部数据导出",
        "download",
        "/operate/everything",
        (Permission.DATA_EXPORT, Permission.EXPORT_APPROVE),
        "系统",
    ),
    Entry("导出记录", "table-export", "/exports", (Permission.AUDIT_READ,), "系统"),
    Entry("审计日志", "shield-check", "/audit", (Permission.AUDIT_READ,), "系统"),
    Entry(
        "安全自查", "lock", "/settings/security", (Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ), "系统"
    ),
]


def menu(actor: Actor, path: str, badges: Mapping[str, int] | None = None) -> Menu:
    """The menu of `actor` on the page at `path` (without the path prefix); `badges`: path → how much waits there."""
    waits = badges or {}
    seen = [entry for entry in MENU if not entry.permissions or any(map(actor.can, entry.permissions))]
    here = max((entry.path for entry in seen if _within(path, entry.path)), key=len, default="")
    shown = [
        (
            entry.group,
            Shown(entry.label, entry.icon, entry.path, entry.path == here, waits.get(entry.path, 0)),
        )
        for entry in seen
    ]
    names = dict.fromkeys(group for group, _ in shown)
    groups = tuple((name, tuple(item for group, item in shown if group == name)) for name in names)
    return Menu(groups, tuple(item for _, item in shown[:BAR]))


def _within(path: str, entry: str) -> bool:
    return path == entry or (entry != "/" and path.startswith(f"{entry}/"))
