"""What feedback announces: past tense, ids only."""

from core.events import Event


class RiskFlagged(Event):
    """A case was marked as dangerous; `history_id` is the line that tells with what."""

    case_id: int
    history_id: int


class PraisePassedOn(Event):
    """Departments were praised; `history_id` is the line that tells it."""

    case_id: int
    history_id: int


class RectificationDue(Event):
    """A measure of rectification is due today or tomorrow and not done yet."""

    rectification_id: int
    days_left: int
