"""The periods of each clock by source and appeal type: shown, changed with their basis, and tried on an instant.

What is changed here holds for cases that come later; clocks that run keep theirs. Computes no limit itself:
the tester asks the same functions that open the clocks of a case.
"""

from dataclasses import dataclass
from datetime import datetime, time

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, permit, show
from core import clock
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, NotFound
from staff import working_days
from tickets import limits, rules
from tickets.clock_kinds import KINDS
from tickets.deadlines import END_OF_BUSINESS, END_OF_DAY, Rule, Unit
from tickets.rules import LONGEST, RuleLine
from tickets.sources import SOURCES

routes = web.RouteTableDef()
PAGE = "/settings/deadlines"
OTHER = "其他类型"
MIDNIGHT = "24:00"
WIDE = 4  # a source with more clocks has a row for each of them, and a column for each type
NO_TYPE = "other"  # in the address, for the row of every other type
UNITS = {Unit.WORKING_DAYS: "个工作日", Unit.CALENDAR_DAYS: "个自然日", Unit.HOURS: "小时"}


class RuleForm(Form):
    """One period."""

    amount: int = Field(title="期限", ge=1, le=LONGEST)
    unit: Unit = Field(title="单位", json_schema_extra={"labels": {unit: UNITS[unit] for unit in Unit}})
    basis: str = Field(
        title="依据",
        description="文件名称与条款，或“院内约定”；会写进每个时限的说明",
        min_length=1,
        max_length=200,
    )
    count_start_day: bool = Field(
        default=False,
        title="当日计入",
        description="收到当天算不算第 1 天。《民法典》第二百零一条：开始的当日不计入；地方规定另有约定的才选“是”",
    )
    roll_over_last_day: bool = Field(
        default=True,
        title="末日顺延",
        description="按自然日计算、最后一天是休息日的，顺延到下一个工作日。《民法典》第二百零三条",
    )
    end_of_day: str = Field(
        default="17:30",
        title="末日截止",
        description="最后一天到几点为止：下班时间，或 24:00（第二百零三条）。按小时计算的不看这三项",
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    )

    def end(self) -> time:
        """The end of the last day; 24:00 is its last second."""
        return END_OF_DAY if self.end_of_day == MIDNIGHT else time.fromisoformat(self.end_of_day)


class TryForm(Form):
    """A case that might come."""

    source: str = Field(title="来源", json_schema_extra={"widget": "choice"})
    appeal_type: str = Field(title="诉求类型", json_schema_extra={"widget": "choice"})
    received_at: datetime = Field(title="收到时间")
    upstream_at: datetime | None = Field(
        default=None, title="工单载明的办结时限", description="没有写明请留空；写明的以工单为准"
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A period of one type and clock; `own` False when the row of every other type holds."""

    kind: str
    path: str
    line: RuleLine | None
    own: bool


@dataclass(frozen=True, slots=True)
class TypeRow:
    """An appeal type with a period for each clock of its source."""

    label: str
    cells: tuple[Cell, ...]


def words(rule: Rule) -> str:
    """ "5 个工作日"."""
    return f"{rule.amount} {UNITS[rule.unit]}"


def ends(rule: Rule) -> str:
    """How the ends are taken where it is not the usual way: "当日计入，截止 24:00"; "" otherwise."""
    if rule.unit is Unit.HOURS:
        return ""
    told = []
    if rule.count_start_day:
        told.append("当日计入")
    if rule.unit is Unit.CALENDAR_DAYS:
        told.append("休息日顺延" if rule.roll_over_last_day else "休息日不顺延")
    if rule.end_of_day != END_OF_BUSINESS:
        told.append(f"截止 {_clock(rule.end_of_day)}")
    return "，".join(told)


def _clock(end: time) -> str:
    return MIDNIGHT if end >= END_OF_DAY else f"{end:%H:%M}"


def table(lines: dict[tuple[str, str, str], RuleLine], source: str) -> list[TypeRow]:
    """The rows of a source, its types in the order of the source, every other type last."""
    found = []
    for appeal_type in (*SOURCES[source].appeal_types, ""):
        cells = []
        for kind in SOURCES[source].clocks:
            own = lines.get((source, appeal_type, kind))
            path = f"{PAGE}/{source}/{appeal_type or NO_TYPE}/{kind}"
            cells.append(Cell(kind, path, own or lines.get((source, "", kind)), own is not None))
        found.append(TypeRow(appeal_type or OTHER, tuple(cells)))
    return found


def _type(named: str) -> str:
    """The appeal type as the rules keep it: "" is every other type."""
    return "" if named == NO_TYPE else named


def _types() -> list[tuple[str, str]]:
    names = dict.fromkeys(name for source in SOURCES.values() for name in source.appeal_types)
    return [*((name, name) for name in names), (NO_TYPE, OTHER)]


def _options() -> dict[str, forms.Options]:
    return {"source": [(name, source.label) for name, source in SOURCES.items()], "appeal_type": _types()}


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """Every period, and the tester."""
    permit(request, Permission.PARAMETER_MANAGE)
    lines = await rules.lines()
    values = {
        "source": next(iter(SOURCES)),
        "appeal_type": _types()[0][0],
        "received_at": f"{clock.local(clock.now()):%Y-%m-%dT%H:%M}",
    }
    return await show(
        request,
        "console/deadlines.html",
        sources=[(source, table(lines, name)) for name, source in SOURCES.items()],
        kinds={name: kind.label for name, kind in KINDS.items()},
        words=words,
        ends=ends,
        wide=WIDE,
        controls=forms.controls(TryForm, values, options=_options()),
    )


def _wanted(request: web.Request) -> tuple[str, str, str]:
    """Source, appeal type and kind of the address."""
    source, appeal_type, kind = (request.match_info[name] for name in ("source", "type", "kind"))
    appeal_type = _type(appeal_type)
    if (
        source not in SOURCES
        or kind not in SOURCES[source].clocks
        or appeal_type not in ("", *SOURCES[source].appeal_types)
    ):
        raise NotFound("没有这一项办理时限")
    return source, appeal_type, kind


async def _drawer(
    request: web.Request, values: dict[str, object] | None = None, error: Invalid | None = None
) -> web.Response:
    source, appeal_type, kind = _wanted(request)
    lines = await rules.lines()
    own = lines.get((source, appeal_type, kind))
    line = own or lines.get((source, "", kind))
    begun: dict[str, object] = {}
    if line is not None:
        begun = {
            "amount": line.rule.amount,
            "unit": line.rule.unit,
            "basis": line.rule.source if own else "",
            "count_start_day": line.rule.count_start_day,
            "roll_over_last_day": line.rule.roll_over_last_day,
            "end_of_day": _clock(line.rule.end_of_day),
        }
    return await show(
        request,
        "console/deadline.html",
        status=error.status if error else 200,
        path=request.path,
        title=f"{appeal_type or OTHER} · {KINDS[kind].label}",
        source=SOURCES[source].label,
        own=own,
        now=words(line.rule) if line else "",
        ends=ends(line.rule) if line else "",
        controls=forms.controls(
            RuleForm, begun if values is None else values, error.details if error else ()
        ),
    )


@routes.get(PAGE + "/{source}/{type}/{kind}")
async def editing(request: web.Request) -> web.Response:
    """The drawer in which one is changed."""
    permit(request, Permission.PARAMETER_MANAGE)
    return await _drawer(request)


@routes.post(PAGE + "/{source}/{type}/{kind}")
async def changed(request: web.Request) -> web.Response:
    """Change one; what does not fit is told beside its control."""
    actor = permit(request, Permission.PARAMETER_MANAGE)
    source, appeal_type, kind = _wanted(request)
    given = await forms.posted(request, RuleForm)
    try:
        form = forms.parse(RuleForm, given)
        await rules.change(
            source,
            appeal_type,
            kind,
            form.amount,
            form.unit,
            form.basis,
            by=actor,
            count_start_day=form.count_start_day,
            roll_over_last_day=form.roll_over_last_day,
            end_of_day=form.end(),
        )
    except Invalid as error:
        return await _drawer(request, given, error)
    said = f"已保存：{appeal_type or OTHER}的{KINDS[kind].label}为 {form.amount} {UNITS[form.unit]}，此后收到的诉求按此计算"
    return go(request, PAGE, said)


@routes.get(PAGE + "/try")
async def tried(request: web.Request) -> web.Response:
    """Every limit of a case that might come, with their reasons; writes nothing."""
    permit(request, Permission.PARAMETER_MANAGE)
    given = {name: value for name, value in request.query.items() if name in TryForm.model_fields and value}
    try:
        form = forms.parse(TryForm, given)
        _check(form)
    except Invalid as error:
        return await show(request, "console/deadline_tried.html", status=error.status, error=error, found=())
    received = _here(form.received_at)
    printed = _here(form.upstream_at) if form.upstream_at else None
    found = limits.trial(
        form.source,
        _type(form.appeal_type),
        received,
        printed,
        await rules.in_force(),
        await working_days.calendar(),
    )
    return await show(
        request,
        "console/deadline_tried.html",
        error=None,
        found=found,
        kinds={name: kind.label for name, kind in KINDS.items()},
        type=_type(form.appeal_type) or OTHER,
        received=received,
    )


def _check(form: TryForm) -> None:
    if form.source not in SOURCES:
        raise NotFound("没有这个来源")
    years = {instant.year for instant in (form.received_at, form.upstream_at) if instant is not None}
    if not all(working_days.FIRST <= year < working_days.LAST for year in years):
        raise Invalid(f"时间应在 {working_days.FIRST} 到 {working_days.LAST - 1} 年之间")


def _here(instant: datetime) -> datetime:
    """What a control gives is the hospital's wall clock."""
    return instant if instant.tzinfo else instant.replace(tzinfo=clock.SHANGHAI)
