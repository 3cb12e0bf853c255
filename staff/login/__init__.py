"""The ways in which a member of staff proves who they are; a way knows nothing of sessions.

A new way is one file here and one line in `WAYS` (docs/recipes/add-a-way-to-log-in.md).
"""

from types import MappingProxyType
from typing import Any, Protocol

from pydantic import BaseModel

from staff.login.asking import Asks
from staff.login.certificate import Certificate
from staff.login.password import Password
from staff.login.wecom import WeCom


class Way(Protocol):
    """One way of proving who one is."""

    name: str
    label: str

    @property
    def form(self) -> type[BaseModel]:
        """What the person fills in."""
        ...

    async def prove(self, given: Any, *, address: str) -> int:
        """The staff id of whoever filled in `given` (an instance of `form`).

        Raises:
            Unauthenticated: not proven, in words that do not tell what was wrong.
            TooMany: locked for a while.
        """
        ...

    async def asks(self, staff_id: int) -> Asks:
        """What this person must give beside it, now that it is proven."""
        ...


WAYS: MappingProxyType[str, Way] = MappingProxyType(
    {way.name: way for way in (Password(), WeCom(), Certificate())}
)
