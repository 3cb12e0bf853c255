"""The forms we ship, one of each kind (templates/feedback_forms/), for a hospital that has none of its own yet."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from core import audit, db
from core.actor import system
from core.db import transaction
from surveys.definition import Definition
from tickets.forms.kinds import FormKind
from tickets.forms.rows import insert, insert_version, put_in_force

FOLDER = Path(__file__).resolve().parent.parent.parent / "templates" / "feedback_forms"
FILES: Mapping[FormKind, str] = {
    FormKind.COMPLAINT: "complaint",
    FormKind.SUGGESTION: "suggestion",
    FormKind.INQUIRY: "inquiry",
    FormKind.REPORT: "report",
    FormKind.PRAISE: "praise",
}


def shipped(kind: FormKind) -> Definition:
    """The form we ship for a kind."""
    return Definition.model_validate_json((FOLDER / f"{FILES[kind]}.json").read_bytes())


async def load_shipped(kind: FormKind) -> None:
    """Put the shipped form into force, once, where the kind never had a form."""
    definition, by = await asyncio.to_thread(shipped, kind), system("出厂表单")
    async with transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('form:' || $1))", kind)
        if await db.fetchval("select 1 from form where kind = $1 limit 1", kind):
            return
        form_id = await insert(kind, definition, by)
        version_id = await insert_version(form_id, definition, "出厂表单", by)
        await put_in_force(form_id, kind, version_id)
        await audit.record(by, "form.publish", "form", form_id, version=version_id)
