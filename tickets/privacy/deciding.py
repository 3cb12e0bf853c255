"""Carries out what a second person agreed to, in the very transaction of their word: the copy is made, the data deleted."""

from core import db
from core.actor import Actor
from tickets.privacy import checks, erasing, packing
from tickets.privacy.words import DecideForm


async def decide(case_id: int, form: DecideForm, *, by: Actor) -> None:
    """Agree, so that it is done, or refuse.

    Raises:
        Forbidden, NotFound, Refused: as `checks.decide`.
    """
    async with db.transaction():
        what, case = await checks.decide(case_id, form, by=by)
        if not form.agreed:
            return
        if what is checks.What.COPY:
            await packing.begin(case, by=by)
        else:
            await erasing.erase(case, by=by)
