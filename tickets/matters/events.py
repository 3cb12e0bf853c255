"""What one matter announces: past tense, ids only."""

from core.events import Event


class CaseMerged(Event):
    """A case was merged into another, or split from it again; `history_id` is the main case's line of it."""

    case_id: int
    main_id: int
    history_id: int
