"""What this package announces: past tense, ids only."""

from core.events import Event


class PatientMerged(Event):
    """The record `patient_id` now belongs to the person whose record is `into_id`; its visits moved there."""

    patient_id: int
    into_id: int


class PatientParted(Event):
    """A merge was undone: `patient_id` stands for itself again; its visits moved back from `from_id`."""

    patient_id: int
    from_id: int


class PatientDied(Event):
    """The patient is dead, by a feed or by a person's word: what runs for them stops."""

    patient_id: int


class DeathWithdrawn(Event):
    """It was not so (a discharge was cancelled, a mark taken back)."""

    patient_id: int


class VisitOpened(Event):
    """A visit began: first seen, or opened again after a cancel was taken back."""

    visit_id: int


class VisitClosed(Event):
    """A visit ended; for in-patients the discharge, from which follow-up counts."""

    visit_id: int


class VisitReopened(Event):
    """A discharge was cancelled: what was planned for after it must be withdrawn."""

    visit_id: int


class VisitCancelled(Event):
    """The visit never was: what points at it must be withdrawn."""

    visit_id: int


class VisitMoved(Event):
    """The visit belongs to another patient than before (a merge, its undoing, or a correction of the sender)."""

    visit_id: int


class CriticalReported(Event):
    """A report holds a critical value."""

    report_id: int
