"""The timeline of a person and the quick actions on them: registers to which upper packages add their own in wiring.

Knows no source but those of `patients`; decides nothing: each source asks for itself what the viewer may see.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core import clock, db
from core.actor import Actor, Permission
from core.errors import NotFound
from patients import queries

PAGE = 30


class Layer(StrEnum):
    """What sort of thing happened; a filter of the page."""

    VISIT = "visit"
    REPORT = "report"
    RECORD = "record"
    ORDER = "order"
    APPOINTMENT = "appointment"
    CASE = "case"
    SURVEY = "survey"
    FOLLOWUP = "followup"
    CALL = "call"
    MESSAGE = "message"
    COURSE = "course"
    MARK = "mark"


LAYERS = {  # layer → word, icon
    Layer.VISIT: ("就诊", "stethoscope"),
    Layer.REPORT: ("检验检查", "report-medical"),
    Layer.RECORD: ("病历文书", "file-text"),
    Layer.ORDER: ("医嘱处方", "list-details"),
    Layer.APPOINTMENT: ("预约", "calendar"),
    Layer.CASE: ("诉求", "message-report"),
    Layer.SURVEY: ("问卷", "clipboard-check"),
    Layer.FOLLOWUP: ("随访", "heartbeat"),
    Layer.CALL: ("通话", "phone"),
    Layer.MESSAGE: ("消息", "mail"),
    Layer.COURSE: ("宣教", "book"),
    Layer.MARK: ("标记与更正", "flag"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Whose timeline it is: the record that stands for them, and all their records, `id` among them."""

    id: int
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `path` leads to it ("" where nothing does), `drawer` says that it opens beside the page.

    `marks` are words with a tone of `ui.badge`: (("危急值", "late"),).
    """

    at: datetime
    layer: Layer
    title: str
    text: str = ""
    path: str = ""
    drawer: bool = False
    marks: tuple[tuple[str, str], ...] = ()
    whole_day: bool = False  # the time of the day is not known

    @property
    def icon(self) -> str:
        """The icon of its layer."""
        return LAYERS[self.layer][1]

    @property
    def day(self) -> date:
        """The day on the hospital's clock."""
        return clock.local(self.at).date()

    @property
    def label(self) -> str:
        """The word of its layer."""
        return LAYERS[self.layer][0]


# Entries before `before` (None: the newest), newest first, at most `limit`, that this actor may see.
Read = Callable[[Person, Actor, datetime | None, int], Awaitable[Sequence[Entry]]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries of one layer come from."""

    layer: Layer
    read: Read


@dataclass(frozen=True, slots=True)
class QuickAction:
    """A thing to do for a patient from their file or from any list; `path` holds "{patient}" (their id).

    Shown to whoever holds one of `permissions`; the page behind it asks again. `drawer`: it opens beside the page.
    """

    name: str
    label: str
    icon: str
    path: str
    permissions: tuple[Permission, ...]
    drawer: bool = False

    def to(self, patient_id: int) -> str:
        """The address for one patient."""
        return self.path.format(patient=patient_id)


TIMELINE: list[Source] = []
QUICK_ACTIONS: list[QuickAction] = []


def quick_actions(by: Actor) -> list[QuickAction]:
    """Those that this actor is shown, in the order in which they were wired."""
    return [one for one in QUICK_ACTIONS if any(map(by.can, one.permissions))]


async def person(patient_id: int, by: Actor) -> Person:
    """The person of a record that stands for itself.

    Raises:
        NotFound: none, or out of reach.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_READ)
    rows = await db.fetch("select id from patient where id = $1 or merged_into = $1 order by id", patient_id)
    if not rows:
        raise NotFound("没有这位患者，或您无权查看")
    return Person(patient_id, tuple(row["id"] for row in rows))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the timeline, newest first; `next` asks for what lies before, None at the end."""

    entries: tuple[Entry, ...]
    next: datetime | None


async def timeline(
    who: Person,
    by: Actor,
    *,
    layers: Sequence[Layer] = (),
    before: datetime | None = None,
    limit: int = PAGE,
) -> Stretch:
    """The entries of all sources (of `layers` alone, where given), merged; those of one instant stay together."""
    found: list[Entry] = []
    for source in TIMELINE:
        if not layers or source.layer in layers:
            found += await source.read(who, by, before, limit + 1)
    found.sort(key=lambda entry: entry.at, reverse=True)
    if len(found) <= limit:
        return Stretch(tuple(found), None)
    edge = found[limit - 1].at
    shown = found[:limit] + [entry for entry in found[limit:] if entry.at == edge]
    return Stretch(tuple(shown), edge if len(shown) < len(found) else None)


def present_layers() -> list[tuple[Layer, str, str]]:
    """The layers that have a source, with word and icon, in their fixed order."""
    wired = {source.layer for source in TIMELINE}
    return [(layer, *LAYERS[layer]) for layer in Layer if layer in wired]
