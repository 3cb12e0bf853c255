"""Rights in words: what each permission lets one do, which roles carry it, and from which post a person has it.

The tables of roles decide (`staff.roles`); this module only tells. Reads only.
"""

from dataclasses import dataclass

from core.actor import Permission
from staff import queries
from staff.queries import PostHeld
from staff.roles import LABELS, OF_ONES_OWN, ROLES, Role
from staff.tree import OrgTree, Unit

P = Permission
GROUPS: tuple[tuple[str, tuple[tuple[Permission, str], ...]], ...] = (
    (
        "诉求",
        (
            (P.CASE_READ, "查看诉求"),
            (P.CASE_FIRST, "首诉登记"),
            (P.CASE_REGISTER, "登记诉求"),
            (P.CASE_IMPORT, "导入工单"),
            (P.CASE_HANDLE, "受理、派单、答复"),
            (P.CASE_REVIEW, "审核答复"),
            (P.CASE_ARCHIVE, "归档"),
            (P.CASE_SECRET, "经办涉密事项"),
        ),
    ),
    (
        "科室工单",
        (
            (P.TICKET_READ, "查看工单"),
            (P.TICKET_HANDLE, "签收、办理、答复"),
            (P.TICKET_ENDORSE, "科室审核"),
            (P.TICKET_MANAGE, "中心审核、催办、撤销"),
            (P.CHAT_MODERATE, "管理群聊"),
        ),
    ),
    (
        "患者与个人信息",
        (
            (P.PATIENT_READ, "查看患者（脱敏）"),
            (P.PATIENT_REVEAL, "查看完整信息（留痕）"),
            (P.PATIENT_MAINTAIN, "维护患者资料"),
            (P.PATIENT_EXPORT, "导出患者清单（脱敏）"),
            (P.PATIENT_LOOKS, "查看谁看过患者档案"),
            (P.CONSENT_RECORD, "登记授权同意"),
            (P.PRIVACY_HANDLE, "处理个人信息请求"),
        ),
    ),
    (
        "问卷",
        (
            (P.SURVEY_DESIGN, "编制问卷与题库"),
            (P.SURVEY_REVIEW, "审核发布问卷"),
            (P.SURVEY_READ, "查看答卷与得分"),
            (P.SURVEY_EXPORT, "导出答卷"),
            (P.SURVEY_INTERVIEW, "电话访问填写问卷"),
        ),
    ),
    (
        "统计与导出",
        (
            (P.REPORT_READ, "查看统计"),
            (P.CASE_EXPORT, "导出诉求"),
            (P.EXPORT_WHOLE, "申请不脱敏导出"),
            (P.EXPORT_APPROVE, "审批不脱敏导出"),
            (P.DATA_EXPORT, "申请全部数据导出"),
        ),
    ),
    (
        "设置",
        (
            (P.TEMPLATE_MANAGE, "文书模板"),
            (P.FORM_MANAGE, "表单与分类"),
            (P.CALENDAR_MANAGE, "工作日历"),
            (P.PARAMETER_MANAGE, "系统参数与时限"),
            (P.SAFETY_MANAGE, "安全参数（密码、锁定、会话、审计等）"),
            (P.STAFF_MANAGE, "组织机构"),
        ),
    ),
    (
        "三员",
        (
            (P.MACHINE_OPERATE, "系统运行（系统管理员）"),
            (P.ACCOUNT_MANAGE, "人员与岗位（安全管理员）"),
            (P.AUDIT_READ, "审计日志（安全审计员）"),
        ),
    ),
)
WORDS: dict[Permission, str] = {permission: words for _, named in GROUPS for permission, words in named}


@dataclass(frozen=True, slots=True)
class Source:
    """A post that carries a right."""

    role: str
    unit: str


@dataclass(frozen=True, slots=True)
class Right:
    """A right of a person, the posts it comes from (none: they do not have it), and the roles that would carry it."""

    words: str
    sources: tuple[Source, ...]
    elsewhere: tuple[Source, ...]
    carried_by: tuple[str, ...]


def carriers(permission: Permission) -> tuple[str, ...]:
    """The roles that carry a permission, in words."""
    return tuple(LABELS[role] for role in Role if permission in ROLES[role])


async def rights(staff_id: int, unit_id: int | None = None) -> list[tuple[str, list[Right]]]:
    """Every right of a person by group; with a unit, as it stands for that unit, else anywhere."""
    tree = await queries.tree()
    held = await queries.posts(staff_id)
    unit = tree.unit(unit_id) if unit_id is not None else None
    return [
        (name, [_right(permission, words, held, tree, unit) for permission, words in named])
        for name, named in GROUPS
    ]


def _right(
    permission: Permission, words: str, held: list[PostHeld], tree: OrgTree, unit: Unit | None
) -> Right:
    there: list[Source] = []
    elsewhere: list[Source] = []
    for post in held:
        if permission not in (ROLES[post.role] & OF_ONES_OWN if post.own else ROLES[post.role]):
            continue
        of = tree.unit(post.unit_id)
        reaches = unit is None or (not post.own and (of.parent_id is None or unit.path.startswith(of.path)))
        place = f"{tree.label(of.id)}（仅本人经办）" if post.own else tree.label(of.id)
        (there if reaches else elsewhere).append(Source(LABELS[post.role], place))
    return Right(words, tuple(there), tuple(elsewhere), carriers(permission))
