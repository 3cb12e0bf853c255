"""Who asks for everything, who agrees, and the job that writes it. Never the same two: the table's own check.

An export of a whole hospital is not sent through a browser: it is written below `HUIYIN_EXPORT_FOLDER` on the server and
fetched there by whoever runs the machine. Source: 《个人信息保护法》 Art. 51 (rights to handle decided beforehand);
《网络数据安全管理条例》 Art. 12 (records of providing).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field

from core import audit, clock, db, everything, exports
from core.actions import Form
from core.actor import Actor, Door, Permission, system
from core.errors import Forbidden, NotFound, Refused
from core.jobs import Job, enqueue
from core.settings import settings

KIND = "everything.export"
STATES = {
    "waiting": ("等待审批", "todo"),
    "running": ("正在写入", "doing"),
    "done": ("已完成", "good"),
    "refused": ("未同意", "wait"),
    "failed": ("没有完成", "late"),
}


class AskForm(Form):
    """What the export is for, and whether sealed columns stand open in it."""

    reason: str = Field(
        title="用途",
        description="例如：更换系统时的数据迁移、按上级要求备查",
        min_length=5,
        max_length=300,
        json_schema_extra={"widget": "text"},
    )
    opened: bool = Field(
        default=False,
        title="解开加密的内容",
        description="电话、证件号、住址等以明文写入；不选则保持加密，须用医院的密钥才能读",
        json_schema_extra={"widget": "yes_no"},
    )


class WordForm(Form):
    """What the other person says."""

    agreed: bool = Field(default=False, title="是否同意", json_schema_extra={"widget": "yes_no"})
    words: str = Field(default="", title="说明", description="不同意时请写明原因", max_length=200)


@dataclass(frozen=True, slots=True)
class Everything:
    """One export as the page shows it."""

    id: int
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    reason: str
    opened: bool
    state: str
    decided_by: str
    decided_at: datetime | None
    words: str
    folder: str
    rows: int
    bytes: int
    manifest_sha256: str
    done_at: datetime | None

    @property
    def label(self) -> tuple[str, str]:
        """Word and tone of its state."""
        return STATES[self.state]


def place() -> Path | None:
    """Where exports are written; None when the hospital has named no folder."""
    return settings().export_folder


async def listed(by: Actor) -> list[Everything]:
    """The exports, newest first; none for who may agree for a part of the group only.

    Raises:
        Forbidden: this person neither asks for them nor agrees to any.
    """
    if not (by.can(Permission.DATA_EXPORT) or by.can(Permission.EXPORT_APPROVE)):
        raise Forbidden
    if not (by.can(Permission.DATA_EXPORT) or by.can(Permission.EXPORT_APPROVE, "/")):
        return []
    rows = await db.fetch(
        "select id, asked_by_id, asked_by, asked_at, reason, opened, state, decided_by, decided_at, words, folder, rows,"
        " bytes, manifest_sha256, done_at from everything_export order by id desc limit 50"
    )
    return [Everything(**dict(row)) for row in rows]


async def ask(form: AskForm, *, by: Actor) -> int:
    """Ask for everything; it waits for another person's word.

    Raises:
        Forbidden: not permitted.
        Refused: no folder is set, or one waits or runs already.
    """
    if by.staff_id is None or not by.can(Permission.DATA_EXPORT):
        raise Forbidden
    if place() is None:
        raise Refused("服务器没有设置导出文件夹（HUIYIN_EXPORT_FOLDER），请先由运维人员设置")
    async with db.transaction():
        number: int | None = await db.fetchval(
            "insert into everything_export (asked_by_id, asked_by, asked_at, reason, opened) values ($1, $2, $3, $4, $5)"
            " on conflict do nothing returning id",
            by.staff_id,
            by.name,
            clock.now(),
            form.reason,
            form.opened,
        )
        if number is None:
            raise Refused("已有一份全部数据导出在等待审批或正在写入")
        await audit.record(
            by, "everything.ask", "everything_export", number, reason=form.reason, opened=form.opened
        )
    return number


async def decide(export_id: int, form: WordForm, *, by: Actor) -> None:
    """Agree, and the job begins; or refuse.

    Raises:
        Forbidden: not permitted, or one's own wish.
        NotFound: none that waits, or none for this person, who agrees for a part of the group only.
    """
    if by.staff_id is None or not by.can(Permission.EXPORT_APPROVE):
        raise Forbidden
    if not by.can(Permission.EXPORT_APPROVE, "/"):
        raise NotFound("这份申请已处理，或不存在")
    async with db.transaction():
        row = await db.fetchrow("select * from everything_export where id = $1 for update", export_id)
        if row is None or row["state"] != "waiting":
            raise NotFound("这份申请已处理，或不存在")
        if row["asked_by_id"] == by.staff_id:
            raise Forbidden("自己申请的导出须由他人审批")
        await db.execute(
            "update everything_export set state = $2, decided_by_id = $3, decided_by = $4, decided_at = $5, words = $6"
            " where id = $1",
            export_id,
            "running" if form.agreed else "refused",
            by.staff_id,
            by.name,
            clock.now(),
            form.words,
        )
        if form.agreed:
            job = await enqueue(KIND, {"export": export_id})
            await db.execute("update everything_export set job_id = $2 where id = $1", export_id, job)
        await audit.record(
            by,
            "everything.agree" if form.agreed else "everything.refuse",
            "everything_export",
            export_id,
            words=form.words,
        )


async def write(job: Job) -> None:
    """The job: write it. Run again after a crash it begins anew in a folder of its own."""
    number = int(job.payload["export"])
    row = await db.fetchrow("select * from everything_export where id = $1 and state = 'running'", number)
    if row is None:
        return
    base = place()
    if base is None:
        await _end(number, "failed", "服务器没有设置导出文件夹")
        return
    name = f"everything-{number}-{clock.local(clock.now()):%Y%m%d%H%M%S}"
    try:
        taken = await everything.export(
            base / name, by=row["asked_by"], reason=row["reason"], opened=row["opened"], tell=job.report
        )
    except OSError as error:
        await _end(number, "failed", f"不能写入 {base}：{error.strerror}")
        return
    await _end(number, "done", "", folder=name, taken=taken)
    await note(
        taken,
        system("后台", Door.CLOCK),
        base / name,
        row["asked_by"],
        row["decided_by"],
        row["reason"],
        row["opened"],
    )


async def _end(
    number: int, state: str, words: str, *, folder: str = "", taken: everything.Taken | None = None
) -> None:
    await db.execute(
        "update everything_export set state = $2, words = case when $3 = '' then words else $3 end, folder = $4, rows = $5,"
        " bytes = $6, manifest_sha256 = $7, done_at = $8 where id = $1 and state = 'running'",
        number,
        state,
        words,
        folder,
        taken.rows if taken else 0,
        taken.bytes if taken else 0,
        taken.manifest_sha256 if taken else "",
        clock.now(),
    )


async def note(
    taken: everything.Taken,
    by: Actor,
    folder: Path,
    recipient: str,
    approved_by: str,
    reason: str,
    opened: bool,
) -> None:
    """The line of the log of exports; what is traced is the manifest, which names all else."""
    data = (folder / "manifest.json").read_bytes()
    async with db.transaction():
        await exports.log(
            by,
            exports.Kind.EVERYTHING,
            folder.name,
            data,
            which=f"全部数据：{len(taken.tables)} 张表、{len(taken.files)} 个附件",
            rows=taken.rows,
            whole=opened,
            recipient=recipient,
            purpose=reason,
            approved_by=approved_by,
        )
        await audit.record(
            by, "everything.write", "everything_export", None, rows=taken.rows, manifest=taken.manifest_sha256
        )


async def agreed(export_id: int) -> str:
    """Who agreed to an export with sealed columns open, for the command line; good for a day.

    Raises:
        Refused: nobody did, or not lately.
    """
    row = await db.fetchrow(
        "select decided_by, decided_at from everything_export where id = $1 and opened and decided_at is not null"
        " and state in ('running', 'done')",
        export_id,
    )
    if row is None or (clock.now() - row["decided_at"]).total_seconds() > 86_400:
        raise Refused("这份申请没有得到同意，或同意已超过一天")
    name: str = row["decided_by"]
    return name
