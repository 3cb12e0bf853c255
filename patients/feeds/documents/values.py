"""One value of a tree by its rule, as our own: which of several counts, what its code means, where it points, of what type.

Asks no database. A patient who is named by an identifier only is asked for by it (`wanted`); who that is is found when the
message is worked on (`patients.feeds.unknown_patients`).
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

from core import clock
from core.clock import SHANGHAI
from core.identity import parse_id
from patients.feeds import common
from patients.feeds.documents import fhir
from patients.feeds.documents import tree as trees
from patients.feeds.documents.mapping import Part, Rule, TreeMapping
from patients.feeds.documents.tree import EMPTY, Path, Tree
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import results, values
from patients.feeds.mapping import PLACES, plain
from patients.feeds.wanted import Wanted
from patients.said import IdentifierKind, ResultFlag
from staff.tree import OrgTree

NUMBERS = frozenset(
    {"number", "patient", "visit", "order", "prior", "survivor"}
)  # that take the link's prefix
MISSING = {
    "number": "缺少号码",
    "patient": "缺少患者号",
    "prior": "缺少被合并的患者号",
    "survivor": "缺少保留的患者号",
    "name": "缺少名称",
    "phone": "缺少电话",
}
PERSONS = frozenset({"patient", "prior", "survivor"})
_BY_IDENTIFIER = re.compile(r"(?:.*/)?Patient\?identifier=(?:(?P<system>[^|]*)\|)?(?P<value>[^&|]+)")
IDENTIFIER = tuple(map(trees.path, ("type.coding.code", "type.text", "system", "use")))
LONGEST = 90  # characters of a number, before the prefix of its link
Found = tuple[Any, Path | None]


def first(message: Tree, places: tuple[Path, ...]) -> str:
    for place in places:
        found = trees.text(message, place, message)
        if isinstance(found, str):
            return found
    return ""


def instant(text: str) -> datetime:
    """An instant as HL7, ISO 8601 or FHIR write it; without a zone it is the hospital's wall clock.

    Raises:
        ValueError: it is none.
    """
    try:
        return values.instant(text)
    except ValueError as error:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise error from None
        return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


class Values:
    """Values of one message."""

    def __init__(self, message: Tree, mapping: TreeMapping, tree: OrgTree, domain: str) -> None:
        self.message = message
        self.mapping = mapping
        self.tree = tree
        self.domain = domain
        self.remarks: list[str] = []
        self.wanted: dict[str, Wanted] = {}
        self.kind = first(message, mapping.kind)

    def _at(self, where: str, place: Path) -> str:
        """The place as a fault names it: `Encounter.period.start`, `Patient.contact[1].telecom`."""
        if place.text.startswith("^"):
            where = ""
        return ".".join(filter(None, (where or self.kind, place.text.lstrip("^.")))).removesuffix(".$")

    def _fields(self, part: Part, item: Tree, where: str) -> dict[str, Any]:
        """The fields that were said; those said to be empty under "cleared"."""
        found: dict[str, Any] = {}
        cleared = []
        for key, rule in part.rules.items():
            if key in PLACES:
                continue
            was_said, value = self._value(key, rule, item, where)
            if was_said and value is None:
                cleared.append(key)
            elif was_said:
                found[key] = f"{self.domain}:{value}" if self.domain and key in NUMBERS else value
        for key in ("number", "patient", "prior", "survivor"):
            if key in part.rules and key not in found:
                raise ReadFault(self._at(where, part.rules[key].places[0]), MISSING[key])
        if cleared and part.says != "merge":
            found["cleared"] = tuple(sorted(set(cleared) - NUMBERS))
        return found

    def _raw(self, rule: Rule, item: Tree, where: str = "") -> Found:
        """What stands at the first place that holds anything, and that place."""
        empty = None
        for place in rule.places:
            if rule.way in ("reference", "named"):
                found: Any = self._pointed(rule, item, place, where)
            elif rule.way in fhir.WAYS:
                found = fhir.WAYS[rule.way](trees.items(item, place, self.message))
            else:
                found = trees.text(item, place, self.message)
            if found is EMPTY:
                empty = empty or place
            elif found is not None:
                return (f"{self.kind}/{found}" if rule.way == "own" else found), place
        return (EMPTY, empty) if empty is not None else (None, None)

    def _value(self, key: str, rule: Rule, item: Tree, where: str) -> tuple[bool, Any]:
        """Whether a field was said, and its value; None is "said to be empty"."""
        if rule.kind is tuple:
            return self._many(key, rule, item, where)
        if rule.kind is ResultFlag and rule.codes:
            return self._mark(rule, item, where)
        text, found_at = self._chosen(rule, item, where) if rule.codes else self._raw(rule, item, where)
        if text is None:
            fixed = rule.fixed
            return fixed is not None, None if fixed is None else plain(fixed, rule.kind)
        if text is EMPTY or found_at is None:
            return True, None
        if not text:
            return False, None
        place = self._at(where, found_at)
        if key in NUMBERS:
            return True, self._number(key, text, place)
        if rule.kind is str and key not in ("phone", "id_number"):
            return True, text
        if rule.kind is datetime:
            return True, self._instant(place, text)
        if rule.kind is date:
            return self._day(key, text, place)
        if key in ("phone", "id_number"):
            found = common.personal(key, text, place, self.remarks)
            return found is not None, found
        try:
            return True, plain(text, rule.kind)
        except ValueError:
            raise ReadFault(place, "格式不对", text) from None

    def _number(self, key: str, text: str, place: str) -> str:
        """A number of the sender's. One that no column takes is named here, before it is a key of anything."""
        if len(text) > LONGEST:
            raise ReadFault(place, f"超过 {LONGEST} 个字符", text)
        if key in PERSONS and parse_id(text) is not None:
            raise ReadFault(place, "这里是身份证号，不能当作患者号：请修改映射文件")
        return text

    def _many(self, key: str, rule: Rule, item: Tree, where: str) -> tuple[bool, Any]:
        found: list[str] = []
        for place in rule.places:
            if rule.way in ("reference", "named"):
                found += self._all_pointed(rule, item, place, where)
            else:
                found += filter(None, map(trees.plain, trees.items(item, place, self.message)))
        if key == "parts" and self.domain:
            found = [f"{self.domain}:{text}" for text in found]
        return bool(found), tuple(dict.fromkeys(found))

    # --- codes -------------------------------------------------------------------------------------

    def _chosen(self, rule: Rule, item: Tree, where: str) -> Found:
        """The meaning of the first code that the table names, of all that stand at the places; else what "*" means. Of
        yes and no a yes counts."""
        table = self.mapping.codes[rule.codes]
        other: tuple[str, Path] | None = None
        empty: Path | None = None
        for place in rule.places:
            known = []
            for text in self._texts(rule, item, place):
                if text is None:
                    empty = empty or place
                elif text in table:
                    known.append(table[text])
                elif text:
                    other = (text, place)
            if rule.kind is bool and "true" in known:
                return "true", place
            if found := next(filter(None, known), None):
                return found, place
        if other is not None:
            if "*" not in table:
                raise ReadFault(
                    self._at(where, other[1]), f"不在代码表 {rule.codes} 中", other[0], codes=rule.codes
                )
            return table["*"], other[1]
        return (EMPTY, empty) if empty is not None else (None, None)

    def _mark(self, rule: Rule, item: Tree, where: str) -> tuple[bool, ResultFlag | None]:
        """Of several marks of a result the gravest; one that the table does not name is remarked upon and is none."""
        table = self.mapping.codes[rule.codes]
        known = []
        for place in rule.places:
            texts = [text for text in self._texts(rule, item, place) if text]
            known += [table[text] for text in texts if text in table]
            strange = [text for text in texts if text not in table]
            if strange and not known:
                self.remarks += [
                    f"{self._at(where, place)}：不认识的异常标志“{text}”，未采用" for text in strange
                ]
        mark = results.gravest(known)
        return mark is not None, mark

    def _texts(self, rule: Rule, item: Tree, place: Path) -> Iterable[str | None]:
        if rule.way or len(place.ways) > 1:
            found, _ = self._raw(Rule((place,), way=rule.way), item)
            return [None] if found is EMPTY else [found] if found else []
        found = trees.items(item, place, self.message)
        return [None if one is None else trees.plain(one) or "" for one in found]

    # --- references --------------------------------------------------------------------------------

    def _pointed(self, rule: Rule, item: Tree, place: Path, where: str) -> Any:
        found = self._all_pointed(rule, item, place, where)
        if found:
            return found[0]
        return EMPTY if any(one is None for one in trees.items(item, place, self.message)) else None

    def _all_pointed(self, rule: Rule, item: Tree, place: Path, where: str) -> list[str]:
        """Where the references point: numbers, or what stands for somebody to be found by an identifier."""
        at = self._at(where, place)
        texts = filter(None, map(trees.plain, trees.items(item, place, self.message)))
        found = [self._resolved(rule, text, at) for text in texts]
        if not found and place.text.endswith(".reference") and rule.of == "Patient":
            whole = trees.path(place.text.removesuffix(".reference"))
            for one in trees.items(item, whole, self.message):
                identifier = one.get("identifier") if isinstance(one, dict) else None
                if token := self._identified(identifier, at.removesuffix(".reference") + ".identifier"):
                    found.append(token)
        return found

    def _resolved(self, rule: Rule, text: str, at: str) -> str:
        if rule.of == "Patient" and (asked := _BY_IDENTIFIER.fullmatch(text)):
            system, value = (unquote(asked[name] or "") for name in ("system", "value"))
            return self._identified({"system": system, "value": value}, at) or text
        try:
            found = fhir.reference(text)
        except ValueError as error:
            raise ReadFault(at, str(error), text) from None
        if found.within or not found.id:
            return self._within(rule, found.within, at)
        if rule.of and found.kind and found.kind not in rule.of.split():
            raise ReadFault(at, f"指向的是 {found.kind}，应为 {rule.of}", text)
        return f"{found.kind}/{found.id}" if rule.way == "named" and found.kind else found.id

    def _within(self, rule: Rule, name: str, at: str) -> str:
        """Of a resource that the message brings along: who it is by an identifier of theirs."""
        held = fhir.contained(self.message, name)
        if held is None:
            raise ReadFault(at, "所引用的内含资源不存在", f"#{name}")
        if rule.of == "Patient":
            identifiers = held.get("identifier")
            for one in identifiers if isinstance(identifiers, list) else [identifiers]:
                if token := self._identified(one, at):
                    return token
            raise ReadFault(at, "内含的患者没有 identifier，无法确定是谁", f"#{name}")
        return name

    def _identified(self, identifier: Tree, at: str) -> str:
        """What stands for whoever has this identifier, "" when it is none."""
        value = trees.plain(identifier.get("value")) if isinstance(identifier, dict) else None
        if not value:
            return ""
        table = self.mapping.codes.get("identifier", {})
        codes = [trees.text(identifier, place, identifier) for place in IDENTIFIER]
        kind = next((table[code] for code in codes if isinstance(code, str) and code in table), None)
        known = IdentifierKind(kind) if kind in set(IdentifierKind) else None
        token = f"?{hashlib.sha256(f'{known} {value.upper()}'.encode()).hexdigest()[:24]}"
        stands = f"{self.domain}:{token}" if self.domain else token
        self.wanted[stands] = Wanted(at, value, known)
        return token

    # --- times -------------------------------------------------------------------------------------

    def _instant(self, where: str, text: str) -> datetime:
        try:
            return instant(text)
        except ValueError:
            raise ReadFault(where, "不是日期或时间，应如 2026-03-01T08:30:00+08:00", text) from None

    def _day(self, key: str, text: str, where: str) -> tuple[bool, Any]:
        try:
            found = clock.local(self._instant(where, text)).date()
        except ReadFault:
            if key != "born_on":
                raise
            self.remarks.append(common.BAD_BIRTH.format(where))  # a message is worth more than that
            return False, None
        if key == "born_on" and not common.could_be_born(found, where, self.remarks):
            return False, None
        return True, found
