"""What the things in the audit log are called by those who work with them, and back: a case's number, a room's title.

Patients are told by their masked name and their number. Whether a line may tell what it is about is decided before
(tickets/queries/secret_traces.py); nothing is named here that was not asked for by its id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from core import db
from core.identity import mask_in_text
from core.masks import mask_name

_NUMBER = "to_char({}.received_at at time zone 'Asia/Shanghai', 'YYYYMMDD') || '-' || {}.id"
_CASE = _NUMBER.format("c", "c")
_PERSONS = "array[c.caller_name, c.patient_name] as persons"
_TICKET = f"""select t.id, '#' || t.id || ' ' || u.name || '（诉求 ' || {_CASE} || '）' as name, {_PERSONS}
from ticket t join cases c on c.id = t.case_id join org_unit u on u.id = t.unit_id"""  # noqa: S608 - our own words
_REPORT = f"""select r.id, r.number || '（诉求 ' || {_CASE} || '）' as name, {_PERSONS}
from case_report r join cases c on c.id = r.case_id"""  # noqa: S608 - our own words
_ROOM = f"""select r.id, r.title as name, {_PERSONS} from room r
left join ticket t on r.subject = 'ticket:' || t.id left join cases c on c.id = t.case_id"""  # noqa: S608 - our own words
# id, what it is called, and the persons whose names may stand in what people wrote about it
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "case": f"select c.id, {_CASE} as name, array[c.caller_name, c.patient_name] as persons from cases c",  # noqa: S608
        "ticket": _TICKET,
        "patient": "select id, number as name, array[name] as persons from patient",
        "case_report": _REPORT,
        "room": _ROOM,
        "staff": "select id, name || '（' || number || '）' as name, '{}'::text[] as persons from staff",
        "form_version": "select v.id, f.title || ' 第 ' || v.number || ' 版' as name, '{}'::text[] as persons"
        " from form_version v join form f on f.id = v.form_id",
        "statistics_report": "select id, number as name, '{}'::text[] as persons from statistics_report",
        "survey_entrance": "select id, label as name, '{}'::text[] as persons from survey_entrance",
        **{
            subject: f"select id, {column} as name, '{{}}'::text[] as persons from {table}"  # noqa: S608 - our own tables
            for subject, table, column in (
                ("org_unit", "org_unit", "name"),
                ("import", "import_file", "name"),
                ("form", "form", "title"),
                ("questionnaire", "questionnaire", "title"),
                ("feed_link", "feed_link", "name"),
                ("word_template", "word_template", "name"),
                ("terminal", "terminal", "name"),
                ("bulletin", "bulletin", "title"),
                ("survey_round", "survey_round", "title"),
                ("saved_view", "saved_view", "name"),
            )
        },
    }
)
# facts that hold the id of a thing
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "unit": "org_unit", "parent": "org_unit", "into": "org_unit", "staff": "staff", "patient": "patient", "case": "case",
        "questionnaire": "questionnaire", "form": "form",
    }
)  # fmt: skip
_FOUND = f"""
select 'case' as subject, c.id from cases c where {_CASE} = $1 or c.external_no = $1 or c.merged_number = $1
union select 'patient', id from patient where number = $1
union select 'staff', id from staff where number = $1 or name = $1
union select 'org_unit', id from org_unit where name = $1 or short_name = $1
union select 'room', id from room where title = $1
union select 'case_report', id from case_report where number = $1
union select 'import', id from import_file where name = $1
union select 'feed_link', id from feed_link where name = $1
union select 'questionnaire', id from questionnaire where title = $1
union select 'form', id from form where title = $1
limit 200
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Thing:
    """What a thing is called, and whose names are masked in what is told of it."""

    name: str
    persons: tuple[str, ...] = ()

    def veil(self, text: str) -> str:
        """The text with the names of its persons masked."""
        for person in self.persons:
            text = text.replace(person, mask_name(person))
        return text


async def named(asked: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Thing]:
    """The things of which there is a name still, by subject and id."""
    by_subject: dict[str, set[int]] = {}
    for subject, number in asked:
        by_subject.setdefault(subject, set()).add(number)
    found = {}
    for subject, numbers in by_subject.items():
        if subject not in _NAMES:
            continue
        rows = await db.fetch(
            f"select * from ({_NAMES[subject]}) n where id = any($1::bigint[])",  # noqa: S608
            list(numbers),
        )
        for row in rows:
            persons = tuple(
                dict.fromkeys(name.strip() for name in row["persons"] if name and len(name.strip()) > 1)
            )
            called = row["name"] or ""
            if subject == "patient":
                called = f"{mask_name(persons[0]) if persons else ''}（{called}）"
            if called:
                thing = Thing(mask_in_text(called), persons)
                found[subject, row["id"]] = replace(thing, name=thing.veil(thing.name))
    return found


async def looked_up(text: str) -> list[tuple[str, int]]:
    """The things that are called so: a case's number or the platform's, a patient's number, a colleague, a department,
    a room, a document, an import, a link, a questionnaire, a form."""
    return [(row["subject"], row["id"]) for row in await db.fetch(_FOUND, text)]
