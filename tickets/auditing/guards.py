"""Other things with a date, and the rows that must wait for them; a new kind of them is one entry in `GUARDS`.

The query of an entry gives a line (ref, version, step, at) for each row that must have been written; those that
are not there at all are missing. Reads only.
"""

from dataclasses import dataclass

from core import db
from core.due import Ask
from tickets.auditing.findings import Finding, Wrong
from tickets.feedback.rectifying import REMIND

MOST = 500


@dataclass(frozen=True, slots=True)
class Guard:
    """A kind of due row that things with a date must have; `wanted` is the query of what must be there."""

    kind: str
    subject: str
    label: str
    wanted: str

    async def look(self) -> list[Finding]:
        """What is missing."""
        rows = await db.fetch(
            f"select w.* from ({self.wanted}) as w(ref, version, step, at)"  # noqa: S608 - our own queries
            " where not exists (select from due d where d.kind = $1 and d.ref = w.ref and d.ref_version = w.version"
            " and d.step = w.step and d.state <> 'void') order by w.ref, w.step limit $2",
            self.kind,
            MOST,
        )
        return [
            Finding(
                Wrong.GUARD_MISSING,
                f"{self.subject}:{row['ref']}",
                f"{self.label}没有条目",
                Ask(row["at"], self.kind, row["ref"], row["version"], row["step"]),
            )
            for row in rows
        ]


# The last day of a measure at 08:30, while it is to come; the reminders ahead of it are a courtesy.
_RECTIFICATIONS = """
select id, version, 2, (due_on + time '08:30') at time zone 'Asia/Shanghai' from rectification
where state = 'open' and (due_on + time '08:30') at time zone 'Asia/Shanghai' > now()
"""

GUARDS: tuple[Guard, ...] = (Guard(REMIND, "rectification", "整改到期提醒", _RECTIFICATIONS),)
