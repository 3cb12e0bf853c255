"""Whoever has died is told nothing more, whenever the message was written; who shares their phone still is."""

from typing import Any

import pytest

from channels import actions
from channels.drafts import Receiver, ReceiverKind
from core import crypto, db
from core.actor import Actor, ActorKind, Door, Grant, Permission, system
from patients import departed, people, profile_timeline
from patients.consent import Channel, Purpose
from tests.channels.help import draft, message, work
from tests.integrations.outside import OPENID, Outside
from tests.patients.cast import Ward, admit
from tests.patients.feed import open_link, take
from tests.patients.history import Sender, person
from tickets import patient_timeline

EAST = "13800000001"
HOUSE = system("测试")
HEAD = Actor(ActorKind.STAFF, 1, "张试戊", Door.WEB, (Grant(Permission.CASE_READ, "/"),))


async def death_told(ward: Ward) -> None:
    """The HIS says that 张测试 of the east has died."""
    his = Sender()
    gone = person("P-east", "张测试", "990000199001010025", EAST, sex="F", dead="Y")
    await take(await open_link(), [his.send("ADT^A31", "0900", pid=gone)])
    assert await db.fetchval("select deceased from patient where id = $1", ward.patient["east"])


def to(number: int, name: str, **more: Any) -> Receiver:
    return Receiver(kind=ReceiverKind.PERSON, id=number, name=name, **{"phone": EAST, **more})


async def test_what_waits_for_one_who_dies_is_held_back_and_says_why(outside: Outside) -> None:
    ward = await admit()
    east, west = ward.patient["east"], ward.patient["west"]
    child = to(west, "李试乙", phone="13800000002")
    queued = {
        "own matter": draft("a", receiver=to(east, "张测试", openid=OPENID), ladder=("wechat", "sms")),
        "the house's wish": draft(
            "b", receiver=to(east, "张测试"), ladder=("sms",), consent=Purpose.FOLLOW_UP
        ),
        "by name and number": draft("c", receiver=to(0, "张女士"), ladder=("sms",)),
        "who shares the phone": draft("d", receiver=to(0, "王样丙"), ladder=("sms",)),
        "reporter with their account": draft(
            "e", receiver=to(east, "王样丙", openid=OPENID), ladder=("wechat", "sms")
        ),
        "a code for the phone": draft("f", receiver=to(0, ""), ladder=("sms",)),
        "about them, wished": draft("g", receiver=child, ladder=("sms",), consent=Purpose.SURVEY, about=east),
        "about them, asked for": draft("h", receiver=child, ladder=("sms",), about=east),
    }
    ids = {word: await actions.send(one.model_copy(update={"subject": ""})) for word, one in queued.items()}
    await death_told(ward)
    await work()
    held = ("failed", "没有发送：患者已故", 0)
    went = ("sent", "", 1)
    found = {word: await message(number) for word, number in ids.items()}
    assert {word: (one["state"], one["reason"], one["attempts"]) for word, one in found.items()} == {
        "own matter": held,
        "the house's wish": held,
        "by name and number": held,
        "who shares the phone": went,
        "reporter with their account": went,
        "a code for the phone": went,
        "about them, wished": ("failed", "没有发送：所涉患者已故", 0),
        "about them, asked for": went,
    }
    assert found["reporter with their account"]["way"] == "sms"

    (source,) = (one for one in patient_timeline.SOURCES if one.layer is profile_timeline.Layer.MESSAGE)
    shown = await source.read(profile_timeline.Person(east, (east,)), HEAD, None, 20)
    assert sorted(entry.marks[0][0] for entry in shown) == sorted(
        ["没有发送：患者已故"] * 3 + ["没有发送：所涉患者已故"] + ["已发送"] * 4
    )


async def test_a_death_that_was_a_mistake_lets_the_message_go_when_it_is_asked_for_again(
    outside: Outside,
) -> None:
    ward = await admit()
    east = ward.patient["east"]
    number = await actions.send(draft("a", receiver=to(east, "张测试"), ladder=("sms",)))
    await death_told(ward)
    await work()
    assert (await message(number))["state"] == "failed"
    await db.execute("update patient set deceased = false where id = $1", east)
    await actions.again(number)
    await work()
    assert (await message(number))["state"] == "sent"


async def test_a_record_merged_into_one_who_died_and_a_living_namesake_of_one_phone(outside: Outside) -> None:
    ward = await admit()
    east, west = ward.patient["east"], ward.patient["west"]
    await db.execute("update patient set deceased = true where id = $1", east)
    await db.execute("update patient set merged_into = $2 where id = $1", west, east)
    hashed = crypto.search_hash(EAST)
    asked = (
        await departed.may_tell(west, None, "张测试", Channel.SMS, own=True),
        await departed.may_tell(0, hashed, "张测试", Channel.SMS, own=True),
    )
    assert [(may.ok, may.why) for may in asked] == [(False, "患者已故")] * 2
    await db.execute(
        "insert into patient (number, name, phone, phone_hash) select 'P-same', name, phone, phone_hash from patient where id = $1",
        east,
    )
    assert (await departed.may_tell(0, hashed, "张测试", Channel.SMS, own=True)).ok


@pytest.mark.parametrize(
    ("called", "name", "maybe"),
    [
        ("张测试", "张测试", True),
        ("张 测试", "张测试", True),
        ("张先生", "张测试", True),
        ("欧阳女士", "欧阳样甲", True),
        ("张某某", "张测试", True),
        ("张**", "张测试", True),
        ("张", "张测试", False),
        ("张小样", "张测试", False),
        ("李先生", "张测试", False),
        ("", "张测试", False),
    ],
)
def test_who_may_be_meant(called: str, name: str, maybe: bool) -> None:
    assert departed.could_be(called, name) is maybe


async def test_a_number_marked_wrong_for_a_patient_is_used_for_them_no_more(outside: Outside) -> None:
    ward = await admit()
    east, both = ward.patient["east"], ward.patient["both"]
    ids = {
        "theirs": await actions.send(draft("a", receiver=to(east, "张测试", openid=OPENID), ladder=("sms",))),
        "by WeChat": await actions.send(
            draft("b", receiver=to(east, "张测试", openid=OPENID), ladder=("wechat", "sms"))
        ),
        "another's": await actions.send(
            draft("c", receiver=to(both, "欧阳样甲", phone=EAST), ladder=("sms",), consent=Purpose.SURVEY)
        ),
    }
    await people.add_contact(east, "本人", "", EAST, by=HOUSE)
    contact = await db.fetchval("select id from patient_contact")
    await people.mark_contact(east, contact, people.ContactMark.WRONG, by=HOUSE)
    await work()
    found = {word: await message(number) for word, number in ids.items()}
    assert {word: (one["state"], one["reason"]) for word, one in found.items()} == {
        "theirs": ("failed", "没有发送：号码已标记为错号"),
        "by WeChat": ("sent", ""),
        "another's": ("sent", ""),
    }
    await people.mark_contact(east, contact, people.ContactMark.RIGHT, by=HOUSE)
    await people.set_flag(east, people.Flag.INVALID_CONTACT, "", by=HOUSE)
    late = {
        "own": await actions.send(draft("d", receiver=to(east, "张测试"), ladder=("sms",))),
        "wished": await actions.send(
            draft("e", receiver=to(east, "张测试"), ladder=("sms",), consent=Purpose.SURVEY)
        ),
    }
    await work()
    assert {word: (await message(number))["reason"] for word, number in late.items()} == {
        "own": "",
        "wished": "没有发送：患者的联系方式已标记为无效",
    }
