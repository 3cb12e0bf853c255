"""Orders as the 12345 platform pushes them, and what the stories look up about them in the database."""

import io
from typing import Any

from PIL import Image

from core import db
from tests.story.hospital import Hospital
from tests.story.people import FOLLOWER
from tests.story.waiting import until

Json = dict[str, Any]


def order(number: str, **more: object) -> Json:
    """A complaint about the heart clinic by the patient who follows the account, with whatever is said otherwise."""
    return {
        "order_no": number,
        "title": "心内科门诊排队过久",
        "content": "本人昨日在东院区心血管内科门诊就诊，排队三小时仍未看上病，要求说明原因并改进。",
        "appeal_type": "投诉",
        "caller_name": FOLLOWER[1],
        "caller_phone": FOLLOWER[2],
        "departments": ["心血管内科"],
        "campus": "东院区",
        "reply_required": True,
        **more,
    }


async def pushed(hospital: Hospital, number: str, **more: object) -> tuple[int, int]:
    """Push an order; the ids of its case and of the ticket of its first department."""
    answer = await hospital.phones.push_order(order(number, **more))
    assert answer["status"] == 201, answer
    return await case_of(number), await ticket_of(number)


async def case_of(number: str) -> int:
    """The id of the one case of an order."""
    rows = await db.fetch("select id from cases where external_no = $1", number)
    assert len(rows) == 1, f"{number}: {len(rows)} cases"
    return int(rows[0]["id"])


async def ticket_of(number: str, round_no: int = 1) -> int:
    """The id of the ticket of an order's round."""

    async def look() -> int:
        found: int | None = await db.fetchval(
            "select t.id from ticket t join cases c on c.id = t.case_id"
            " where c.external_no = $1 and t.round = $2 order by t.id limit 1",
            number,
            round_no,
        )
        return found or 0

    return await until(look, f"{number} has a ticket in round {round_no}")


async def state_of(ticket: int) -> str:
    """How a ticket stands."""
    return str(await db.fetchval("select state from ticket where id = $1", ticket))


async def stands(ticket: int, state: str) -> None:
    """Wait until a ticket stands so."""

    async def look() -> bool:
        return await state_of(ticket) == state

    await until(look, f"ticket {ticket} is {state}")


async def verbs(case: int) -> list[str]:
    """What was done with a case and its tickets, in order, as the history tells it."""
    rows = await db.fetch("select verb from history where case_id = $1 order by id", case)
    return [row["verb"] for row in rows]


def photo(colour: str = "navy") -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (48, 32), colour).save(out, "PNG")
    return out.getvalue()
