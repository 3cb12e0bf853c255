"""The log of what left the house: every sheet, document, archive and push with who, what, which rows, for whom and why.

《网络数据安全管理条例》 Art. 12 asks for records of providing personal data, kept three years at least; the table
refuses to change or forget a line earlier. One line is written each time bytes are handed over, with their sha256, so
that a file found elsewhere can be traced to the line. Decides nobody's right to take anything out.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from core import clock, db
from core.actor import Actor
from core.logs import trace_id


class Kind(StrEnum):
    """What sort of thing was handed over."""

    CASE_SHEET = "case.sheet"
    PATIENT_SHEET = "patient.sheet"
    EVERYTHING = "everything"
    CASE_DOCUMENT = "case.document"
    CASE_PUSH = "case.push"
    IMPORT_FAULTS = "import.faults"
    STATISTICS = "statistics"
    RESPONSES = "survey.responses"
    ROOM = "room"
    PERSON_PACKAGE = "person.package"
    AUDIT = "audit"
    EXPORT_LOG = "export.log"
    OTHER = "other"


LABELS = {
    Kind.CASE_SHEET: "诉求清单",
    Kind.PATIENT_SHEET: "患者清单",
    Kind.EVERYTHING: "全部数据",
    Kind.CASE_DOCUMENT: "诉求文书",
    Kind.CASE_PUSH: "接口推送",
    Kind.IMPORT_FAULTS: "导入有误行",
    Kind.STATISTICS: "统计报表",
    Kind.RESPONSES: "答卷",
    Kind.ROOM: "群聊记录",
    Kind.PERSON_PACKAGE: "个人信息副本",
    Kind.AUDIT: "审计日志",
    Kind.EXPORT_LOG: "导出记录",
    Kind.OTHER: "其他",
}


def mark(by: Actor) -> str:
    """The watermark of a file: who took it out and when, on the hospital's clock."""
    return f"{by.name} 于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 导出"


async def log(
    by: Actor,
    kind: Kind,
    title: str,
    data: bytes,
    *,
    which: str = "",
    rows: int = 0,
    columns: Sequence[str] = (),
    whole: bool = False,
    recipient: str = "",
    purpose: str = "",
    approved_by: str = "",
    case_id: int | None = None,
    sha256: str = "",
) -> int:
    """Write one line; its number.

    Args:
        by: who takes it out, or the house when it hands something to a platform by itself.
        kind: what sort of thing.
        title: what it is, as the screen names it.
        data: the very bytes that leave; only their sha256 is kept.
        which: which of all rows, in words.
        rows: how many records.
        columns: their columns, as their heads read.
        whole: True when personal data stands in it in full.
        recipient: for whom; "" for the person who takes it.
        purpose: what for.
        approved_by: who agreed that it is whole.
        case_id: the case it is about, if one.
        sha256: of what was streamed, whose bytes nobody holds any more; `data` is then empty.
    """
    number: int = await db.fetchval(
        "insert into data_export (at, staff_id, who, door, address, kind, title, filter, rows, columns, whole, recipient,"
        " purpose, approved_by, sha256, case_id, trace_id)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id",
        clock.now(),
        by.staff_id,
        by.name,
        by.door,
        by.address,
        kind,
        title[:300],
        which[:2000],
        rows,
        list(columns),
        whole,
        recipient[:200],
        purpose[:500],
        approved_by,
        sha256 or hashlib.sha256(data).hexdigest(),
        case_id,
        trace_id(),
    )
    return number
