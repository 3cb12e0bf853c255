"""Patients and visits as they are handed out: frozen, masked unless said otherwise; decides nothing about access."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import asyncpg

from core import clock, crypto
from core.identity import mask_address, mask_id, mask_phone
from staff.queries import OrgTree


class VisitKind(StrEnum):
    """What sort of visit."""

    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"
    EXAM = "exam"
    ONLINE = "online"


KIND_LABELS = {
    VisitKind.OUTPATIENT: "门诊",
    VisitKind.EMERGENCY: "急诊",
    VisitKind.INPATIENT: "住院",
    VisitKind.EXAM: "体检",
    VisitKind.ONLINE: "互联网诊疗",
}

PATIENT_COLUMNS = (
    "p.id, p.number, p.name, p.gender, p.born_on, p.phone, p.id_number, p.address, p.wechat_openid,"
    " p.wechat_following, p.deceased, p.inactive"
)
VISIT_COLUMNS = (
    "v.id, v.patient_id, v.kind, v.number, v.unit_id, v.ward_id, v.bed, v.start_on, v.end_on, v.doctor, v.nurse,"
    " v.diagnosis, v.state, p.number as patient_number, p.name as patient_name, p.phone, p.id_hash"
)


@dataclass(frozen=True, slots=True)
class PatientFile:
    """A patient as shown to staff; phone, ID number and address are masked, "" where there is none."""

    id: int
    number: str
    name: str
    gender: str
    born_on: date | None
    phone: str
    id_number: str
    address: str
    wechat_following: bool
    deceased: bool
    inactive: bool = False  # its system no longer uses the record

    @property
    def age(self) -> int | None:
        """Years of age today."""
        if self.born_on is None:
            return None
        today = clock.today()
        return (
            today.year
            - self.born_on.year
            - ((today.month, today.day) < (self.born_on.month, self.born_on.day))
        )


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit with what tells patients apart; `phone` is masked unless the query says it is whole."""

    id: int
    patient_id: int
    patient_number: str
    patient_name: str
    phone: str
    id_hash: bytes | None
    kind: VisitKind
    number: str
    unit_id: int
    unit: str
    unit_names: tuple[str, ...]
    campus: str
    ward_id: int | None
    ward: str
    bed: str
    start_on: date
    end_on: date | None
    doctor: str
    nurse: str
    diagnosis: str
    cancelled: bool = False

    @property
    def kind_label(self) -> str:
        """门诊, 急诊, 住院 or 体检."""
        return KIND_LABELS[self.kind]


@dataclass(frozen=True, slots=True)
class Contact:
    """How the house reaches a patient: whole phone and openid ("" where there is none); never for a page."""

    patient_id: int
    name: str
    phone: str
    openid: str
    following: bool
    deceased: bool


@dataclass(frozen=True, slots=True)
class Revealed:
    """What `actions.reveal` shows: the values in full, "" where there is none."""

    name: str
    phone: str
    id_number: str
    address: str


def opened(value: bytes | None, column: str) -> str:
    """The text of an encrypted column of `patient`."""
    return crypto.key_ring().decrypt(value, f"patient.{column}") if value else ""


def patient_file(row: "asyncpg.Record") -> PatientFile:
    """A row of PATIENT_COLUMNS, masked."""
    phone, id_number, address = (opened(row[name], name) for name in ("phone", "id_number", "address"))
    return PatientFile(
        id=row["id"],
        number=row["number"],
        name=row["name"],
        gender=row["gender"],
        born_on=row["born_on"],
        phone=mask_phone(phone) if phone else "",
        id_number=mask_id(id_number) if id_number else "",
        address=mask_address(address) if address else "",
        wechat_following=row["wechat_following"],
        deceased=row["deceased"],
        inactive=row["inactive"],
    )


def visit_row(row: "asyncpg.Record", tree: OrgTree, *, whole: bool = False) -> VisitRow:
    """A row of VISIT_COLUMNS; the phone in full when `whole`."""
    unit, site = tree.unit(row["unit_id"]), tree.site(row["unit_id"])
    phone = opened(row["phone"], "phone")
    return VisitRow(
        id=row["id"],
        patient_id=row["patient_id"],
        patient_number=row["patient_number"],
        patient_name=row["patient_name"],
        phone=phone if whole or not phone else mask_phone(phone),
        id_hash=row["id_hash"],
        kind=VisitKind(row["kind"]),
        number=row["number"],
        unit_id=unit.id,
        unit=unit.name,
        unit_names=unit.names,
        campus=(site.short_name or site.name) if site else "",
        ward_id=row["ward_id"],
        ward=tree.unit(row["ward_id"]).name if row["ward_id"] else "",
        bed=row["bed"],
        start_on=row["start_on"],
        end_on=row["end_on"],
        doctor=row["doctor"],
        nurse=row["nurse"],
        diagnosis=row["diagnosis"],
        cancelled=row["state"] == "cancelled",
    )
