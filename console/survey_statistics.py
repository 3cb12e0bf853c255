"""Statistics of questionnaires: the board of one, the cross-table, the texts, the sheet. Counts nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from console.forms import Options
from console.page import permit, show
from core import clock
from core.actor import Actor, Permission
from core.downloads import attachment
from patients.rows import KIND_LABELS
from reports import survey_reports_sheet as sheets
from staff import queries as staff
from staff.queries import OrgTree
from surveys.responses.rows import CHANNEL_LABELS
from surveys.statistics import board, choosing, words, written
from surveys.statistics.asking import MOST_FILTERS, Asked, read
from surveys.statistics.crosstab import crosstab
from surveys.statistics.lines import Board, GroupTable, between, interval_words, measured
from surveys.statistics.variables import Known, known, title_of

routes = web.RouteTableDef()
PAGE = "/surveys/statistics"
MOST_TEXTS, SHOWN_TEXTS = 3_000, 100
BEHIND = {"unit": "unit", "ward": "unit", "campus": "unit", "channel": "channel", "kind": "kind"}


@dataclass(frozen=True, slots=True)
class FilterShown:
    """A filter as the page names it, and the query without it."""

    label: str
    value: str
    without: str


async def asked_of(request: web.Request, by: Actor) -> tuple[Asked, list[tuple[int, str]], OrgTree]:
    """What the address asks for (the first questionnaire when it names none), all that may be chosen, the organisation."""
    tree = await staff.tree()
    asked = read(request.query.items(), frozenset(unit.id for unit in tree.units))
    choices = await choosing.choices(by)
    if asked.questionnaire is None and choices:
        asked = asked.model_copy(update={"questionnaire": choices[0][0]})
    return asked, choices, tree


def _chosen(choices: list[tuple[int, str]], tree: OrgTree, by: Actor) -> dict[str, Options]:
    scopes = by.scope(Permission.SURVEY_READ)
    return {
        "questionnaire": [(str(one), title) for one, title in choices],
        "unit": [
            (
                str(unit.id),
                ("　" if unit.kind == "department" else "　　" if unit.kind == "ward" else "")
                + tree.label(unit.id),
            )
            for unit in tree.below()
            if unit.kind != "group" and unit.path.startswith(scopes)
        ],
        "channel": [(channel, label) for channel, label in CHANNEL_LABELS.items()],
        "kind": [(kind.value, label) for kind, label in KIND_LABELS.items()],
    }


def _filters(asked: Asked, about: Known) -> list[FilterShown]:
    found = []
    for name, value in asked.filters:
        variable = about.variables.get(name)
        if variable is not None:
            rest = tuple(one for one in asked.filters if one != (name, value))
            found.append(
                FilterShown(
                    variable.label,
                    variable.options.get(value, value),
                    asked.model_copy(update={"filters": rest}).query(),
                )
            )
    return found


def _filter_options(about: Known) -> list[tuple[str, list[tuple[str, str]]]]:
    """Questions with their answers, for the choice of a filter."""
    return [
        (variable.label, [(f"{variable.name}={value}", words) for value, words in variable.options.items()])
        for variable in about.variables.values()
        if variable.slots
    ]


def _variables(about: Known) -> tuple[Options, Options]:
    """For the cross-table: where and when, and the questions."""
    both = about.variables.values()
    return (
        [(one.name, one.label) for one in both if not one.slots],
        [(one.name, one.label) for one in both if one.slots],
    )


def trend_chart(found: Board) -> dict[str, object]:
    """What static/js/survey_statistics.js draws."""
    points = [one.point for one in found.trend]
    factor = 100 if found.measure and found.measure.share else 1

    def told(numbers: Iterable[float | None]) -> list[float | None]:
        return [None if one is None else round(factor * one, 2) for one in numbers]

    return {
        "labels": [one.month for one in found.trend],
        "name": "占比" if found.measure and found.measure.share else "均值",
        "share": bool(found.measure and found.measure.share),
        "less": bool(found.measure and found.measure.less_is_better),
        "values": told(one.value for one in points),
        "middle": told(one.middle for one in points),
        "low": told(one.low for one in points),
        "high": told(one.high for one in points),
        "signals": [one.signal for one in points],
    }


def scores_chart(found: Board) -> dict[str, object]:
    """Bars of the scores on 0–100."""
    lines = [line for line in found.scores if found.known.rules[line.key].to_100]
    return {
        "kind": "bars",
        "labels": [line.label for line in lines],
        "series": [
            {
                "name": "均值",
                "percent": False,
                "values": [
                    round(line.moments.mean, 1) if line.moments.mean is not None else None for line in lines
                ],
            }
        ],
    }


def behind(found: Board, table: GroupTable, key: str) -> str:
    """The query of the responses behind a group; "" where that list cannot be narrowed so."""
    asked = found.asked
    if asked.filters or (name := BEHIND.get(table.variable.name)) is None:
        return ""
    if not (found.measure and found.measure.by_unit):
        return asked.behind(**{name: key})
    # Scores of who served: the visits may have been anywhere.
    more = {} if asked.unit is None else {"served": asked.unit}
    return asked.behind(**({"unit": None} | more | {"served" if name == "unit" else name: key}))


@routes.get(PAGE)
async def page(request: web.Request) -> web.Response:
    """The board of a questionnaire."""
    actor = permit(request, Permission.SURVEY_READ)
    asked, choices, tree = await asked_of(request, actor)
    if not choices:
        return await show(request, "console/survey_statistics/none.html")
    found = await board.board(asked, by=actor)
    return await show(
        request,
        "console/survey_statistics/page.html",
        asked=asked,
        found=found,
        choices=_chosen(choices, tree, actor),
        filters=_filters(asked, found.known),
        filter_options=_filter_options(found.known) if len(asked.filters) < MOST_FILTERS else [],
        measures=[(one.key, one.label) for one in found.measures],
        trend=trend_chart(found),
        bars=scores_chart(found),
        behind=behind,
        between=interval_words,
        measured=measured,
        around=between,
        made_at=clock.now(),
    )


@routes.get(f"{PAGE}/cross")
async def cross(request: web.Request) -> web.Response:
    """Two variables against each other."""
    actor = permit(request, Permission.SURVEY_READ)
    asked, choices, tree = await asked_of(request, actor)
    found = await crosstab(asked, by=actor)
    places, questions = _variables(found.known)
    return await show(
        request,
        "console/survey_statistics/cross.html",
        asked=asked,
        found=found,
        choices=_chosen(choices, tree, actor),
        filters=_filters(asked, found.known),
        filter_options=_filter_options(found.known) if len(asked.filters) < MOST_FILTERS else [],
        places=places,
        questions=questions,
    )


@routes.get(f"{PAGE}/texts")
async def texts(request: web.Request) -> web.Response:
    """What was written: searched, and which words come up."""
    actor = permit(request, Permission.SURVEY_READ)
    asked, choices, tree = await asked_of(request, actor)
    about = await known(await choosing.permitted(asked.questionnaire or 0, actor))
    found = await written.texts(asked, about, by=actor, most=MOST_TEXTS)
    titles = {code: title_of(question) for code, question in about.questions.items()}
    return await show(
        request,
        "console/survey_statistics/texts.html",
        asked=asked,
        about=about,
        choices=_chosen(choices, tree, actor),
        filters=_filters(asked, about),
        texts=[(one, titles.get(one.question, "")) for one in found[:SHOWN_TEXTS]],
        how_many=len(found),
        most=MOST_TEXTS,
        words=words.frequent(one.body for one in found),
    )


@routes.get(f"{PAGE}/sheet")
async def sheet(request: web.Request) -> web.Response:
    """The board, and the cross-table that the address names, as an Excel workbook."""
    actor = permit(request, Permission.SURVEY_READ)
    asked, _, _ = await asked_of(request, actor)
    name, data = await sheets.workbook(asked, by=actor)
    return attachment(name, data)
