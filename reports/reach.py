"""Which facts a person may count: those of the units for which they read reports, and secret ones only as they may.

Whoever counts a case may also open the list behind the number, so both ask here. Runs nothing.
"""

from dataclasses import dataclass

from core.actor import Actor, ActorKind, Permission
from reports.asking import Asked
from staff.queries import OrgTree
from tickets.queries import secrecy
from tickets.queries.values import Values


@dataclass(frozen=True, slots=True)
class Reach:
    """Who asks, and the places they may and want to count; None means all, those of no department too."""

    by: Actor
    places: frozenset[int] | None
    secret: bool


def reach(asked: Asked, by: Actor, tree: OrgTree) -> Reach:
    """The places both permitted and wanted."""
    scopes = by.scope(Permission.REPORT_READ)
    group = next((unit.path for unit in tree.units if unit.parent_id is None), "/")
    everywhere = by.kind is not ActorKind.STAFF or any(path in ("/", group) for path in scopes)
    places = None if everywhere else frozenset(tree.within(scopes) if scopes else ())
    if asked.place is not None:
        wanted = frozenset(tree.within([tree.unit(asked.place).path]))
        places = wanted if places is None else places & wanted
    return Reach(by, places, by.can(Permission.CASE_SECRET))


def conditions(asked: Asked, reach: Reach, values: Values) -> list[str]:
    """What rows of a fact or a cube must meet, but for days and secrecy."""
    parts = []
    if reach.places is not None:
        parts.append(f"f.place_id = any({values.arg(sorted(reach.places))}::bigint[])")
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
