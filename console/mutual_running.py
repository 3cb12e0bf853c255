"""Running rounds of anonymous questionnaires: opened, weighted, closed, read. Sees nobody's answers."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.case_page import wanted
from console.forms import Options
from console.mutual import ONE, PAGE
from console.page import go, permit, show
from core import clock
from core.actions import Form
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Fault, Invalid
from reports import round_sheet
from staff import queries as staff
from staff.roles import LABELS
from surveys.anonymous import opening, rounds
from surveys.anonymous.opening import NewRound
from surveys.anonymous.results import results
from surveys.questionnaires import queries as questionnaires
from surveys.statistics.lines import interval_words

routes = web.RouteTableDef()
RUNS = opening.RUNS


class RoundForm(Form):
    """A new round."""

    questionnaire_id: int = Field(title="问卷", json_schema_extra={"widget": "choice"})
    title: str = Field(title="名称", description="如：2026 年第四季度科室互评", min_length=2, max_length=60)
    unit_id: int | None = Field(
        default=None,
        title="范围",
        description="在这个院区或科室任职的人参加；不选为全院",
        json_schema_extra={"widget": "department"},
    )
    roles: tuple[str, ...] = Field(
        default=(), title="参加人员", description="不选为所有职工", json_schema_extra={"widget": "choices"}
    )
    ratees: tuple[int, ...] = Field(
        default=(),
        title="被评科室",
        description="只用于科室互评；每个参加人评价除本科室以外的这些科室",
        json_schema_extra={"widget": "departments"},
    )
    opens_on: date = Field(title="开始日期", default_factory=clock.today)
    closes_on: date = Field(title="截止日期", description="含当天；过后自动结束并可查看结果")


async def _options(by: Actor) -> dict[str, Options]:
    tree = await staff.tree()
    scopes = tuple(path for permission in RUNS for path in by.scope(permission))
    active = [one for one in await questionnaires.listed(by) if one.active and one.kind.anonymous]
    units = [
        unit
        for unit in tree.below()
        if unit.active and unit.kind in ("campus", "clinic", "department") and unit.path.startswith(scopes)
    ]
    return {
        "questionnaire_id": [(str(one.id), f"{one.title}（{one.kind.words}）") for one in active],
        "unit_id": [(str(unit.id), tree.label(unit.id)) for unit in units],
        "roles": [(role.value, label) for role, label in LABELS.items()],
        "ratees": [
            (str(u.id), tree.label(u.id)) for u in tree.below() if u.active and u.kind == "department"
        ],
    }


@routes.get(f"{PAGE}/new")
async def choosing(request: web.Request) -> web.Response:
    """The form."""
    permit(request, *RUNS)
    return await _form(request, {"closes_on": str(clock.today() + timedelta(days=14))})


@routes.post(f"{PAGE}/new")
async def opened(request: web.Request) -> web.Response:
    """Open it."""
    actor = permit(request, *RUNS)
    given = await forms.posted(request, RoundForm)
    try:
        form = forms.parse(RoundForm, given)
        round_id = await opening.open_round(NewRound(**form.model_dump()), by=actor)
    except Invalid as error:
        return await _form(request, given, error)
    return go(request, PAGE, f"已开始：{(await rounds.get(round_id)).title}")


async def _form(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    options = await _options(permit(request, *RUNS))
    return await show(
        request,
        "console/mutual/new.html",
        status=error.status if error else 200,
        controls=forms.controls(RoundForm, given, error.details if error else (), options),
        any=bool(options["questionnaire_id"]),
        error=error.message if error and not error.details else "",
    )


@routes.get(f"{ONE}/weights")
async def weights(request: web.Request) -> web.Response:
    """The matrix: who judges whom, and how much it counts."""
    permit(request, *RUNS)
    return await _matrix(request)


@routes.post(f"{ONE}/weights")
async def weighed(request: web.Request) -> web.Response:
    """Keep it."""
    actor = permit(request, *RUNS)
    given: dict[tuple[int, int], Decimal] = {}
    typed: dict[str, str] = {}
    faults: list[Fault] = []
    for name, value in (await request.post()).items():
        parts = name.split(".")
        if len(parts) != 3 or parts[0] != "w" or not isinstance(value, str):
            continue
        typed[name] = value.strip()[:10]
        if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts[1:]):
            continue
        try:
            given[int(parts[1]), int(parts[2])] = _weight(typed[name])
        except InvalidOperation:
            faults.append(Fault(field=name, label="权重", reason="应为 0 到 100 的数"))
    try:
        if faults:
            raise Invalid("有的权重不是数", details=faults)
        await opening.weigh(wanted(request), given, by=actor)
    except Invalid as error:
        return await _matrix(request, typed, error)
    return go(request, PAGE, "权重已保存")


def _weight(text: str) -> Decimal:
    number = Decimal(text or "0")
    if not number.is_finite():
        raise InvalidOperation
    return round(number, 2)


async def _matrix(
    request: web.Request, typed: dict[str, str] | None = None, error: Invalid | None = None
) -> web.Response:
    found = await rounds.readable(wanted(request), permit(request, *RUNS))
    raters, ratees, known = await opening.units_of(found.id)
    tree = await staff.tree()
    values = {f"w.{a}.{b}": f"{weight.normalize():f}" for (a, b), weight in known.items()} | (typed or {})
    return await show(
        request,
        "console/mutual/weights.html",
        status=error.status if error else 200,
        round=found,
        raters=[(unit, tree.label(unit)) for unit in raters],
        ratees=[(unit, tree.label(unit)) for unit in ratees],
        values=values,
        wrong={fault.field for fault in error.details} if error else set(),
        error=error.message if error else "",
    )


@routes.post(f"{ONE}/close")
async def closed(request: web.Request) -> web.Response:
    """End it before its day."""
    actor = permit(request, *RUNS)
    await rounds.readable(wanted(request), actor)
    await opening.close_round(wanted(request), by=actor)
    return go(request, f"{PAGE}", "已结束，可以查看结果")


@routes.get(f"{ONE}/results/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The same as an Excel workbook."""
    actor = permit(request, Permission.SURVEY_READ)
    name, data = await round_sheet.workbook(wanted(request), by=actor)
    return attachment(name, data)


@routes.get(f"{ONE}/results")
async def read(request: web.Request) -> web.Response:
    """What was said."""
    actor = permit(request, Permission.SURVEY_READ)
    found = await results(wanted(request), by=actor)
    return await show(
        request,
        "console/mutual/results.html",
        found=found,
        measures=[rule.label or rule.key for rule in found.version.definition.scores],
        between=interval_words,
    )
