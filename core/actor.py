"""Who is acting, through which door, and what they may do where; builds nobody (staff does)."""

from dataclasses import dataclass, field
from enum import StrEnum


class Permission(StrEnum):
    """What may be done, as thing:verb; a role is a set of these (staff/roles.py)."""

    CASE_READ = "case:read"
    CASE_REGISTER = "case:register"
    CASE_FIRST = "case:first"
    CASE_IMPORT = "case:import"
    CASE_HANDLE = "case:handle"
    CASE_REVIEW = "case:review"
    CASE_EXPORT = "case:export"
    CASE_ARCHIVE = "case:archive"
    CASE_SECRET = "case:secret"  # noqa: S105 - the name of a permission
    CHAT_MODERATE = "chat:moderate"
    FORM_MANAGE = "form:manage"
    REPORT_READ = "report:read"
    SURVEY_DESIGN = "survey:design"
    SURVEY_EXPORT = "survey:export"
    SURVEY_INTERVIEW = "survey:interview"
    SURVEY_READ = "survey:read"
    SURVEY_REVIEW = "survey:review"
    TICKET_READ = "ticket:read"
    TICKET_HANDLE = "ticket:handle"
    TICKET_ENDORSE = "ticket:endorse"
    TICKET_MANAGE = "ticket:manage"
    PATIENT_READ = "patient:read"
    PATIENT_REVEAL = "patient:reveal"
    PATIENT_MAINTAIN = "patient:maintain"
    PATIENT_EXPORT = "patient:export"
    PATIENT_LOOKS = "patient:looks"
    DATA_EXPORT = "data:export"
    TEMPLATE_MANAGE = "template:manage"
    CALENDAR_MANAGE = "calendar:manage"
    PARAMETER_MANAGE = "parameter:manage"
    SAFETY_MANAGE = "safety:manage"
    MACHINE_OPERATE = "machine:operate"
    STAFF_MANAGE = "staff:manage"
    ACCOUNT_MANAGE = "account:manage"
    AUDIT_READ = "audit:read"
    EXPORT_WHOLE = "export:whole"
    EXPORT_APPROVE = "export:approve"
    CONSENT_RECORD = "consent:record"
    PRIVACY_HANDLE = "privacy:handle"


class ActorKind(StrEnum):
    """What sort of being acts."""

    STAFF = "staff"
    SYSTEM = "system"
    PLATFORM = "platform"
    PATIENT = "patient"


class Door(StrEnum):
    """Through which door an action came in."""

    WEB = "web"
    WECOM = "wecom"
    CHAT = "chat"
    API = "api"
    CLOCK = "clock"
    COMMAND = "command"
    PORTAL = "portal"
    KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission that holds for one part of the organisation and all below it.

    `path` is the unit's path of ids, "/1/4/23/"; "/" is the whole group.
    """

    permission: Permission
    path: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody (or the clock) who acts, with their grants at this moment."""

    kind: ActorKind
    id: int | None
    name: str
    door: Door
    grants: tuple[Grant, ...] = ()
    address: str = ""
    roles: tuple[str, ...] = field(
        default=(), compare=False
    )  # told in the audit log; what counts are the grants

    def can(self, permission: Permission, path: str | None = None, holder: int | None = None) -> bool:
        """Whether the permission is held for the unit at `path`, or anywhere when no path is given.

        `holder` is who works on the thing: it is reached by a post for one's own work too, if that is this person.
        """
        own = own_path(holder) if holder is not None and holder == self.staff_id else ""
        return any(
            grant.permission is permission
            and (path is None or path.startswith(grant.path) or grant.path == own)
            for grant in self.grants
        )

    def scope(self, permission: Permission) -> tuple[str, ...]:
        """The parts of the organisation this permission is held for, widest only."""
        paths = sorted({grant.path for grant in self.grants if grant.permission is permission}, key=len)
        return tuple(path for at, path in enumerate(paths) if not any(path.startswith(w) for w in paths[:at]))

    @property
    def staff_id(self) -> int | None:
        """The staff member's id, None for the clock and for platforms."""
        return self.id if self.kind is ActorKind.STAFF else None


OWN = "/0/"  # under this lies what persons work on themselves; no unit has the id 0


def own_path(staff_id: int) -> str:
    """The path of what one person works on themselves: reached by nothing but that person's own grants."""
    return f"{OWN}{-staff_id}/"


def system(name: str = "系统", door: Door = Door.CLOCK) -> Actor:
    """The clock, a job or an import acting for the house: may do everything, and is named as such in history."""
    return Actor(
        ActorKind.SYSTEM, None, name, door, tuple(Grant(permission, "/") for permission in Permission)
    )
