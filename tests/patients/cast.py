"""Patients of the staff tests' house: one seen in the east, one in the west, one in both, one nowhere."""

from dataclasses import dataclass
from datetime import date

from core import crypto, db
from tests.staff.cast import House, build


@dataclass(frozen=True)
class Ward:
    """The house, and ids of patients and visits by a short name."""

    house: House
    patient: dict[str, int]
    visit: dict[str, int]


PATIENTS = (  # short name, name, gender, born, phone, ID number
    ("east", "张测试", "女", date(1990, 1, 1), "13800000001", "990000199001010025"),
    ("west", "张测试", "男", date(1990, 1, 1), "13800000002", "990000199001010017"),
    ("both", "欧阳样甲", "男", date(1985, 11, 12), "13800000003", "990000198511120107"),
    ("nowhere", "李试乙", "女", None, "", ""),
)
VISITS = (  # short name, patient, kind, number, unit, ward, start, end
    ("east_1", "east", "outpatient", "MZ001", "east_cardiology", None, date(2026, 11, 2), date(2026, 11, 2)),
    ("east_2", "east", "inpatient", "ZY001", "east_cardiology", "east_ward", date(2026, 11, 10), None),
    ("west_1", "west", "outpatient", "MZ002", "west_cardiology", None, date(2026, 11, 2), date(2026, 11, 2)),
    ("both_e", "both", "outpatient", "MZ003", "east_cardiology", None, date(2026, 10, 1), date(2026, 10, 1)),
    ("both_w", "both", "emergency", "JZ001", "west_surgery", None, date(2026, 10, 20), date(2026, 10, 20)),
)


async def admit() -> Ward:
    """Write the house, four patients and five visits into the open database."""
    house, ring = await build(), crypto.key_ring()
    patient: dict[str, int] = {}
    for key, name, gender, born, phone, id_number in PATIENTS:
        patient[key] = await db.fetchval(
            "insert into patient (number, name, gender, born_on, phone, phone_hash, id_number, id_hash, address)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
            f"P-{key}",
            name,
            gender,
            born,
            ring.encrypt(phone, "patient.phone") if phone else None,
            crypto.search_hash(phone) if phone else None,
            ring.encrypt(id_number, "patient.id_number") if id_number else None,
            crypto.search_hash(id_number) if id_number else None,
            ring.encrypt("示范市东示区测试街1号", "patient.address") if phone else None,
        )
    visit: dict[str, int] = {}
    for key, whose, kind, number, unit, room, start, end in VISITS:
        visit[key] = await db.fetchval(
            "insert into visit (patient_id, kind, number, unit_id, ward_id, bed, start_on, end_on, doctor, diagnosis)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, '王测甲', '高血压病') returning id",
            patient[whose],
            kind,
            number,
            house.unit[unit],
            house.unit[room] if room else None,
            "03床" if room else "",
            start,
            end,
        )
    return Ward(house, patient, visit)
