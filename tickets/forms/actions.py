"""What an administrator does with forms: new, saved, published, put into force, disabled, copied. All are audited.

A draft may be unfinished; a version is checked whole and then never changes (the database refuses). Fills in nothing.
"""

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, Refused
from surveys.checking import Problem, problems
from surveys.definition import Definition
from tickets.forms import queries
from tickets.forms.kinds import FormKind
from tickets.forms.queries import Form, FormVersion
from tickets.forms.rows import as_json, insert, insert_version, put_in_force


def _permitted(by: Actor) -> None:
    if not by.can(Permission.FORM_MANAGE):
        raise Forbidden


async def create(kind: FormKind, definition: Definition, *, by: Actor) -> Form:
    """A new form with this draft; in force only once it is published."""
    _permitted(by)
    async with transaction():
        form_id = await insert(kind, definition, by)
        await audit.record(by, "form.create", "form", form_id, kind=kind)
    return await queries.form(form_id)


async def save(form_id: int, definition: Definition, *, revision: int, by: Actor) -> Form:
    """Replace the draft.

    Args:
        form_id: the form.
        definition: the whole draft.
        revision: the one that was edited.
        by: who edits.

    Raises:
        Refused: somebody else saved meanwhile.
    """
    _permitted(by)
    async with transaction():
        found = await _locked(form_id, revision)
        await db.execute(
            "update form set draft = $2::jsonb, title = $3, revision = revision + 1, changed_by = $4, changed_at = $5"
            " where id = $1",
            found.id,
            as_json(definition.model_dump(mode="json")),
            definition.title,
            by.name,
            clock.now(),
        )
        await audit.record(by, "form.save", "form", found.id, revision=found.revision + 1)
    return await queries.form(form_id)


async def publish(form_id: int, *, revision: int, note: str = "", by: Actor) -> FormVersion:
    """Check the draft, keep it as the next version, put it into force for its kind.

    Raises:
        Invalid: `details` name each question and place: field "<code>:<place>".
        Refused: somebody else saved meanwhile, or nothing has changed since the last version.
    """
    _permitted(by)
    async with transaction():
        found = await _locked(form_id, revision)
        faults = [fault(problem, found.draft) for problem in problems(found.draft)]
        if faults:
            raise Invalid("表单还不能发布", details=faults)
        version_id = await insert_version(found.id, found.draft, note, by)
        await put_in_force(found.id, found.kind, version_id)
        await audit.record(by, "form.publish", "form", found.id, version=version_id)
    return await queries.version(version_id)


async def enforce(version_id: int, *, by: Actor) -> FormVersion:
    """Put an earlier version (or a disabled form's) into force again, in place of the present one of its kind."""
    _permitted(by)
    async with transaction():
        found = await queries.version(version_id)
        await queries.form(found.form_id, lock=True)
        await put_in_force(found.form_id, found.kind, found.id)
        await audit.record(by, "form.enforce", "form", found.form_id, version=found.id)
    return await queries.version(version_id)


async def disable(form_id: int, *, by: Actor) -> Form:
    """Take a form out of force: feedback of its kind is then registered without one. Nothing is deleted.

    Raises:
        Refused: it is not in force.
    """
    _permitted(by)
    async with transaction():
        found = await queries.form(form_id, lock=True)
        if not found.active:
            raise Refused("这份表单没有在使用")
        await db.execute("update form set active = false where id = $1", found.id)
        await audit.record(by, "form.disable", "form", found.id)
    return await queries.form(form_id)


async def copy(form_id: int, kind: FormKind, *, by: Actor) -> Form:
    """A new form with the same draft, for the same kind or another."""
    _permitted(by)
    found = await queries.form(form_id)
    draft = found.draft.model_copy(update={"title": f"{found.draft.title[:94]}（副本）"})
    return await create(kind, draft, by=by)


async def _locked(form_id: int, revision: int) -> Form:
    found = await queries.form(form_id, lock=True)
    if found.revision != revision:
        raise Refused(f"{found.changed_by}刚刚保存过这份表单，请刷新页面后再改")
    return found


def fault(problem: Problem, definition: Definition) -> Fault:
    """A problem as the page and the API tell it."""
    item = definition.named(problem.question) if problem.question else None
    return Fault(
        field=f"{problem.question}:{problem.place}",
        label=(item.title or f"未命名的题目 {item.code}") if item else "表单",
        reason=problem.reason,
    )
