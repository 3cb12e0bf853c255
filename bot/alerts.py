"""What must be known at once and is nobody's step: a dangerous complaint, praise, a measure that is due.

Writes message rows only. Of a secret case nothing is said but that there is something to look at, and only to
those who may know of it.
"""

from bot import audience, telling
from bot.matters import Matter
from bot.telling import News
from channels.drafts import Lane
from core import db
from staff import queries as staff
from staff.queries import Person
from staff.roles import Role
from tickets.feedback.events import PraisePassedOn, RectificationDue, RiskFlagged
from tickets.models import Case
from tickets.queries import secrecy

SECURITY = "保卫"  # units whose name holds this are told of danger
_ON_DUTY = (Role.CENTRE_HEAD, Role.VICE_PRESIDENT)


async def risk_flagged(event: RiskFlagged) -> None:
    """Tell whoever is on duty for danger, at once and at any hour: centre head, vice-president, security."""
    case = secrecy.unnumbered(await Case.get(id=event.case_id))
    row = await db.fetchrow("select actor_id, actor_name, text from history where id = $1", event.history_id)
    if row is None:
        raise LookupError(f"history {event.history_id}")
    matter = Matter(case)
    news = News(f"risk:{event.history_id}", "case.risk", lane=Lane.URGENT)
    if case.secret:
        text = f"{case.number} 涉密事项出现需要立即关注的情形，请登录系统查看"
        people = await _role(matter, (Role.DISCIPLINE,))
    else:
        text = (
            f"【高风险】{case.number} {case.title}\n风险：{row['text']}\n"
            f"{row['actor_name']} 标记，当前状态：{case.label}。请立即关注，必要时启动应急处置"
        )
        people = [*await _role(matter, _ON_DUTY), *await _security(case)]
    known = await secrecy.among(case, None, [person.id for person in people])
    for person in {person.id: person for person in people if person.id in known}.values():
        await telling.words(matter, person, news, text)


async def _role(matter: Matter, roles: tuple[Role, ...]) -> list[Person]:
    unit = await audience.unit_of(matter)
    return [] if unit is None else [person for role in roles for person in await staff.holders(unit, role)]


async def _security(case: Case) -> list[Person]:
    """Liaisons and heads of the security office of the campus, else of any there is."""
    tree = await staff.tree()
    named = [unit for unit in tree.below() if unit.kind == "department" and SECURITY in unit.name]
    here = [
        unit
        for unit in named
        if case.campus_id and (site := tree.site(unit.id)) is not None and site.id == case.campus_id
    ]
    people = []
    for unit in here or named:
        people += await staff.holders(unit.id, Role.LIAISON)
        people += await staff.holders(unit.id, Role.DEPARTMENT_HEAD)
    return people


async def praised(event: PraisePassedOn) -> None:
    """Tell the praised departments' liaisons and heads."""
    case = secrecy.veil(await Case.get(id=event.case_id))
    rows = await db.fetch("select unit_id from praise where case_id = $1", case.id)
    news = News(f"praise:{event.history_id}", "case.praise")
    tree = await staff.tree()
    for row in rows:
        unit = tree.unit(row["unit_id"])
        persons = f"，提到{'、'.join(case.persons)}" if case.persons else ""
        text = f"收到对{unit.name}的表扬{persons}：{case.title}\n{case.content[:300]}\n编号 {case.number}，已列入科室表扬墙"
        found = [*(await audience.liaisons(unit.id))[:1], *await staff.holders(unit.id, Role.DEPARTMENT_HEAD)]
        for person in {person.id: person for person in found}.values():
            await telling.words(Matter(case), person, news, text)


async def rectification_due(event: RectificationDue) -> None:
    """Remind the department that answers for a measure; once its day has passed the centre too."""
    row = await db.fetchrow("select * from rectification where id = $1", event.rectification_id)
    if row is None or row["state"] != "open":
        return
    case = secrecy.unnumbered(await Case.get(id=row["case_id"]))
    matter = Matter(case)
    left = event.days_left
    when = f"还有 {left} 天" if left > 0 else "今天到期" if left == 0 else f"已超期 {-left} 天"
    title = case.title if not case.secret else "涉密事项"
    text = f"{case.number} {title}\n整改措施{when}（{row['due_on']:%Y-%m-%d}）：{row['measure']}"
    people = [
        *await audience.liaisons(row["unit_id"]),
        *await staff.holders(row["unit_id"], Role.DEPARTMENT_HEAD),
    ]
    if left < 0:
        people += await audience.centre(matter)
    news = News(f"rectification:{row['id']}:{row['version']}:{left}", "case.rectification")
    known = await secrecy.among(case, None, [person.id for person in people])
    for person in {person.id: person for person in people if person.id in known}.values():
        await telling.words(matter, person, news, text)
