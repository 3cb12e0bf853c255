"""What a person does with an import: bring a file, say what its columns mean, have it taken over.

Each is one transaction and asks for one job at most; nothing is read or imported here.
"""

import tempfile
from asyncio import to_thread
from collections.abc import Mapping as ReadOnly
from pathlib import Path

from pydantic import ValidationError

from core import audit, clock, db, jobs, storage
from core.actor import Actor
from core.errors import Fault, Invalid, Refused
from tickets.imports import queries
from tickets.imports.queries import Import
from tickets.imports.states import ImportState
from tickets.sheets.columns import ColumnField, Mapping
from tickets.sheets.fields import SPECS, Field
from tickets.sheets.reader import SheetError, open_sheet

READ, TAKE = "import.read", "import.take"
LONGEST_SENDER = 60


async def upload(name: str, data: bytes, sender: str, *, by: Actor) -> int:
    """Keep a sheet and have it read; the import's id.

    Raises:
        Forbidden: this person may not import.
        Invalid: no sender, or not a sheet we read.
    """
    queries.may(by)
    known = " ".join(sender.split())
    if not 1 <= len(known) <= LONGEST_SENDER:
        reason = f"请写明来源，最多 {LONGEST_SENDER} 个字"
        raise Invalid(reason, details=[Fault(field="sender", label="来源", reason=reason)])
    sheets = await to_thread(_look, name, data)
    file = await storage.keep(name, data, by=by)
    async with db.transaction():
        number: int = await db.fetchval(
            "insert into import_file (sender, name, file_id, sheets, sheet, created_by, creator_id, created_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
            known,
            file.name,
            file.id,
            list(sheets),
            sheets[0],
            by.name,
            by.staff_id,
            clock.now(),
        )
        await _ask(number, READ)
        await audit.record(by, "import.upload", "import", number, name=file.name, sender=known)
    return number


def _look(name: str, data: bytes) -> tuple[str, ...]:
    """The work sheets of a file; what cannot be read is refused before it is kept."""
    try:
        with tempfile.TemporaryDirectory(prefix="huiyin-import-") as folder:
            path = Path(folder) / "sheet"
            path.write_bytes(data)
            return open_sheet(path, filename=name).names
    except SheetError as error:
        fault = Fault(field="file", label="文件", reason=str(error), value=name[:100])
        raise Invalid(str(error), details=[fault]) from None


async def _ask(import_id: int, kind: str) -> None:
    job = await jobs.enqueue(kind, {"import_id": import_id})
    await db.execute("update import_file set job_id = $2 where id = $1", import_id, job)


async def remap(import_id: int, fields: ReadOnly[int, str], *, by: Actor, sheet: str = "") -> Import:
    """Say which column is which field, or which work sheet is meant, and have the file read again.

    The mapping is kept for the sender and applied to later files with the same header.

    Args:
        import_id: in preview.
        fields: field names by column index from 0; "" for a column that is not read.
        by: who says so.
        sheet: the work sheet to read; the present one when empty. Another sheet is guessed anew.

    Raises:
        Refused: it is not in preview.
        Invalid: a field is meant twice, or is none.
    """
    async with db.transaction():
        entry = await queries.locked(import_id, by)
        if entry.state not in (ImportState.PREVIEW, ImportState.REFUSED):
            raise Refused(f"这次导入{entry.label}，不能再改列的对应关系")
        wanted = sheet or entry.sheet
        if wanted not in entry.sheets:
            raise Invalid(
                "没有这个工作表", details=[Fault(field="sheet", label="工作表", reason="请从列表中选择")]
            )
        mapping = None
        if wanted == entry.sheet and entry.mapping is not None:
            mapping = _mapping(entry, fields)
            await _save(mapping, by)
        await db.execute(
            "update import_file set mapping = $2::jsonb, sheet = $3, state = 'reading', error = '' where id = $1",
            entry.id,
            mapping.model_dump_json() if mapping else None,
            wanted,
        )
        await _ask(entry.id, READ)
        return await queries.locked(import_id, by)


def _mapping(entry: Import, fields: ReadOnly[int, str]) -> Mapping:
    headers = entry.mapping.headers if entry.mapping else ()
    columns: list[ColumnField] = []
    faults: list[Fault] = []
    for column in sorted(fields):
        if not fields[column] or not 0 <= column < len(headers):
            continue
        try:
            found = ColumnField(column=column, header=headers[column], field=Field(fields[column]))
        except (ValueError, ValidationError):
            faults.append(Fault(field=f"column-{column}", label=headers[column], reason="没有这个字段"))
            continue
        if found.field in {item.field for item in columns}:
            reason = f"“{SPECS[found.field].label}”已对应另一列"
            faults.append(Fault(field=f"column-{column}", label=headers[column], reason=reason))
        columns.append(found)
    if faults:
        raise Invalid("列的对应关系有误", details=faults)
    return Mapping(sender=entry.sender, headers=headers, columns=tuple(columns))


async def _save(mapping: Mapping, by: Actor) -> None:
    await db.execute(
        "insert into import_mapping (sender, signature, mapping, saved_by, saved_at) values ($1, $2, $3::jsonb, $4, $5)"
        " on conflict (sender, signature) do update set mapping = $3::jsonb, saved_by = $4, saved_at = $5",
        mapping.sender,
        mapping.signature,
        mapping.model_dump_json(),
        by.name,
        clock.now(),
    )


async def confirm(import_id: int, *, with_changed: bool, by: Actor) -> None:
    """Have the good rows taken over; changed ones too, as declared updates, when `with_changed`.

    Raises:
        Refused: it is not in preview, or nothing is left to take.
    """
    async with db.transaction():
        entry = await queries.locked(import_id, by)
        if entry.state is not ImportState.PREVIEW:
            raise Refused(f"这次导入{entry.label}，不能再确认")
        if not entry.fresh and not (with_changed and entry.changed):
            raise Refused("没有可以导入的工单")
        await db.execute(
            "update import_file set state = 'importing', with_changed = $2, confirmed_by = $3, confirmed_at = $4"
            " where id = $1",
            entry.id,
            with_changed,
            by.name,
            clock.now(),
        )
        await _ask(entry.id, TAKE)
        await audit.record(
            by,
            "import.confirm",
            "import",
            entry.id,
            fresh=entry.fresh,
            changed=entry.changed if with_changed else 0,
        )
