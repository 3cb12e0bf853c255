"""Proves archived months of the audit log, and lays copies of them beside it for reading; never touches the log itself."""

from collections.abc import Sequence
from datetime import date, datetime

import orjson
from pydantic import ValidationError

from core import audit, audit_chain, db
from core.actor import Actor
from core.audit_archive import Archive, KeptSeal, Manifest, Proof, Told, bounds, find, manifest_of, read_part
from core.audit_chain import COLUMNS, Line
from core.errors import NotFound, Refused


async def prove(month: date, told: Told | None = None) -> Proof:
    """Read a whole archive again, recompute its seals and compare them with the chain; what was found.

    Raises:
        NotFound: the month is not archived.
    """
    archive = await find(month)
    reading = _Reading(month, archive)
    try:
        await reading.run(told)
    except (Refused, NotFound, OSError, EOFError, ValidationError, orjson.JSONDecodeError) as error:
        words = error.message if isinstance(error, (Refused, NotFound)) else "归档文件已损坏"
        return Proof(f"{month:%Y-%m}", reading.lines, reading.seals, words)
    return Proof(f"{month:%Y-%m}", reading.lines, reading.seals, "")


class _Reading:
    """An archive while it is proven: lines are read in the order of the seals over them."""

    def __init__(self, month: date, archive: Archive) -> None:
        self.archive, self.month = archive, month
        self.lines = self.seals = 0

    async def run(self, told: Told | None) -> None:
        manifest = await manifest_of(self.archive)
        if (manifest.lines, manifest.month) != (self.archive.lines, f"{self.month:%Y-%m}"):
            raise Refused("归档清单与登记的行数或月份不符")
        written = await db.fetchval(
            "select detail->>'sha256' from audit where action = 'audit.archive' and subject_id = $1",
            self.archive.id,
        )
        if written is not None and written != self.archive.manifest:
            raise Refused("归档登记与审计日志中的记录不符")
        seals = [KeptSeal.model_validate_json(text) for text in await self._of(manifest, "seals")]
        chain = {
            row["no"]: row["hash"].hex()
            for row in await db.fetch(
                "select no, hash from audit_seal where no = any($1::bigint[])", [s.no for s in seals]
            )
        }
        since, til = (at.isoformat(" ") for at in bounds(self.month))
        waiting: list[Line] = []
        parts = [part for part in manifest.parts if part.kind == "lines"]
        within = 0
        for seal in seals:
            if chain.get(seal.no) != seal.hash:
                raise Refused(f"封印 {seal.no}：与在线的审计链不符")
            numbers = set(map(str, seal.ids))
            while parts and len(waiting) < len(numbers):
                waiting += [tuple(orjson.loads(text)) for text in await read_part(parts.pop(0))]
            taken = next(
                (at for at, line in enumerate(waiting[: len(numbers)]) if line[0] not in numbers),
                len(numbers),
            )
            here, waiting = waiting[:taken], waiting[taken:]
            if seal.whole:
                if len(here) != len(numbers):
                    raise Refused(f"封印 {seal.no}：缺少 {len(numbers) - len(here)} 行审计记录")
                words, _ = audit_chain.fault_of(seal.link(), here)
                if words:
                    raise Refused(f"封印 {seal.no}：{words}")
            within += sum(since <= line[1] < til for line in here)
            self.lines += len(here)
            self.seals += 1
            if told is not None and self.seals % audit_chain.AT_ONCE == 0:
                await told(self.seals, len(seals))
        if waiting or parts or within != self.archive.lines:
            raise Refused("归档中的行数与登记不符")

    @staticmethod
    async def _of(manifest: Manifest, kind: str) -> list[bytes]:
        return [text for part in manifest.parts if part.kind == kind for text in await read_part(part)]


async def restore(month: date, *, by: Actor, told: Told | None = None) -> int:
    """Lay a copy of an archived month beside the log, for reading; how many lines. It is proven first.

    Raises:
        Refused: the archive does not prove itself.
        NotFound: the month is not archived.
    """
    proof = await prove(month, told)
    if proof.broken:
        raise Refused(f"{month:%Y-%m} 的归档校验未通过：{proof.broken}")
    archive = await find(month)
    manifest = await manifest_of(archive)
    since, til = (at.isoformat(" ") for at in bounds(month))
    count = 0
    async with db.transaction():
        await db.execute("delete from audit_restored where month = $1", month)
        for part in manifest.parts:
            if part.kind != "lines":
                continue
            lines = [orjson.loads(text) for text in await read_part(part)]
            records = [(*_values(line), month) for line in lines if since <= line[1] < til]
            async with db.connection() as raw:
                await raw.copy_records_to_table(
                    "audit_restored", records=records, columns=[*COLUMNS, "month"]
                )
            count += len(records)
        await audit.record(
            by, "audit.restore", "audit_archive", archive.id, month=manifest.month, lines=count
        )
    return count


def _values(line: Sequence[str]) -> list[object]:
    found: list[object] = list(line)
    for at, name in enumerate(COLUMNS):
        if name == "at":
            found[at] = datetime.fromisoformat(line[at])
        elif name in ("id", "actor_id", "subject_id"):
            found[at] = None if line[at] == "None" else int(line[at])
    return found


async def forget(month: date, *, by: Actor) -> int:
    """Throw the copy for reading away; the archive stays. How many lines it had."""
    archive = await find(month)
    async with db.transaction():
        count = await db.execute("delete from audit_restored where month = $1", month)
        if count:
            await audit.record(
                by, "audit.forget_copy", "audit_archive", archive.id, month=f"{month:%Y-%m}", lines=count
            )
    return count
