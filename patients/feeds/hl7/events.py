"""Data table: which HL7 v2 messages are taken, and what each event does to a visit, a patient or an appointment."""

from collections.abc import Mapping

from patients.feeds.hl7.message import Message
from patients.said import VisitVerb

VISITS: Mapping[str, VisitVerb] = {
    "A01": VisitVerb.OPEN,
    "A02": VisitVerb.TRANSFER,
    "A03": VisitVerb.CLOSE,
    "A04": VisitVerb.OPEN,
    "A05": VisitVerb.PLAN,
    "A06": VisitVerb.UPDATE,  # an outpatient becomes an inpatient, and the other way round: PV1-2 says
    "A07": VisitVerb.UPDATE,
    "A08": VisitVerb.UPDATE,
    "A11": VisitVerb.CANCEL,
    "A12": VisitVerb.CANCEL_TRANSFER,
    "A13": VisitVerb.CANCEL_CLOSE,
    "A38": VisitVerb.CANCEL,
}
PERSONS = frozenset({"A28", "A31"})
MERGES = frozenset({"A34", "A40", "A47"})  # by patient id, by its list of identifiers, a changed list
APPOINTMENTS: Mapping[str, str] = {
    "S12": "booked",
    "S13": "changed",
    "S14": "changed",
    "S15": "cancelled",
    "S17": "cancelled",
    "S26": "missed",
}
ORDERS = frozenset({"ORM", "OMG", "OML", "RDE"})
EVENTS: Mapping[str, frozenset[str]] = {
    "ADT": frozenset({*VISITS, *PERSONS, *MERGES}),
    "ORU": frozenset({"R01", "R03", "W01", ""}),
    "ORM": frozenset({"O01", ""}),
    "OMG": frozenset({"O19"}),
    "OML": frozenset({"O21"}),
    "RDE": frozenset({"O11", "O01"}),
    "SIU": frozenset(APPOINTMENTS),
}


def kind_of(message: Message) -> tuple[str, str]:
    """("ADT", "A01")."""
    event = message.get("MSH-9.2") or message.get("EVN-1")
    return message.get("MSH-9.1"), event
