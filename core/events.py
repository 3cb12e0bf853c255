"""Events: what has happened, announced upwards; a row for each reaction is written in the same transaction.

An event holds ids only. Who reacts is listed in wiring.py and nowhere else.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict

from core import bell, db
from core.logs import trace_id


class Event(BaseModel):
    """Something that has happened; subclasses are named in the past tense and hold ids only."""

    model_config = ConfigDict(frozen=True)

    known: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__name__ in Event.known:
            raise ValueError(f"event {cls.__name__} is declared twice")
        Event.known[cls.__name__] = cls


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one package does when something was announced: writes rows, or asks for a job."""

    name: str
    run: Callable[[Any], Awaitable[None]]


REACTIONS: dict[type[Event], list[Reaction]] = {}
BY_NAME: dict[str, Reaction] = {}


def react(event: type[Event], run: Callable[[Any], Awaitable[None]]) -> None:
    """Have `run` called, in a transaction of its own and at least once, for each announcement of `event`."""
    name = f"{run.__module__}.{run.__qualname__}:{event.__name__}"
    if name in BY_NAME:
        raise ValueError(f"{name} is wired twice")
    reaction = Reaction(name, run)
    BY_NAME[name] = reaction
    REACTIONS.setdefault(event, []).append(reaction)


def outbox_rows(events: Sequence[Event]) -> tuple[list[str], list[str], list[str]]:
    """Columns (event, reaction, payload) of the outbox rows that announcing `events` would write."""
    names, reactions, payloads = [], [], []
    for event in events:
        wired = REACTIONS.get(type(event))
        if not wired:
            continue
        payload = event.model_dump_json()
        for reaction in wired:
            names.append(type(event).__name__)
            reactions.append(reaction.name)
            payloads.append(payload)
    return names, reactions, payloads


async def announce(*events: Event) -> None:
    """Write the outbox rows of these events; only inside a transaction, so that both happen or neither.

    Raises:
        RuntimeError: no transaction is open.
    """
    if not db.in_transaction():
        raise RuntimeError("announce() needs an open transaction")
    names, reactions, payloads = outbox_rows(events)
    if not names:
        return
    await db.execute(
        "insert into outbox (event, reaction, payload, trace_id)"
        " select e, r, p::jsonb, $4 from unnest($1::text[], $2::text[], $3::text[]) as t(e, r, p)",
        names,
        reactions,
        payloads,
        trace_id(),
    )
    await db.after_commit(bell.ring_outbox)


def load(name: str, payload: str) -> Event:
    """The event of an outbox row."""
    return Event.known[name].model_validate(orjson.loads(payload))
