"""Files that answers name: brought by whoever fills in this very response, and by nobody else."""

from uuid import UUID

from core import db, storage
from core.errors import Fault, Invalid, Refused
from surveys.checking import Answers
from surveys.definition import Definition

MOST = 40  # files of one response, used or not: each is kept for ever


def bringer(response_id: UUID) -> str:
    """As whom the files of a response are kept."""
    return f"response {response_id}"


async def keep(response_id: UUID, name: str, data: bytes) -> UUID:
    """Keep a file for a response; its id, for the answer to name.

    Raises:
        Invalid: not a kind of file we take.
        Refused: too many of them.
    """
    there: int = await db.fetchval(
        "select count(*) from stored_file where created_by = $1", bringer(response_id)
    )
    if there >= MOST:
        raise Refused(f"一份问卷最多上传 {MOST} 个文件")
    return (await storage.keep(name, data, by=bringer(response_id))).id


async def check(response_id: UUID, definition: Definition, taken: Answers) -> None:
    """An id of a file is somebody's word.

    Raises:
        Invalid: a file is not there, or came with another response.
    """
    wanted = {file for answer in taken.given.values() for file in answer.f}
    if not wanted:
        return
    rows = await db.fetch(
        "select id from stored_file where id = any($1::uuid[]) and created_by = $2",
        list(wanted),
        bringer(response_id),
    )
    there = {row["id"] for row in rows}
    faults = [
        Fault(field=item.name(), label=item.title, reason="附件没有上传成功，请重新上传")
        for item in definition.questions
        if item.code in taken.given and set(taken.given[item.code].f) - there
    ]
    if faults:
        raise Invalid("填写的内容有误", details=faults)
