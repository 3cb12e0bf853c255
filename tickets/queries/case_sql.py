"""The SQL of a list of cases: conditions, walks along an index from the newest case on, and whole sets; runs none.

Two ways lead to the newest cases that meet a filter. A walk reads ids in order along the index that suits the
filter best and looks at each case; it is quick where what is asked for is common there. A set asks the GIN
indexes for all that meets the filter and sorts it; it is quick where what is asked for is rare. Which of them
is taken is decided in tickets/queries/case_ways.py.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core import clock
from core.actor import Actor
from core.clock import SHANGHAI
from core.search import like_pattern
from staff.queries import OrgTree
from tickets.queries import secrecy
from tickets.queries.access import scope, unit_ids_of
from tickets.queries.case_filter import CaseFilter
from tickets.queries.search import Words
from tickets.queries.values import Values
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import CaseState

OF_TOPIC = (
    "c.id in (with recursive below as (select id from feedback_category where id = {topic}"
    " union all select f.id from feedback_category f join below b on f.parent_id = b.id)"
    " select k.case_id from case_category k join below on below.id = k.category_id)"
)
SET = 30_000  # cases that are still gathered and sorted
MOST_UNITS = 12  # a campus is common enough for a plain walk
_BEFORE_REPLY = f"'{{{','.join(BEFORE_REPLY)}}}'::text[]"
LONG_ENDED = frozenset({CaseState.CLOSED, CaseState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids between which all that is asked for lies, both excluded; None is open.

    They follow from the page before and from the filter itself, and only save a walk the way to where it begins.
    """

    above: int | None = None
    below: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A filter with all that is needed to ask it: who asks, the organisation, the words.

    `ids` are the only cases that may be meant, where they are known beforehand (a number, a phone, what waits for
    a person); `due_in_ids` tells that they were chosen by their limits already.
    """

    filter: CaseFilter
    by: Actor
    tree: OrgTree
    words: Words
    ids: frozenset[int] | None = None
    before: int | None = None
    bounds: Bounds = Bounds()
    due_in_ids: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the answer is known to be empty."""
        return self.ids == frozenset() or scope(self.by) == []

    @property
    def in_text(self) -> bool:
        """Whether texts must be looked at."""
        return bool(self.words.rest)


def midnight(day: date) -> datetime:
    """The first instant of a day in the hospital."""
    return datetime.combine(day, time(), SHANGHAI)


def conditions(asked: Question, values: Values) -> str:
    """All that `cases c` must meet, but for the words, the page before, and the ids that alone may be meant."""
    wanted = asked.filter
    parts = [
        *_places(asked, values),
        *_secrecy(asked, values),
        *_chosen(wanted, values),
        *_handler(wanted, asked.by, values),
        *_days(wanted, values),
    ]
    if wanted.again:
        parts.append("c.round > 1")
    if wanted.merged == "only":
        parts.append("c.merged_into is not null")
    elif wanted.merged is None and not wanted.q:
        parts.append(f"(c.merged_into is null or c.state <> all({_BEFORE_REPLY}))")
    if wanted.category:
        parts.append(f"c.category like {values.arg(like_pattern(wanted.category)[1:])}")
    parts += _feedback(wanted, values)
    if wanted.due and not asked.due_in_ids:
        parts.append(_due(wanted.due, values, "c."))
    return " and ".join(parts) or "true"


def _places(asked: Question, values: Values) -> list[str]:
    parts = _within(asked, values, "c.unit_ids")
    if asked.filter.campus is not None:
        parts.append(f"c.campus_id = {values.arg(asked.filter.campus)}")
    return parts


def _within(asked: Question, values: Values, column: str) -> list[str]:
    parts = []
    if (units := scope(asked.by)) is not None and not _implied(asked, units):
        parts.append(f"{column} && {values.arg(units)}::bigint[]")
    if asked.filter.unit is not None:
        parts.append(f"{column} && {values.arg([asked.filter.unit])}::bigint[]")
    return parts


def _implied(asked: Question, units: list[int]) -> bool:
    """Whether the unit asked for lies in what the person sees: a case names the units above each of its own.

    Said twice, the planner would multiply the two and expect far too few.
    """
    path = next((unit.path for unit in asked.tree.units if unit.id == asked.filter.unit), "")
    return not set(unit_ids_of(path)).isdisjoint(units)


def _secrecy(asked: Question, values: Values) -> list[str]:
    """What is hidden of secret cases; a search must not tell by finding what the row itself does not show."""
    wanted, words = asked.filter, asked.words
    classes = wanted.topic or wanted.tag or wanted.risk or wanted.severity
    telling = bool(words.rest or words.phones or wanted.type or wanted.category or classes)
    hidden = secrecy.condition(asked.by, values, whole=telling)
    return [] if hidden == "true" else [hidden]


def _chosen(wanted: CaseFilter, values: Values) -> list[str]:
    """One value is asked for by "=", which an index answers in one search."""
    columns = {
        "state": wanted.state,
        "source": wanted.source,
        "appeal_type": wanted.type,
        "urgency": wanted.urgency,
    }
    return [
        f"c.{column} = {values.arg(str(chosen[0]))}"
        if len(chosen) == 1
        else f"c.{column} = any({values.arg([str(value) for value in chosen])}::text[])"
        for column, chosen in columns.items()
        if chosen
    ]


def _feedback(wanted: CaseFilter, values: Values) -> list[str]:
    """Classes of feedback; that the list is not empty is said too, for the partial indexes."""
    parts = []
    for column, chosen in (("tags", wanted.tag), ("risks", wanted.risk)):
        if chosen:
            parts.append(
                f"c.{column} <> '{{}}' and c.{column} && {values.arg([str(value) for value in chosen])}::text[]"
            )
    if wanted.severity:
        given = values.arg([str(value) for value in wanted.severity])
        parts.append(f"c.severity <> '' and c.severity = any({given}::text[])")
    if wanted.topic is not None:
        parts.append(OF_TOPIC.format(topic=values.arg(wanted.topic)))
    return parts


def _handler(wanted: CaseFilter, by: Actor, values: Values) -> list[str]:
    if wanted.handler is None:
        return []
    if wanted.handler == "none":
        return ["c.handler_id is null"]
    return [f"c.handler_id = {values.arg(handler_id(wanted, by))}"]


def handler_id(wanted: CaseFilter, by: Actor) -> int | None:
    """Who is meant by "me" or a number."""
    return by.staff_id if wanted.handler in ("me", "none", None) else int(wanted.handler)


def _days(wanted: CaseFilter, values: Values) -> list[str]:
    parts = []
    if wanted.since:
        parts.append(f"c.received_at >= {values.arg(midnight(wanted.since))}")
    if wanted.until:
        parts.append(f"c.received_at < {values.arg(midnight(wanted.until + timedelta(days=1)))}")
    return parts


def due_range(due: str) -> tuple[datetime | None, datetime]:
    """From when (included) until when (excluded) a limit falls."""
    now = clock.now()
    if due == "late":
        return None, now
    days = 1 if due == "today" else int(due)
    return now, midnight(clock.local(now).date() + timedelta(days=days))


def _due(due: str, values: Values, alias: str) -> str:
    start, end = due_range(due)
    text = f"{alias}due_at < {values.arg(end)}"
    return text if start is None else f"{text} and {alias}due_at >= {values.arg(start)}"


def _near(asked: Question, values: Values, column: str) -> str:
    """The bounds, as more conditions."""
    above, below = asked.bounds.above, asked.bounds.below
    text = "" if above is None else f" and {column} > {values.arg(above)}"
    return text if below is None else f"{text} and {column} < {values.arg(below)}"


def walk(asked: Question, values: Values, most: int | None) -> tuple[str, str]:
    """A "from" that yields `cases c` from the newest on, `most` of them or all the way, and the id it is ordered by."""
    end = f" limit {most}" if most is not None else ""
    table, column, leads = _lead(asked, values)
    near = _near(asked, values, column)
    if not leads:
        return f"(select * from cases where true{near} order by id desc{end}) c", "c.id"  # noqa: S608
    # Ids alone are read first: so the planner cannot prefer a walk over all cases that discards most of them.
    runs = " union all ".join(
        f"(select {column} as id from {table} where {lead}{near} order by {column} desc{end})"  # noqa: S608
        for lead in leads
    )
    return (
        f"(select distinct on (id) id from ({runs}) r order by id desc) w"  # noqa: S608
        " cross join lateral (select * from cases where id = w.id offset 0) c"
    ), "w.id"


def lead(asked: Question, values: Values) -> str:
    """What a walk that goes all the way would pass by, as a query to be estimated."""
    table, column, leads = _lead(asked, values)
    near = _near(asked, values, column)
    return f"select 1 from {table} where ({' or '.join(leads) or 'true'}){near}"  # noqa: S608


def _lead(asked: Question, values: Values) -> tuple[str, str, list[str]]:
    """Table, column of the case's id, and the conditions each of which has an index in the order of ids."""
    if units := _narrow_units(asked):
        return "ticket", "case_id", [f"unit_id = {values.arg(unit)}" for unit in units]
    return "cases", "id", _leads(asked, values)


def _leads(asked: Question, values: Values) -> list[str]:
    """The part of a filter that an index in the order of ids answers best, one condition for each of its values."""
    wanted = asked.filter
    if wanted.due and not asked.due_in_ids:
        return [_due(wanted.due, values, "")]
    if wanted.again:
        return ["round > 1"]
    if wanted.handler not in (None, "none") and not _few(wanted):
        return [f"handler_id = {values.arg(handler_id(wanted, asked.by))}"]
    return [f"state = {values.arg(str(state))}" for state in wanted.state]


def _few(wanted: CaseFilter) -> bool:
    """Whether the states asked for are those of few cases."""
    return bool(wanted.state) and LONG_ENDED.isdisjoint(wanted.state)


def _narrow_units(asked: Question) -> list[int]:
    """The departments and wards that are asked for or seen, when they are few; a case is theirs by its tickets."""
    tree = asked.tree
    tops = [asked.filter.unit] if asked.filter.unit is not None else scope(asked.by)
    known = {unit.id: unit for unit in tree.units}
    if not tops or not all(top in known and known[top].kind in ("department", "ward") for top in tops):
        return []
    paths = tuple(known[top].path for top in tops)
    found = [unit.id for unit in tree.units if unit.path.startswith(paths)]
    return found if len(found) <= MOST_UNITS else []


def text_join(asked: Question, values: Values, column: str = "c.id") -> str:
    """The join that keeps only cases in whose text every word stands; "" when no word was typed."""
    if not asked.in_text:
        return ""
    patterns = values.arg(asked.words.patterns)
    return (
        f" cross join lateral (select 1 from case_search where case_id = {column}"  # noqa: S608
        f" and body like all({patterns}::text[]) offset 0) s"
    )


def found_in_text(asked: Question, values: Values) -> str:
    """The conditions on `case_search s` under which the text index finds the words, where the person may look."""
    near = _near(asked, values, "s.case_id")
    return (
        f"s.tokens @@ {values.arg(asked.words.lexemes)}::text::tsquery and {text_places(asked, values)}"
        f" and s.body like all({values.arg(asked.words.patterns)}::text[]){near}"
    )


def text_places(asked: Question, values: Values) -> str:
    """The departments that are asked for or seen, as a condition on `case_search s`."""
    return " and ".join(_within(asked, values, "s.unit_ids")) or "true"
