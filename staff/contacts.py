"""WeCom's address book against our accounts: who is new, who is called otherwise, who is gone. A person applies it.

A job looks (outward work is done in jobs only) and keeps what it saw as a file that its row names; the comparison is made
afresh each time it is shown and once more when it is applied, so that nothing old is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from core import audit, db, jobs, storage
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.jobs import Job
from integrations import wecom_contacts
from integrations.wecom_contacts import Contact, Department
from staff import people, posts, queries
from staff.holding import holds
from staff.importing.people_sheets import NAME, NUMBER, UNIT
from staff.people import PersonForm
from staff.posts import AdjustForm
from staff.tree import OrgTree, Unit, plain

KIND = "staff.contacts"
GONE = "企业微信通讯录中已没有此人"


@dataclass(frozen=True, slots=True)
class Met:
    """An account beside what the address book says of it; `userid` "" when it says nothing any more."""

    staff_id: int
    number: str
    name: str
    userid: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An account whose department in WeCom is not where its posts lie; both in words.

    `unit_id` is the one unit meant there and `post_id` the one post here, where there is exactly one of each.
    """

    staff_id: int
    number: str
    name: str
    theirs: str
    ours: str
    unit_id: int | None = None
    post_id: int | None = None

    @property
    def movable(self) -> bool:
        """Whether it is plain which post would go where."""
        return self.unit_id is not None and self.post_id is not None


@dataclass(frozen=True, slots=True)
class Difference:
    """New ones as rows for `people_sheets`, accounts to be bound, names that changed, accounts that are gone or elsewhere."""

    new: tuple[dict[str, str], ...]
    bind: tuple[Met, ...]
    renamed: tuple[Met, ...]
    gone: tuple[Met, ...]
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether both say the same."""
        return not (self.new or self.bind or self.renamed or self.gone or self.elsewhere)


async def ask(*, by: Actor) -> int:
    """Have the address book looked at; the id of the job.

    Raises:
        Forbidden: keeps no accounts of the whole group.
    """
    if not by.can(Permission.ACCOUNT_MANAGE, "/"):
        raise Forbidden
    async with db.transaction():
        number = await jobs.enqueue(KIND, {"by": by.name})
        assert number is not None  # noqa: S101 - without a key one is always made
        await audit.record(by, "staff.look_at_contacts", "job", number)
    return number


async def look(job: Job) -> None:
    """The job: fetch departments and members, keep them."""
    departments = await wecom_contacts.departments()
    members = await wecom_contacts.contacts(min((one.id for one in departments), default=1))
    seen = {
        "departments": [one.model_dump(mode="json") for one in departments],
        "members": [one.model_dump(mode="json") for one in members],
    }
    file = await storage.keep("通讯录.txt", orjson.dumps(seen), by=str(job.payload["by"]), checked=True)
    await job.report(len(members), len(members), str(file.id))


async def difference(job_id: int, *, by: Actor) -> Difference | None:
    """What the look of this job means for our accounts now; None while it is not done.

    Raises:
        Forbidden, NotFound: not theirs to see; no such look.
    """
    if not by.can(Permission.ACCOUNT_MANAGE, "/"):
        raise Forbidden
    row = await db.fetchrow("select state, progress from job where id = $1 and kind = $2", job_id, KIND)
    if row is None:
        raise NotFound("没有这次通讯录读取")
    if row["state"] != "done":
        return None
    file = await storage.find(UUID(orjson.loads(row["progress"])["note"]))
    seen = orjson.loads(await storage.read(file))
    departments = [Department.model_validate(one) for one in seen["departments"]]
    members = [Contact.model_validate(one) for one in seen["members"]]
    accounts = await _accounts()
    found = compare(departments, members, accounts)
    places = elsewhere(departments, members, accounts, await _held(), await queries.tree())
    return replace(found, elsewhere=places)


async def _accounts() -> list[Mapping[str, object]]:
    rows = await db.fetch("select id, number, name, wecom_userid from staff where active order by number")
    return [dict(row) for row in rows]


async def _held() -> dict[int, list[tuple[int, int]]]:
    """Post and unit of everybody, today."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in await db.fetch(
        f"select p.staff_id, p.id, p.unit_id from post p where {holds()} order by p.id"  # noqa: S608
    ):
        found.setdefault(row["staff_id"], []).append((row["id"], row["unit_id"]))
    return found


def elsewhere(
    departments: Iterable[Department],
    members: Iterable[Contact],
    accounts: Iterable[Mapping[str, object]],
    held_by: Mapping[int, list[tuple[int, int]]],
    tree: OrgTree,
) -> tuple[Elsewhere, ...]:
    """Bound accounts whose department in WeCom and whose posts have nothing to do with each other.

    A post of the same unit, of one above or of one below agrees. A department that leads to no unit of ours is listed too:
    a person maps its name, or moves the post.
    """
    known = {one.id: one for one in departments}
    bound = {str(row["wecom_userid"]): row for row in accounts if row["wecom_userid"]}
    found = []
    for member in {one.userid: one for one in members}.values():
        row = bound.get(member.userid)
        places = [known[key] for key in member.department if key in known and known[key].parentid]
        if row is None or not places:
            continue
        held = held_by.get(int(str(row["id"])), [])
        meant = {unit.id: unit for place in places if (unit := _unit(place, known, tree)) is not None}
        here = [tree.unit(unit_id) for _, unit_id in held]
        borne = {plain(name) for unit in here for above in tree.line(unit.id) for name in above.names}
        if any(
            plain(place.name) in borne for place in places
        ):  # several campuses may call a department alike
            continue
        if any(
            unit.path.startswith(other.path) or other.path.startswith(unit.path)
            for unit in meant.values()
            for other in here
        ):
            continue
        single = next(iter(meant)) if len(meant) == 1 else None
        found.append(
            Elsewhere(
                int(str(row["id"])),
                str(row["number"]),
                str(row["name"]),
                "、".join(_full(place, known) for place in places),
                "、".join(dict.fromkeys(tree.label(unit.id) for unit in here)) or "没有岗位",
                single,
                held[0][0] if len(held) == 1 else None,
            )
        )
    return tuple(sorted(found, key=lambda one: one.number))


def _line(place: Department, known: Mapping[int, Department]) -> list[Department]:
    """A department and those above it, without the root; never in a circle."""
    line = [place]
    while (above := known.get(line[-1].parentid)) is not None and above.parentid and above not in line:
        line.append(above)
    return line


def _full(place: Department, known: Mapping[int, Department]) -> str:
    return " / ".join(one.name for one in reversed(_line(place, known)))


def _unit(place: Department, known: Mapping[int, Department], tree: OrgTree) -> Unit | None:
    """The unit of ours that a department means: by its name, its campus said by one of those above it."""
    for above in (*(one.name for one in _line(place, known)[1:]), ""):
        if (unit := tree.find(place.name, above)) is not None:
            return unit
    return None


def compare(
    departments: Iterable[Department], members: Iterable[Contact], accounts: Iterable[Mapping[str, object]]
) -> Difference:
    """Members are known by the account they are bound to, else by their number."""
    names = {one.id: one.name for one in departments if one.parentid}
    known = list(accounts)
    bound = {str(row["wecom_userid"]): row for row in known if row["wecom_userid"]}
    numbered = {str(row["number"]): row for row in known}
    new: list[dict[str, str]] = []
    bind: list[Met] = []
    renamed: list[Met] = []
    there: set[str] = set()
    for member in {one.userid: one for one in members}.values():
        there.add(member.userid)
        row = bound.get(member.userid)
        if row is None:
            row = numbered.get(member.userid)
            if row is None or row["wecom_userid"]:
                unit = next((names[key] for key in member.department if key in names), "")
                new.append({NUMBER: member.userid, NAME: member.name, UNIT: unit})
                continue
            bind.append(_met(row, member))
        if member.name and member.name != row["name"]:
            renamed.append(_met(row, member))
    gone = tuple(_met(row) for userid, row in bound.items() if userid not in there)
    return Difference(tuple(new), tuple(bind), tuple(renamed), gone)


def _met(row: Mapping[str, object], member: Contact | None = None) -> Met:
    return Met(
        int(str(row["id"])),
        str(row["number"]),
        str(row["name"]),
        member.userid if member else "",
        member.name if member else "",
    )


async def apply(found: Difference, chosen: Iterable[str], *, by: Actor) -> dict[str, int]:
    """Do what was ticked of the difference: "bind:12", "name:12", "move:12", "gone:12"; how many of each.

    New ones are imported. A guarded post that would move waits for a second person.

    Raises:
        Forbidden, Refused: as the verbs of `people`.
    """
    wanted = set(chosen)
    done = {"bind": 0, "name": 0, "move": 0, "gone": 0}
    async with db.transaction():
        for met in found.bind:
            if f"bind:{met.staff_id}" in wanted:
                await people.bind(met.staff_id, met.userid, by=by)
                done["bind"] += 1
        for met in found.renamed:
            if f"name:{met.staff_id}" in wanted:
                before = await queries.person(met.staff_id)
                form = PersonForm(name=met.now[:40], title=before.title, phone=before.phone)
                await people.change(met.staff_id, form, by=by)
                done["name"] += 1
        for place in found.elsewhere:
            if f"move:{place.staff_id}" in wanted and place.unit_id and place.post_id:
                await _move(place.staff_id, place.post_id, place.unit_id, by)
                done["move"] += 1
        for met in found.gone:
            if f"gone:{met.staff_id}" in wanted:
                await people.shut(met.staff_id, GONE, by=by)
                done["gone"] += 1
    return done


async def _move(staff_id: int, post_id: int, unit_id: int, by: Actor) -> None:
    """The one post of a person goes where the address book says, on its other terms."""
    row = await db.fetchrow("select rank, own, until_on from post where id = $1", post_id)
    if row is None:
        return
    form = AdjustForm(
        unit=unit_id,
        rank=row["rank"],
        own=row["own"],
        until_on=row["until_on"],
        reason="与企业微信通讯录核对",
    )
    await posts.adjust(staff_id, post_id, form, by=by)
