"""From what was said to what is: pure, and the same whatever the order in which it came.

Facts are put in the order in which their senders wrote them, by (at, rank), and taken one after the other; a cancel
takes back what stands before it in that order. Knows no database.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from patients.said import (
    ContactSaid,
    DiagnosisSaid,
    Identifier,
    ItemSaid,
    ItemState,
    PatientSaid,
    ReportSaid,
    Said,
    SurgerySaid,
    UseSaid,
    VisitSaid,
    VisitVerb,
)

S = TypeVar("S", bound=Said)

NOT_PLAIN = frozenset(
    {
        "number",
        "cleared",
        "extra",
        "weak",
        "verb",
        "items",
        "parts",
        "diagnoses",
        "surgeries",
        "identifiers",
        "uses",
        "places",
    }
)
END_FIELDS = ("ended_at", "disposition", "outcome")


@dataclass(frozen=True, slots=True)
class Fact(Generic[S]):
    """Something said, and when its sender wrote it."""

    at: datetime
    rank: str
    said: S

    @property
    def order(self) -> tuple[datetime, str]:
        """By which facts are put in order."""
        return self.at, self.rank


def in_order(facts: Iterable[Fact[S]]) -> list[Fact[S]]:
    """The facts as their senders wrote them."""
    return sorted(facts, key=lambda fact: fact.order)


Value = object  # a field's value: text, number, instant, tuple; None where a sender said it is empty


def told(said: Said) -> Iterator[tuple[str, Value]]:
    """The plain fields that were said, with None for those said to be empty."""
    for name in said.model_fields_set - NOT_PLAIN:
        value = getattr(said, name)
        if value is not None:
            yield name, value
    for name in said.cleared:
        yield name, None


def plain(facts: Sequence[Fact[S]]) -> dict[str, Value]:
    """Each field as it was said last."""
    found: dict[str, Value] = {}
    for fact in facts:
        found.update(told(fact.said))
    return found


@dataclass(slots=True)
class PatientState:
    """A patient as told: fields by name, every number ever told, contacts as told last."""

    fields: dict[str, Value] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    contacts: tuple[ContactSaid, ...] = ()


def fold_patient(facts: Iterable[Fact[PatientSaid]]) -> PatientState:
    """Later words stand above earlier ones; words in passing fill only what nobody else said, the earliest of them."""
    ordered = in_order(facts)
    strong = [fact for fact in ordered if not fact.said.weak]
    weak = [fact for fact in ordered if fact.said.weak]
    fields = {**plain(weak[::-1]), **plain(strong)}
    contacts = fields.pop("contacts", None)
    numbers = dict.fromkeys(one for fact in ordered for one in fact.said.identifiers)
    return PatientState(
        fields,
        tuple(sorted(numbers, key=lambda one: (one.kind, one.domain, one.value))),
        contacts if isinstance(contacts, tuple) else (),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient lay from `at` on."""

    at: datetime
    unit_id: int | None = None
    ward_id: int | None = None
    bed: str = ""


@dataclass(slots=True)
class VisitState:
    """A visit as told; `state` is None for as long as nothing says that it exists."""

    state: str | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    diagnoses: tuple[DiagnosisSaid, ...] = ()
    surgeries: tuple[SurgerySaid, ...] = ()
    uses: tuple[UseSaid, ...] = ()
    diagnosed: bool = False  # a diagnosis was told, were it only to be taken back


def fold_visit(facts: Iterable[Fact[VisitSaid]]) -> VisitState:
    """Step by step; cancelling a transfer goes back to the place before, cancelling a discharge takes its end away."""
    found = VisitState()
    for fact in in_order(facts):
        _step(found, fact)
        _tell(found, fact)
    found.diagnoses = _used(found.diagnoses, found.uses)
    found.diagnosed = found.diagnosed or bool(found.uses)
    return found


def _used(diagnoses: tuple[DiagnosisSaid, ...], uses: tuple[UseSaid, ...]) -> tuple[DiagnosisSaid, ...]:
    """The diagnoses as their visit uses them; those that only the visit names are its own."""
    by_key = {one.key: one for one in uses}
    found = [
        one.model_copy(update={"kind": by_key[one.key].kind, "main": by_key[one.key].main})
        if one.key in by_key
        else one
        for one in diagnoses
    ]
    known = {one.key for one in diagnoses}
    found += [
        DiagnosisSaid(kind=one.kind, name=one.name, code=one.code, main=one.main, key=one.key)
        for one in uses
        if one.name and one.key not in known
    ]
    keys = list(by_key)
    # Those that the visit names stand in its order; the others behind them, as they were told.
    return tuple(sorted(found, key=lambda one: keys.index(one.key) if one.key in by_key else len(keys)))


def _step(found: VisitState, fact: Fact[VisitSaid]) -> None:
    match fact.said.verb:
        case VisitVerb.PLAN:
            found.state = found.state or "planned"
        case VisitVerb.OPEN if found.state in (None, "planned", "cancelled"):
            found.state = "open"
        case VisitVerb.CLOSE:
            found.state = "closed"
            found.fields["ended_at"] = fact.at  # unless the message says better
        case VisitVerb.CANCEL:
            found.state = "cancelled"
        case VisitVerb.CANCEL_CLOSE | VisitVerb.RUNS:
            found.state = "open"
            found.fields.update(dict.fromkeys(END_FIELDS))
        case VisitVerb.TRANSFER:
            last = found.places[-1] if found.places else Place(fact.at)
            found.places.append(Place(fact.at, last.unit_id, last.ward_id))
        case VisitVerb.CANCEL_TRANSFER if len(found.places) > 1:
            found.places.pop()
        case VisitVerb.TELL:
            pass
        case _:
            found.state = found.state or "open"


def _tell(found: VisitState, fact: Fact[VisitSaid]) -> None:
    said = dict(told(fact.said))
    place: dict[str, Value] = {name: said.pop(name) for name in ("unit_id", "ward_id", "bed") if name in said}
    if fact.said.places:
        found.places = [Place(one.at, one.unit_id, one.ward_id, one.bed) for one in fact.said.places]
    if any(value is not None for value in place.values()):
        last = found.places.pop() if found.places else Place(fact.at)
        found.places.append(_moved(last, place))
    found.fields.update(said)
    if fact.said.uses is not None:
        found.uses = fact.said.uses
    found.diagnosed = found.diagnosed or bool(fact.said.diagnoses)
    found.diagnoses = _laid_over(found.diagnoses, fact.said.diagnoses)
    found.surgeries = _laid_over(found.surgeries, fact.said.surgeries)


P = TypeVar("P", DiagnosisSaid, SurgerySaid)


def _laid_over(known: tuple[P, ...], said: tuple[P, ...]) -> tuple[P, ...]:
    """Those with a key each replace their own; those without replace all of their kind that have none."""
    replaced = {_sort(one) for one in said}
    kept: list[P] = [one for one in known if _sort(one) not in replaced]
    kept += [one for one in said if not one.gone]
    return tuple(kept)


def _sort(one: DiagnosisSaid | SurgerySaid) -> tuple[str, str]:
    """What a later word replaces."""
    return ("key", one.key) if one.key else ("kind", one.kind if isinstance(one, DiagnosisSaid) else "")


def _moved(last: Place, said: dict[str, Value]) -> Place:
    """A unit that is said without a ward leaves the old ward behind."""
    unit, ward, bed = said.get("unit_id"), said.get("ward_id"), said.get("bed")
    same = unit is None or unit == last.unit_id
    return Place(
        last.at,
        unit if isinstance(unit, int) else last.unit_id,
        ward if isinstance(ward, int) else (last.ward_id if same else None),
        bed if isinstance(bed, str) else (last.bed if same else ""),
    )


@dataclass(slots=True)
class ReportState:
    """A report as told, its results in the order in which they were first told."""

    fields: dict[str, Value] = field(default_factory=dict)
    items: tuple[ItemSaid, ...] = ()
    parts: tuple[str, ...] = ()


def fold_report(facts: Iterable[Fact[ReportSaid]]) -> ReportState:
    """A later message corrects the results it names and leaves the others."""
    ordered = in_order(facts)
    items: dict[str, ItemSaid] = {}
    parts: tuple[str, ...] = ()
    for fact in ordered:
        for one in fact.said.items:
            items[one.key] = one
            if one.state is ItemState.WITHDRAWN:
                del items[one.key]
        parts = fact.said.parts or parts
    return ReportState(plain(ordered), tuple(items.values()), parts)
