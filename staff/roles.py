"""Which role may do what; the role of a post, and nothing about who holds it.

A role holds for the unit of the post and all below it. System, security and audit administration lie in three
roles, as GB/T 22239-2019 8.1.4.2 (separation of administrators' rights) asks.
"""

from enum import StrEnum
from types import MappingProxyType

from core.actor import Permission


class Role(StrEnum):
    """What a person is in a unit."""

    LIAISON = "liaison"
    DEPARTMENT_HEAD = "department_head"
    VICE_PRESIDENT = "vice_president"
    CENTRE_STAFF = "centre_staff"
    CENTRE_HEAD = "centre_head"
    CLINICIAN = "clinician"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    SECURITY = "security"
    AUDITOR = "auditor"
    DESIGNER = "designer"
    DISCIPLINE = "discipline"


LABELS = MappingProxyType(
    {
        Role.LIAISON: "科室联络人",
        Role.DEPARTMENT_HEAD: "科室负责人",
        Role.VICE_PRESIDENT: "分管院领导",
        Role.CENTRE_STAFF: "服务中心工作人员",
        Role.CENTRE_HEAD: "服务中心主任",
        Role.CLINICIAN: "临床医护",
        Role.SUPERVISOR: "督查人员",
        Role.ADMINISTRATOR: "系统管理员",
        Role.SECURITY: "安全管理员",
        Role.AUDITOR: "安全审计员",
        Role.DESIGNER: "问卷与文书设计员",
        Role.DISCIPLINE: "纪检监察人员",
    }
)

_IN_DEPARTMENT = frozenset(
    {
        Permission.CASE_READ,
        Permission.CASE_FIRST,
        Permission.TICKET_READ,
        Permission.TICKET_HANDLE,
        Permission.PATIENT_READ,
        Permission.PATIENT_REVEAL,
        Permission.PATIENT_MAINTAIN,
        Permission.REPORT_READ,
        Permission.SURVEY_READ,
        Permission.SURVEY_INTERVIEW,
        Permission.CONSENT_RECORD,
    }
)
_IN_CENTRE = frozenset(
    {
        Permission.CASE_READ,
        Permission.CASE_REGISTER,
        Permission.CASE_IMPORT,
        Permission.CASE_HANDLE,
        Permission.CASE_EXPORT,
        Permission.CASE_ARCHIVE,
        Permission.TICKET_READ,
        Permission.TICKET_MANAGE,
        Permission.PATIENT_READ,
        Permission.PATIENT_REVEAL,
        Permission.PATIENT_MAINTAIN,
        Permission.PATIENT_EXPORT,
        Permission.REPORT_READ,
        Permission.SURVEY_DESIGN,
        Permission.SURVEY_READ,
        Permission.SURVEY_EXPORT,
        Permission.SURVEY_INTERVIEW,
        Permission.CHAT_MODERATE,
        Permission.EXPORT_WHOLE,
        Permission.CONSENT_RECORD,
        Permission.PRIVACY_HANDLE,
    }
)

ROLES: MappingProxyType[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.LIAISON: _IN_DEPARTMENT,
        # Departments keep forms of their own (DP-3); the centre reviews them.
        Role.DEPARTMENT_HEAD: _IN_DEPARTMENT
        | {
            Permission.PATIENT_EXPORT,
            Permission.PATIENT_LOOKS,
            Permission.TICKET_ENDORSE,
            Permission.SURVEY_DESIGN,
        },
        Role.VICE_PRESIDENT: frozenset(
            {
                Permission.CASE_READ,
                Permission.CASE_EXPORT,
                Permission.TICKET_READ,
                Permission.TICKET_ENDORSE,
                Permission.PATIENT_READ,
                Permission.PATIENT_LOOKS,
                Permission.REPORT_READ,
                Permission.SURVEY_READ,
                Permission.EXPORT_APPROVE,
            }
        ),
        Role.CENTRE_STAFF: _IN_CENTRE,
        Role.CENTRE_HEAD: _IN_CENTRE
        | {
            Permission.CASE_REVIEW,
            Permission.PATIENT_LOOKS,
            Permission.TEMPLATE_MANAGE,
            Permission.FORM_MANAGE,
            Permission.SURVEY_REVIEW,
            Permission.EXPORT_APPROVE,
        },
        Role.CLINICIAN: frozenset(
            {Permission.TICKET_READ, Permission.PATIENT_READ, Permission.CONSENT_RECORD}
        ),
        Role.SUPERVISOR: frozenset(
            {
                Permission.CASE_READ,
                Permission.CASE_EXPORT,
                Permission.TICKET_READ,
                Permission.PATIENT_READ,
                Permission.REPORT_READ,
                Permission.SURVEY_READ,
            }
        ),
        Role.ADMINISTRATOR: frozenset(
            {
                Permission.TEMPLATE_MANAGE,
                Permission.FORM_MANAGE,
                Permission.CALENDAR_MANAGE,
                Permission.PARAMETER_MANAGE,
                Permission.MACHINE_OPERATE,
                Permission.DATA_EXPORT,
                Permission.STAFF_MANAGE,
            }
        ),
        Role.SECURITY: frozenset({Permission.ACCOUNT_MANAGE, Permission.SAFETY_MANAGE}),
        Role.AUDITOR: frozenset({Permission.AUDIT_READ}),
        Role.DESIGNER: frozenset(
            {
                Permission.TEMPLATE_MANAGE,
                Permission.FORM_MANAGE,
                Permission.SURVEY_DESIGN,
                Permission.SURVEY_READ,
            }
        ),
        # 检举控告 are handled by discipline inspection alone (《信访工作条例》 Art. 30).
        Role.DISCIPLINE: _IN_CENTRE | {Permission.CASE_REVIEW, Permission.CASE_SECRET},
    }
)

# The three administrators: machine, accounts, watch. Nobody is two of them (GB/T 22239-2019 8.1.4.2 d).
APART = frozenset({Role.ADMINISTRATOR, Role.SECURITY, Role.AUDITOR})
# Whose accounts open the most: the three, and who handles what is secret.
KEEPERS = APART | {Role.DISCIPLINE}
# They keep the whole house, so their posts lie in the group.
OF_THE_GROUP = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})

# What a post for one's own work carries of its role; the rest is of a unit or of nobody.
OF_ONES_OWN = frozenset(
    {
        Permission.CASE_READ,
        Permission.CASE_FIRST,
        Permission.CASE_REGISTER,
        Permission.CASE_HANDLE,
        Permission.TICKET_READ,
        Permission.TICKET_HANDLE,
    }
)
