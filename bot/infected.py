"""Tells who brought a file, and whoever answers for security, that a virus was found in it. Writes message rows only.

The file's name is told to the one who brought it and to the administrators; what it belongs to is not.
"""

from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import db
from core.quarantine import FileFound
from staff import queries as staff
from staff.queries import Person
from staff.roles import Role

GUARDS = ("security", "administrator")  # the first of these roles that somebody holds


async def found(event: FileFound) -> None:
    """At once, to each of them once for each content."""
    scan = await db.fetchrow("select found from file_scan where sha256 = $1", event.sha256)
    files = await db.fetch(
        "select name, created_by, uploader_id from stored_file where sha256 = $1 order by created_at",
        event.sha256,
    )
    if scan is None or not files:
        return
    key = f"infected:{event.sha256[:24]}"
    brought = {row["uploader_id"]: row["name"] for row in files if row["uploader_id"] is not None}
    for person in (await staff.people(brought)).values():
        text = (
            f"您上传的文件“{brought[person.id]}”未通过病毒检查（{scan['found']}），已隔离，任何人都打不开。\n"
            "请检查所用电脑或手机，需要时联系信息科。"
        )
        await _tell(key, person, text)
    names = "、".join(dict.fromkeys(f"{row['name']}（{row['created_by'] or '外部系统'}）" for row in files))
    for person in await guards():
        if person.id not in brought:
            await _tell(
                key,
                person,
                f"【病毒】发现 {scan['found']}：{names}。文件已隔离，请核查来源电脑，详见审计日志。",
            )


async def guards() -> list[Person]:
    """Those who answer for security in the whole group: security administrators, where there are none the system's."""
    roots = [unit for unit in (await staff.tree()).below() if unit.parent_id is None]
    known = {role.value for role in Role}
    for name in GUARDS:
        if name not in known:
            continue
        people = [person for root in roots for person in await staff.holders(root.id, Role(name))]
        if people:
            return people
    return []


async def _tell(key: str, person: Person, text: str) -> None:
    await channels.send(
        Draft(
            key=f"{key}:{person.id}",
            purpose="file.infected",
            subject=f"file:{key.rpartition(':')[2]}",
            receiver=staff_receiver(person),
            lane=Lane.URGENT,
            text=text,
        )
    )
