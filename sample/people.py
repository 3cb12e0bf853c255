"""Plans who works in the sample hospital: three to four people in every department, values only, no database."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sample.logins import LOGINS
from sample.names import staff_names
from sample.units import DEPTS, SITES
from staff.roles import Role


@dataclass(slots=True)
class Worker:
    """One person: number, name, title, and their posts as (unit key, role, rank); unit "" is the group."""

    number: str
    name: str
    title: str
    posts: list[tuple[str, Role, int]] = field(default_factory=list)
    phone: str = ""

    @property
    def chats(self) -> bool:
        """Whether WeCom is bound; clinicians' is not, so that there is somebody to be bound."""
        return any(role is not Role.CLINICIAN for _, role, _ in self.posts)


def _departments() -> Iterator[tuple[str, str, str, Role, int]]:
    """(number, title, unit key, role, rank) for every department and ward."""
    for dept in DEPTS:
        nurse = ("护士长", "主管护师") if dept.clinical else ("科员", "科员")
        head = "主任医师" if dept.clinical else "科长"
        yield dept.key, nurse[0], dept.key, Role.LIAISON, 1
        yield f"{dept.key}fu", nurse[1], dept.key, Role.LIAISON, 2
        yield f"{dept.key}zr", head, dept.key, Role.DEPARTMENT_HEAD, 1
        if dept.clinical:
            yield f"{dept.key}ys", "主治医师", dept.key, Role.CLINICIAN, 1
        for at in range(len(dept.wards)):
            yield f"{dept.key}bq{at + 1}", "病区护士长", f"{dept.key}/{at}", Role.LIAISON, 1


def workers() -> list[Worker]:
    """Everybody, the people of `sample.logins` among them, in a fixed order."""
    plan = list(_departments())
    known = {number for number, *_ in plan}
    plan += [
        (login.number, login.title.split()[-1], login.unit, login.role, 1)
        for login in LOGINS
        if login.number not in known
    ]
    plan += [(f"zhongxin{at}", "专员", "", Role.CENTRE_STAFF, at) for at in range(2, 7)]
    plan += [(f"{site.code}yz", "分管院领导", site.code, Role.VICE_PRESIDENT, 1) for site in SITES[1:]]
    plan.append(("quanxianfu", "副安全管理员", "", Role.SECURITY, 2))  # guarded posts take two
    people = [
        Worker(number, name, title, [(unit, role, at)], phone=f"138000{50_000 + order:05d}")
        for order, ((number, title, unit, role, at), name) in enumerate(
            zip(plan, staff_names(), strict=False)
        )
    ]
    by_number = {worker.number: worker for worker in people}
    by_number["zhongxin"].posts.append(("fuwu", Role.LIAISON, 1))
    by_number["zhongxin2"].posts.append(("fuwu", Role.LIAISON, 2))
    by_number["zhongxinzr"].posts.append(("fuwu", Role.DEPARTMENT_HEAD, 1))
    by_number["guke"].posts.append(("dyguke", Role.LIAISON, 3))  # one person in two campuses
    return people
