"""Which facts a person may count: those of the units for which they read reports, and secret ones only as they may.

Whoever counts a case may also open the list behind the number, so both ask here. Runs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.actor import Actor, ActorKind, Permission
from reports.asking import Asked
from reports.standing import Standing
from staff.queries import OrgTree
from tickets.queries import secrecy
from tickets.queries.values import Values


@dataclass(frozen=True, slots=True)
class Reach:
    """Who asks, and the places they may and want to count; None means all, those of no department too."""

    by: Actor
    places: Callable[[OrgTree], frozenset[int]] | None
    secret: bool
    standing: Standing

    def among(self, values: Values, column: str, month: str) -> str:
        """The condition that a place is one of them; "true" for all."""
        return "true" if self.places is None else self.standing.among(self.places, values, column, month)


def reach(asked: Asked, by: Actor, tree: OrgTree, standing: Standing) -> Reach:
    """The places both permitted and wanted, by the organisation of each month."""
    scopes = by.scope(Permission.REPORT_READ)
    group = next((unit.path for unit in tree.units if unit.parent_id is None), "/")
    everywhere = by.kind is not ActorKind.STAFF or any(path in ("/", group) for path in scopes)
    tops = [int(path.strip("/").rpartition("/")[2]) for path in scopes if path.strip("/")]

    def permitted(then: OrgTree) -> frozenset[int]:
        return frozenset(then.within([then.unit(top).path for top in tops]) if tops else ())

    def wanted(then: OrgTree) -> frozenset[int]:
        found = frozenset(then.within([then.unit(asked.place or 0).path]))
        return found if everywhere else found & permitted(then)

    if asked.place is not None:
        tree.unit(asked.place)
        return Reach(by, wanted, by.can(Permission.CASE_SECRET), standing)
    return Reach(by, None if everywhere else permitted, by.can(Permission.CASE_SECRET), standing)


def conditions(asked: Asked, reach: Reach, values: Values) -> list[str]:
    """What rows of a fact or a cube must meet, but for days and secrecy."""
    parts = []
    if reach.places is not None:
        parts.append(reach.among(values, "f.place_id", "f.month"))
    if asked.source:
        parts.append(f"f.source = any({values.arg(list(asked.source))}::text[])")
    if asked.type:
        parts.append(f"f.appeal_type = any({values.arg(list(asked.type))}::text[])")
    return parts


def in_category(path: str, values: Values) -> str:
    """The category itself or any below it; "-" stands for none."""
    name = values.arg("" if path == "-" else path)
    return f"(f.category = {name} or {name} <> '' and starts_with(f.category, {name} || '->'))"


def secret_seen(reach: Reach, values: Values) -> str:
    """The condition that a secret fact is of a case which this person reads whole."""
    seen = secrecy.condition(reach.by, values, "sc", whole=True)
    return f"exists (select 1 from cases sc where sc.id = f.case_id and {seen})"  # noqa: S608 - made of parameters


def visible(reach: Reach, values: Values) -> str:
    """The condition on any fact: not secret, or to be read whole."""
    if not reach.secret:
        return "not f.secret"
    return f"(not f.secret or {secret_seen(reach, values)})"
