"""What another system says of a patient, a visit, an order, a report …: the one form every door brings it into.

Values are ours already (unit ids, instants, our codes); a field that is None was not said, one that is named in
`cleared` was said to be empty. Read from a door and folded (`patients.folding`); never a row, never shown.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from patients.rows import VisitKind


class Part(BaseModel):
    """Base of everything said."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentifierKind(StrEnum):
    """What sort of number stands for a patient."""

    HIS = "his"
    CARD = "card"
    ID = "id"
    INSURANCE = "insurance"
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    RECORD = "record"
    EXAM = "exam"
    HEALTH_CARD = "health_card"
    OTHER = "other"


class Identifier(Part):
    """One number of a patient; `domain` is whose number it is, "" for the whole house."""

    kind: IdentifierKind
    value: str = Field(min_length=1, max_length=100)
    domain: str = ""


class ContactSaid(Part):
    """Somebody to be reached for a patient; `phone` normalised."""

    relation: str
    phone: str
    name: str = ""


class Said(Part):
    """Something said of one subject; `number` is the sender's number of it, with the link's domain."""

    number: str = Field(min_length=1, max_length=100)
    cleared: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()  # Z-segments as they came


class PatientSaid(Said):
    """Who the patient is. `weak`: said in passing (by a laboratory, say), counts only where nobody else spoke."""

    weak: bool = False
    name: str | None = None
    gender: str | None = None
    born_on: date | None = None
    phone: str | None = None
    id_kind: str | None = None
    id_number: str | None = None
    address: str | None = None
    ethnicity: str | None = None
    marital: str | None = None
    occupation: str | None = None
    insurance: str | None = None
    deceased: bool | None = None
    died_at: datetime | None = None
    inactive: bool | None = None
    allergies: tuple[str, ...] | None = None
    identifiers: tuple[Identifier, ...] = ()
    contacts: tuple[ContactSaid, ...] | None = None


class VisitVerb(StrEnum):
    """What happened to a visit; in brackets the HL7 events that say so."""

    PLAN = "plan"  # A05
    OPEN = "open"  # A01 A04
    UPDATE = "update"  # A08
    TRANSFER = "transfer"  # A02
    CLOSE = "close"  # A03
    CANCEL = "cancel"  # A11
    CANCEL_TRANSFER = "cancel_transfer"  # A12
    CANCEL_CLOSE = "cancel_close"  # A13
    RUNS = "runs"  # a sender that tells states, not events: it runs now, whatever was told before
    TELL = "tell"  # said of a visit in passing (a diagnosis by itself); says nothing of its state


class DiagnosisKind(StrEnum):
    """At which point a diagnosis was made (DG1-6)."""

    ADMISSION = "admission"
    WORKING = "working"
    FINAL = "final"


class DiagnosisSaid(Part):
    """A diagnosis; `version` says which edition of ICD-10 the code is of.

    One with a `key` is told by itself, again and again (FHIR Condition), and `gone` takes it back; those without come
    together, and the last that come of a kind replace those before.
    """

    kind: DiagnosisKind
    name: str
    code: str = ""
    version: str = ""
    main: bool = False
    key: str = ""
    gone: bool = False


class SurgerySaid(Part):
    """An operation; `key` and `gone` as of a diagnosis."""

    name: str
    code: str = ""
    at: datetime | None = None
    surgeon: str = ""
    anaesthesia: str = ""
    key: str = ""
    gone: bool = False


class UseSaid(Part):
    """What a visit says of a diagnosis that is told by itself under `key`: at which point it was made, whether it is the
    main one; `name` and `code` count for as long as nobody tells the diagnosis."""

    key: str
    kind: DiagnosisKind = DiagnosisKind.WORKING
    main: bool = False
    name: str = ""
    code: str = ""


class PlaceSaid(Part):
    """Where a patient lay from `at` on."""

    at: datetime
    unit_id: int | None = None
    ward_id: int | None = None
    bed: str = ""


class VisitSaid(Said):
    """What a message tells of a visit; `patient` is the patient's number."""

    patient: str
    verb: VisitVerb
    kind: VisitKind | None = None
    unit_id: int | None = None
    ward_id: int | None = None
    bed: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    doctor: str | None = None
    nurse: str | None = None
    attending: str | None = None
    chief: str | None = None
    register_type: str | None = None
    first_or_return: str | None = None
    complaint: str | None = None
    present_illness: str | None = None
    past_history: str | None = None
    family_history: str | None = None
    examination: str | None = None
    triage: int | None = Field(default=None, ge=1, le=4)
    arrival: str | None = None
    outcome: str | None = None
    times: int | None = None
    record_number: str | None = None
    disposition: str | None = None
    insurance: str | None = None
    fee: Decimal | None = None
    employer: str | None = None
    package: str | None = None
    conclusion: str | None = None
    findings: str | None = None
    severity: str | None = None
    diagnoses: tuple[DiagnosisSaid, ...] = ()
    surgeries: tuple[SurgerySaid, ...] = ()
    uses: tuple[UseSaid, ...] | None = None
    places: tuple[PlaceSaid, ...] = ()


class OrderState(StrEnum):
    """How far an order is."""

    ACTIVE = "active"
    STOPPED = "stopped"
    DONE = "done"
    CANCELLED = "cancelled"


class OrderSaid(Said):
    """An order or one line of a prescription."""

    patient: str
    visit: str = ""
    kind: str | None = None
    code: str | None = None
    name: str | None = None
    prescription: str | None = None
    dose: str | None = None
    route: str | None = None
    frequency: str | None = None
    quantity: str | None = None
    days: int | None = None
    take_home: bool | None = None
    state: OrderState | None = None
    ordered_at: datetime | None = None
    stopped_at: datetime | None = None
    doctor: str | None = None
    unit: str | None = None
    note: str | None = None


class ReportState(StrEnum):
    """Whether a report may be relied on."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"


class ResultFlag(StrEnum):
    """How a result lies to its range; "" within it."""

    NORMAL = ""
    HIGH = "H"
    LOW = "L"
    VERY_HIGH = "HH"
    VERY_LOW = "LL"
    ABNORMAL = "A"


class ItemState(StrEnum):
    """How far a result is (OBX-11); one that is withdrawn was never a result."""

    FINAL = "final"
    PRELIMINARY = "preliminary"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class ItemSaid(Part):
    """One result of a report; `key` tells results of one report apart, `note` is what the laboratory says of it."""

    key: str
    name: str
    code: str = ""
    value: str = ""
    amount: Decimal | None = None
    unit: str = ""
    range: str = ""
    flag: ResultFlag = ResultFlag.NORMAL
    critical: bool = False
    state: ItemState = ItemState.FINAL
    note: str = ""
    at: datetime | None = None


class ReportSaid(Said):
    """A laboratory, imaging or exam report; `parts` are the numbers of those told by themselves that belong to it."""

    patient: str
    visit: str = ""
    order: str | None = None
    kind: str | None = None
    code: str | None = None
    name: str | None = None
    specimen: str | None = None
    part: str | None = None
    seen: str | None = None
    conclusion: str | None = None
    positive: bool | None = None
    state: ReportState | None = None
    collected_at: datetime | None = None
    reported_at: datetime | None = None
    author: str | None = None
    checker: str | None = None
    pictures: str | None = None
    note: str | None = None
    items: tuple[ItemSaid, ...] = ()
    parts: tuple[str, ...] = ()


class DocumentSaid(Said):
    """A document of the medical record."""

    patient: str
    visit: str = ""
    kind: str | None = None
    title: str | None = None
    text: str | None = None
    author: str | None = None
    written_at: datetime | None = None
    state: str | None = None


class AppointmentSaid(Said):
    """An appointment: booked, changed, cancelled, kept, missed."""

    patient: str
    unit_id: int | None = None
    doctor: str | None = None
    what: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    state: str | None = None


class MergeSaid(Part):
    """The number `prior` is given up: its patient is the one of `survivor`."""

    prior: str
    survivor: str


AnySaid = PatientSaid | VisitSaid | OrderSaid | ReportSaid | DocumentSaid | AppointmentSaid

SUBJECTS: dict[type[Said], str] = {
    PatientSaid: "patient",
    VisitSaid: "visit",
    OrderSaid: "order",
    ReportSaid: "report",
    DocumentSaid: "document",
    AppointmentSaid: "appointment",
}


class Version(Part):
    """Which version of which resource a message tells whole; `gone` when it says that there is none any more."""

    resource: str
    number: str = ""  # the sender's counting, such that it sorts
    dated: bool = False  # whether the sender said when it was written
    gone: bool = False


class Heard(Part):
    """All that one message says. `at` is when the sender wrote it, `rank` decides between two of one instant."""

    at: datetime
    rank: str
    version: Version | None = None
    said: tuple[AnySaid, ...] = ()
    merges: tuple[MergeSaid, ...] = ()

    def patients(self) -> Iterator[str]:
        """The numbers of all patients it speaks of, some of them more than once."""
        for one in self.said:
            yield one.number if isinstance(one, PatientSaid) else one.patient
        for merge in self.merges:
            yield merge.prior
            yield merge.survivor
