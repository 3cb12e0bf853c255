"""The matrix of rights: which role may do what; what one person may do, where, and from which post. Changes nothing."""

import io

from aiohttp import web
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from console.page import number, permit, show
from console.staff_people import unit_options
from core import audit
from core.actor import Actor, Permission
from core.downloads import attachment
from staff import people_found, people_rights
from staff.roles import LABELS, ROLES, Role

routes = web.RouteTableDef()
PAGE = "/settings/matrix"
READ = (Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)


@routes.get(PAGE)
async def matrix(request: web.Request) -> web.Response:
    """Roles and rights; with `?person=` (and `&unit=`) the rights of one person and why."""
    actor = permit(request, *READ)
    wanted = number(request.query.get("person", ""))
    if wanted is None:
        return await show(
            request, "console/matrix/page.html", groups=people_rights.GROUPS, roles=LABELS, held=ROLES
        )
    line = await people_found.one(wanted, by=actor)
    unit = number(request.query.get("unit", ""))
    return await show(
        request,
        "console/matrix/person.html",
        line=line,
        unit=unit,
        units=await unit_options(actor),
        rights=await people_rights.rights(line.id, unit),
    )


@routes.get(f"{PAGE}/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The matrix as an Excel sheet; with `?person=` that of one person."""
    actor = permit(request, *READ)
    wanted = number(request.query.get("person", ""))
    name, rows = await (_of_roles() if wanted is None else _of_person(wanted, actor))
    await audit.record(actor, "staff.matrix_export", "staff", wanted)
    return attachment(name, _book(rows))


async def _of_roles() -> tuple[str, list[list[str]]]:
    rows = [["类别", "权限", *(LABELS[role] for role in Role)]]
    rows += [
        [group, words, *("✓" if permission in ROLES[role] else "" for role in Role)]
        for group, named in people_rights.GROUPS
        for permission, words in named
    ]
    return "角色权限矩阵.xlsx", rows


async def _of_person(staff_id: int, actor: Actor) -> tuple[str, list[list[str]]]:
    line = await people_found.one(staff_id, by=actor)
    rows = [["类别", "权限", "有无", "来自岗位", "哪些角色有此权限"]]
    rows += [
        [
            group,
            right.words,
            "有" if right.sources else "无",
            "；".join(f"{source.role}（{source.unit}）" for source in right.sources),
            "、".join(right.carried_by),
        ]
        for group, found in await people_rights.rights(line.id)
        for right in found
    ]
    return f"权限_{line.number}.xlsx", rows


def _book(rows: list[list[str]]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None  # noqa: S101 - a new workbook has one
    for row in rows:
        page.append([f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for cell in row])
    for cell in page[1]:
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True)
    page.freeze_panes = "C2"
    for column, width in (("A", 16), ("B", 26)):
        page.column_dimensions[column].width = width
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
