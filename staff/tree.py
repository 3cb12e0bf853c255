"""The organisation as a value: units by id, below a path, up to the group, and by any of their names.

Pure: rows come in from `staff.queries`, nothing is read here.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.errors import NotFound

UnitKind = Literal["group", "campus", "clinic", "department", "ward"]
SITES = ("campus", "clinic")
_PLACE = re.compile("(门诊|病区|病房|诊室)$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `path` holds the ids from the group down to its own, "/1/4/23/".

    `former` are names that hold no more, `codes` pairs of an outside system and its code for the unit.
    """

    id: int
    parent_id: int | None
    path: str
    kind: UnitKind
    name: str
    short_name: str = ""
    aliases: tuple[str, ...] = ()
    active: bool = True
    former: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    merged_into: int | None = None

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
    """All units of the group, with the names that hold on `day`. Made by `build`; does not change."""

    def __init__(self, units: tuple[Unit, ...], day: date | None = None) -> None:
        self.units = units
        self.day = day
        self._by_id = {unit.id: unit for unit in units}
        self._by_name: dict[str, list[Unit]] = {}
        self._by_former: dict[str, list[Unit]] = {}
        self._by_code: dict[tuple[str, str], Unit] = {}
        for unit in units:
            heir = self.successor(unit.id)
            if not heir.active:
                continue
            self._by_code.update(dict.fromkeys(unit.codes, heir))
            if unit.active:
                self._name(self._by_name, unit.names, unit, unit)
                self._name(self._by_former, unit.former, unit, unit)
            else:
                self._name(self._by_former, (*unit.names, *unit.former), unit, heir)

    def _name(self, index: dict[str, list[Unit]], names: tuple[str, ...], unit: Unit, meant: Unit) -> None:
        """Have `meant` found by names of `unit`, alone and behind those of its campus."""
        sites = {site.id: site for site in (self.site(unit.id), self.site(meant.id)) if site is not None}
        for name in names:
            _index(index, plain(name), meant)
            for site in sites.values():
                if site.id != unit.id:
                    for prefix in site.names:
                        _index(index, plain(prefix + name), meant)

    def unit(self, unit_id: int) -> Unit:
        """The unit.

        Raises:
            NotFound: no such unit.
        """
        found = self._by_id.get(unit_id)
        if found is None:
            raise NotFound("没有这个科室")
        return found

    def successor(self, unit_id: int) -> Unit:
        """The unit into which this one was merged, however often; itself when it was not."""
        unit, seen = self.unit(unit_id), {unit_id}
        while unit.merged_into is not None and unit.merged_into not in seen:
            unit = self.unit(unit.merged_into)
            seen.add(unit.id)
        return unit

    def by_code(self, system: str, code: str) -> Unit | None:
        """The active unit that an outside system calls by this code now, or its successor."""
        return self._by_code.get((system, code.strip()))

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
        leaves only its own units and those of no campus. A name that a unit bore once, or one that was merged,
        counts when no unit bears it now. None when there is none, or still several.
        """
        for index in (self._by_name, self._by_former):
            found = self._find(index, name, campus)
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def _find(self, index: dict[str, list[Unit]], name: str, campus: str) -> list[Unit]:
        wanted = plain(name)
        found = index.get(wanted) or index.get(_PLACE.sub("", wanted), [])
        sites = {unit.id for unit in self._by_name.get(plain(campus), []) if unit.kind in SITES}
        if sites:
            found = [unit for unit in found if (site := self.site(unit.id)) is None or site.id in sites]
        if len(found) > 1:  # a ward is often called like its department: the department is meant
            top = min(unit.path.count("/") for unit in found)
            found = [unit for unit in found if unit.path.count("/") == top]
        return found


def _index(index: dict[str, list[Unit]], name: str, unit: Unit) -> None:
    found = index.setdefault(name, [])
    if unit not in found:
        found.append(unit)


def build(units: Iterable[Unit], day: date | None = None) -> OrgTree:
    """The tree of these units; parents may come in any order."""
    return OrgTree(
        tuple(sorted(units, key=lambda unit: tuple(int(part) for part in unit.path.split("/") if part))), day
    )
