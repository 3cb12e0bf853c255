"""Whether a response was filled in with care: flags from values alone. Pure; a flag marks, it never drops.

Rules: speeding by the log of active time, more than two standard deviations below the median once a hundred responses
are there, and below an absolute floor per question always; straight lines through matrices; many from one device in
a short time; devices of the staff. The house's own rules after what survey houses publish; docs/decisions/0031.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median, stdev

from surveys.answers import Answer, Shape
from surveys.questions.base import Question

ENOUGH = 100  # responses before anybody is compared with the others
DEVIATIONS = 2.0
FLOOR_MS = 700  # nobody reads and answers a question faster
LINE_ROWS = 4  # a matrix of fewer rows may well deserve the same answer in each


class Flag(StrEnum):
    """What is noticed."""

    SPEEDING = "speeding"
    STRAIGHT = "straight_lining"
    BURST = "burst"
    STAFF = "staff_device"


FLAG_LABELS: Mapping[str, str] = {
    Flag.SPEEDING: "答题过快",
    Flag.STRAIGHT: "整列同选",
    Flag.BURST: "同一设备短时多份",
    Flag.STAFF: "职工设备填写",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a version takes. `slowest_ms`: at or below it a response is speeding."""

    responses: int
    median_ms: int
    spread: float
    slowest_ms: int


def pace(times: Sequence[int]) -> Pace:
    """The pace of the completed responses of a version, by their active milliseconds (those of 0 were not timed)."""
    logs = sorted(math.log(ms) for ms in times if ms > 0)
    if not logs:
        return Pace(0, 0, 0.0, 0)
    middle = median(logs)
    spread = stdev(logs) if len(logs) > 1 else 0.0
    slowest = int(math.exp(middle - DEVIATIONS * spread)) if len(logs) >= ENOUGH and spread > 0 else 0
    return Pace(len(logs), round(math.exp(middle)), spread, slowest)


def speeding(active_ms: int, answered: int, slowest_ms: int) -> bool:
    """Whether it was too fast to be read. A response without times (no scripts, a machine) is not judged."""
    return active_ms > 0 and (active_ms < answered * FLOOR_MS or active_ms <= slowest_ms)


def straight(questions: Sequence[Question], answers: Mapping[str, Answer]) -> bool:
    """Whether a matrix of several rows was answered with one column all the way down, though not with the best.

    All rows at the best is what most patients say and says nothing against them; two such matrices that disagree in
    direction do not occur in our forms, so one line is enough.
    """
    for item in questions:
        if item.shape is not Shape.GRID or (answer := answers.get(item.code)) is None:
            continue
        chosen = [codes[0] for codes in answer.m.values() if codes]
        if len(chosen) >= LINE_ROWS and len(set(chosen)) == 1 and not _best(item, chosen[0]):
            return True
    return False


def _best(item: Question, code: str) -> bool:
    scores = item.scores
    return bool(scores) and scores.get(code) == max(scores.values())


def flags(
    questions: Sequence[Question],
    answers: Mapping[str, Answer],
    *,
    active_ms: int,
    slowest_ms: int,
    alike: int,
    most_alike: int,
    staff_device: bool,
) -> tuple[str, ...]:
    """All flags of a response, in the order of `Flag`.

    Args:
        questions: of the version.
        answers: those that count.
        active_ms: time spent answering; 0 when it was not measured.
        slowest_ms: of the version's `Pace`; 0 while there are too few.
        alike: completed responses of this questionnaire from the same device around this one, itself included.
        most_alike: how many are still ordinary.
        staff_device: whether it is one of the staff's own.
    """
    found = {
        Flag.SPEEDING: speeding(active_ms, len(answers), slowest_ms),
        Flag.STRAIGHT: straight(questions, answers),
        Flag.BURST: alike > most_alike,
        Flag.STAFF: staff_device,
    }
    return tuple(flag.value for flag, holds in found.items() if holds)
