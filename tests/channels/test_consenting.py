"""Messages of the hospital's own purposes ask for consent at each step of their ladder; one's own matter asks nothing."""

from typing import Any

from channels import actions
from channels.drafts import Receiver, ReceiverKind
from core import clock, crypto, db
from patients import consent_noting
from patients.consent import Purpose
from tests.channels.help import draft, message, work
from tests.integrations.outside import OPENID, PHONE, Outside


async def known(**more: object) -> Receiver:
    """A patient with phone and WeChat."""
    number = await db.fetchval(
        "insert into patient (number, name, phone, phone_hash) values ('P1', '张测试', $1, $2) returning id",
        crypto.key_ring().encrypt(PHONE, "patient.phone"),
        crypto.search_hash(PHONE),
    )
    given: dict[str, Any] = {"openid": OPENID, "phone": PHONE, **more}
    return Receiver(kind=ReceiverKind.PERSON, id=number, name="张测试", **given)


async def send(receiver: Receiver, key: str, purpose: Purpose | None, *ladder: str) -> dict[str, Any]:
    """What became of it."""
    number = await actions.send(
        draft(key, receiver=receiver, consent=purpose, ladder=ladder, purpose="survey.asked", subject="")
    )
    await work()
    return await message(number)


async def refuse(purpose: str) -> None:
    await consent_noting.note_reply(crypto.search_hash(PHONE), purpose, "T", f"sms:{purpose}", clock.now())


async def test_who_refused_by_text_gets_no_text_of_that_purpose_but_what_is_their_own(
    outside: Outside,
) -> None:
    person = await known(openid="")
    before = await send(person, "a", Purpose.SURVEY, "sms")
    await refuse(Purpose.SURVEY)
    after = await send(person, "b", Purpose.SURVEY, "sms")
    assert (before["state"], after["state"], after["reason"], after["attempts"]) == (
        "sent",
        "failed",
        "没有发送：本人已拒绝（短信回复）",
        0,
    )
    assert [(await send(person, key, purpose, "sms"))["state"] for key, purpose in (("c", Purpose.FOLLOW_UP), ("d", None))] == [
        "sent",
        "sent",
    ]  # fmt: skip


async def test_a_refusal_of_texts_leaves_the_other_way_open(outside: Outside) -> None:
    person = await known()
    await refuse("")
    found = await send(person, "a", Purpose.SURVEY, "sms", "wechat")
    assert (found["state"], found["way"]) == ("sent", "wechat")


async def test_a_refusal_that_comes_while_a_message_waits_still_counts(outside: Outside) -> None:
    person = await known(openid="")
    number = await actions.send(draft("a", receiver=person, consent=Purpose.SURVEY, ladder=("sms",)))
    await refuse(Purpose.SURVEY)
    await work()
    assert (await message(number))["state"] == "failed"


async def test_what_needs_a_yes_is_not_sent_to_a_number_that_is_nobodys(outside: Outside) -> None:
    stranger = Receiver(kind=ReceiverKind.PERSON, id=0, phone="19900000009")
    found = await send(stranger, "a", Purpose.EDUCATION, "sms")
    assert (found["state"], found["reason"]) == ("failed", "没有发送：尚未取得本人同意")
    assert (await send(stranger, "b", Purpose.SURVEY, "sms"))["state"] == "sent"
