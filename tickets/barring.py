"""Who is accused in a case (检举控告), and that somebody is left who may handle it; saves nothing but the case given.

For the one who makes a case secret (tickets/actions/secrecy.py) and for whoever opens one that is secret from its
first moment (tickets/petitions). Both hold the case's lock and save it.
"""

from collections.abc import Iterable

from core import db
from core.errors import Refused
from staff import queries as staff
from staff.holding import holds
from staff.roles import Role
from tickets.actions.shared import concern
from tickets.models import Case
from tickets.queries import secrecy


async def name(case: Case, units: Iterable[int], people: Iterable[int]) -> None:
    """Make the case secret before these units and people; the departments in which they hold a post are barred too."""
    accused = sorted(set(people))
    case.barred_unit_ids = sorted({*units, *await _departments_of(accused)})
    case.barred_staff_ids = accused
    case.secret = True


async def _departments_of(people: Iterable[int]) -> set[int]:
    """The departments and wards in which these people hold a post; a campus is not barred for one of its own."""
    tree = await staff.tree()
    found = set()
    for person in people:
        for post in await staff.posts(person):
            if tree.unit(post.unit_id).kind in ("department", "ward") and post.role is not Role.DISCIPLINE:
                found.add(post.unit_id)
    return found


async def hand_over(case: Case) -> None:
    """The units concerned anew, and no handler who may not read the case; needs `case.id`.

    Raises:
        Refused: no inspector would see the case, who alone may handle it.
    """
    await concern(case)
    rows = await db.fetch(
        "select distinct p.staff_id from post p join staff s on s.id = p.staff_id and s.active"  # noqa: S608
        f" where p.role = $1 and {holds()}",
        Role.DISCIPLINE,
    )
    if not await secrecy.readers(case, [row["staff_id"] for row in rows]):
        raise Refused("没有可以经办的纪检监察人员（被检举控告的除外），请先在“组织与岗位”中设置")
    if case.handler_id is not None and not await secrecy.readers(case, [case.handler_id]):
        case.handler_id = None
