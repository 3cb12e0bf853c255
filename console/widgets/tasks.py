"""Home module: what this person begins most often, as large buttons."""

from console.widgets.shapes import Content, Doors, Way, Widget
from core.actor import Actor, Permission

# In this order; an entry is shown to whoever holds any of its permissions.
TASKS: tuple[tuple[Way, tuple[Permission, ...]], ...] = (
    (Way("登记反馈", "message-plus", "/feedback/new"), (Permission.CASE_REGISTER,)),
    (Way("登记热线工单", "phone-incoming", "/cases/new"), (Permission.CASE_REGISTER,)),
    (Way("登记信访", "mail", "/petitions/new"), (Permission.CASE_REGISTER,)),
    (Way("导入工单", "file-import", "/imports"), (Permission.CASE_IMPORT,)),
    (
        Way("待我处理", "list-check", "/cases?todo=1"),
        (Permission.TICKET_HANDLE, Permission.TICKET_ENDORSE, Permission.CASE_HANDLE, Permission.CASE_REVIEW),
    ),
    (Way("查患者", "user-search", "/patients"), (Permission.PATIENT_READ,)),
    (Way("本月统计", "chart-bar", "/statistics"), (Permission.REPORT_READ,)),
    (Way("运行状况", "heartbeat", "/operate"), (Permission.MACHINE_OPERATE,)),
    (Way("系统参数", "adjustments-horizontal", "/settings/parameters"), (Permission.PARAMETER_MANAGE,)),
    (Way("查审计日志", "shield-check", "/audit"), (Permission.AUDIT_READ,)),
)
ALWAYS = (Way("发起群聊", "messages", "/chat"), Way("我的账号", "user-circle", "/account"))


async def load(actor: Actor) -> Content:
    """What they may begin, then what everybody may."""
    mine = [way for way, permissions in TASKS if any(map(actor.can, permissions))]
    return Doors((*mine, *ALWAYS))


WIDGET = Widget("tasks", "快捷操作", "bolt", load)
