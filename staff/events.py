"""What staff announces; ids and years only."""

from core.events import Event


class CalendarChanged(Event):
    """Working days of these years moved, or a year was published: deadlines that rest on them are computed anew."""

    years: tuple[int, ...]


class WecomBound(Event):
    """A person tied a WeCom account to their staff record."""

    staff_id: int


class PostsChanged(Event):
    """A person was given a post or lost one."""

    staff_id: int
    unit_id: int


class UnitsMoved(Event):
    """These units, and all below them, stand elsewhere in the organisation: moved, or merged into another."""

    unit_ids: tuple[int, ...]


class UnitNamed(Event):
    """A unit goes by a further name: what waits because nobody knew the name can go on."""

    unit_id: int


class AccountShut(Event):
    """An account was disabled: what the person holds is for somebody else."""

    staff_id: int


class AccountNoticed(Event):
    """Something happened with an account that its owner is told of: a row of `account_notice`."""

    notice_id: int


class AccountHeld(Event):
    """Somebody said of what happened with their account that it was not they: it is held."""

    notice_id: int


class WorkHandedOver(Event):
    """A person's open work goes to another: `handing_id` is the row of `handing_over`."""

    handing_id: int
    from_id: int
    to_id: int


class PostAsked(Event):
    """A guarded post waits for a second person: `asked_id` is the row of `post_asked`."""

    asked_id: int


class PostAskDecided(Event):
    """A guarded post that waited was confirmed, returned or has expired."""

    asked_id: int
