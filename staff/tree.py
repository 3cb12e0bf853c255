"""The organisation as a value: units by id, below a path, up to the group, and by any of their names.

Pure: rows come in from `staff.queries`, nothing is read here.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import NotFound

UnitKind = Literal["group", "campus", "clinic", "department", "ward"]
SITES = ("campus", "clinic")
_PLACE = re.compile("(门诊|病区|病房|诊室)$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `path` holds the ids from the group down to its own, "/1/4/23/"."""

    id: int
    parent_id: int | None
    path: str
    kind: UnitKind
    name: str
    short_name: str = ""
    aliases: tuple[str, ...] = ()
    active: bool = True

    @property
    def scope(self) -> str:
        """The path that a permission held here reaches over: "/" for the group itself."""
        return "/" if self.parent_id is None else self.path

    @property
    def names(self) -> tuple[str, ...]:
        """All names: the present one, the short one, historic ones, those of outside systems."""
        return tuple(dict.fromkeys(filter(None, (self.name, self.short_name, *self.aliases))))


def plain(name: str) -> str:
    """A name as it is compared: no width, no case, no blanks, no brackets' shape."""
    return "".join(unicodedata.normalize("NFKC", name).lower().split())


class OrgTree:
    """All units of the group. Made by `build`; does not change."""

    def __init__(self, units: tuple[Unit, ...]) -> None:
        self.units = units
        self._by_id = {unit.id: unit for unit in units}
        self._by_name: dict[str, list[Unit]] = {}
        for unit in units:
            if not unit.active:
                continue
            site = self.site(unit.id)
            for name in unit.names:
                self._index(plain(name), unit)
                if site is not None and site.id != unit.id:
                    for prefix in site.names:
                        self._index(plain(prefix + name), unit)

    def _index(self, name: str, unit: Unit) -> None:
        found = self._by_name.setdefault(name, [])
        if unit not in found:
            found.append(unit)

    def unit(self, unit_id: int) -> Unit:
        """The unit.

        Raises:
            NotFound: no such unit.
        """
        found = self._by_id.get(unit_id)
        if found is None:
            raise NotFound("没有这个科室")
        return found

    def line(self, unit_id: int) -> tuple[Unit, ...]:
        """The unit, its parent, and so on up to the group."""
        unit = self.unit(unit_id)
        line = [unit]
        while unit.parent_id is not None:
            unit = self.unit(unit.parent_id)
            line.append(unit)
        return tuple(line)

    def site(self, unit_id: int) -> Unit | None:
        """The campus or clinic a unit lies in (itself, if it is one); None for the group."""
        return next((unit for unit in self.line(unit_id) if unit.kind in SITES), None)

    def label(self, unit_id: int) -> str:
        """How the unit is shown among others: "东院区 · 心内科"."""
        unit, site = self.unit(unit_id), self.site(unit_id)
        if site is None or site.id == unit.id:
            return unit.short_name or unit.name
        return f"{site.short_name or site.name} · {unit.name}"

    def below(self, path: str = "/") -> tuple[Unit, ...]:
        """The active units at and below a path, "/" for all, parents before children."""
        return tuple(
            unit for unit in self.units if unit.active and (path == "/" or unit.path.startswith(path))
        )

    def within(self, scopes: Iterable[str]) -> tuple[int, ...]:
        """The ids of all units that any of the scopes (`Actor.scope`) reaches, closed ones too: their past is theirs."""
        wanted = tuple(scopes)
        return tuple(unit.id for unit in self.units if unit.path.startswith(wanted))

    def children(self, unit_id: int) -> tuple[Unit, ...]:
        """The active units directly below a unit."""
        return tuple(unit for unit in self.units if unit.active and unit.parent_id == unit_id)

    def find(self, name: str, campus: str = "") -> Unit | None:
        """The one active unit that goes by this name, short name, alias, or campus name and name together.

        A name that nobody bears is tried again without 门诊, 病区 or 病房 at its end. A `campus` that we know
        leaves only its own units and those of no campus. None when there is none, or still several.
        """
        wanted = plain(name)
        found = self._by_name.get(wanted) or self._by_name.get(_PLACE.sub("", wanted), [])
        sites = {unit.id for unit in self._by_name.get(plain(campus), []) if unit.kind in SITES}
        if sites:
            found = [unit for unit in found if (site := self.site(unit.id)) is None or site.id in sites]
        if len(found) > 1:  # a ward is often called like its department: the department is meant
            top = min(unit.path.count("/") for unit in found)
            found = [unit for unit in found if unit.path.count("/") == top]
        return found[0] if len(found) == 1 else None


def build(units: Iterable[Unit]) -> OrgTree:
    """The tree of these units; parents may come in any order."""
    return OrgTree(
        tuple(sorted(units, key=lambda unit: tuple(int(part) for part in unit.path.split("/") if part)))
    )
