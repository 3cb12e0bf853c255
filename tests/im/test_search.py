"""Search of what was said: every way of doing it finds the same, and nobody finds what they may not read."""

import random
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from core import clock, db
from core.actor import Actor
from core.errors import NotFound
from core.search import normalise, query_tokens, terms
from im import actions, groups, said, search
from im.drafts import Draft
from im.search import Wanted
from tests.im.conftest import HOUSE, Cast, hire, ids, write
from tests.im.test_rooms import PNG

WORDS = ("挂号", "排队", "收费", "窗口", "医保", "复印", "病历", "输液", "ICU", "12号", "，", "a%b", "排_队")


async def found(by: Actor, q: str = "", **more: object) -> list[str]:
    """The words of the hits, newest first."""
    hits = await search.search(Wanted.model_validate({"q": q, **more}), by=by, limit=100)
    return [hit.text or hit.file for hit in hits.hits]


async def test_any_part_of_the_words_is_found_in_all_ones_rooms_and_at_once(cast: Cast) -> None:
    other = await groups.found(uuid4(), "另一个群", ids(cast.charlie), by=cast.alice)
    await write(cast.room, cast.alice, "患者反映门诊挂号排队太久")
    await write(other, cast.charlie, "挂号系统今天升级，ICU 不受影响")
    await write(other, cast.alice, "收到")
    assert await found(cast.alice, "挂号") == ["挂号系统今天升级，ICU 不受影响", "患者反映门诊挂号排队太久"]
    assert await found(cast.alice, "号") == ["挂号系统今天升级，ICU 不受影响", "患者反映门诊挂号排队太久"]
    assert await found(cast.alice, "挂号 icu") == ["挂号系统今天升级，ICU 不受影响"]
    assert await found(cast.alice, "号挂") == []
    assert await found(cast.bob, "挂号") == ["患者反映门诊挂号排队太久"]
    assert await found(cast.charlie, "挂号") == ["挂号系统今天升级，ICU 不受影响"]
    assert await found(cast.alice, "挂号", room=cast.room) == ["患者反映门诊挂号排队太久"]
    with pytest.raises(NotFound):
        await found(cast.charlie, "挂号", room=cast.room)


async def test_who_left_finds_what_stood_before_and_who_came_finds_all(cast: Cast) -> None:
    await write(cast.room, cast.alice, "他在时说的秘密")
    await actions.leave(cast.room, by=cast.bob)
    await write(cast.room, cast.alice, "他走后说的秘密")
    await actions.follow("ticket:12", ids(cast.charlie), by=HOUSE)
    assert await found(cast.bob, "秘密") == ["他在时说的秘密"]
    assert await found(cast.bob, "秘密", room=cast.room) == ["他在时说的秘密"]
    assert await found(cast.charlie, "秘密") == ["他走后说的秘密", "他在时说的秘密"]


async def test_a_recalled_message_is_found_by_nobody(cast: Cast) -> None:
    wrong = await write(cast.room, cast.alice, "说错的电话")
    assert await found(cast.bob, "电话") == ["说错的电话"]
    await actions.recall(cast.room, wrong.seq, by=cast.alice)
    assert await found(cast.bob, "电话") == []
    assert await db.fetchval("select count(*) from room_said") == 0


async def test_person_files_and_days_narrow_the_search(cast: Cast, files: None) -> None:
    with clock.frozen(datetime(2026, 11, 20, 15, 59, tzinfo=UTC)):  # 23:59 in the hospital
        await write(cast.room, cast.alice, "周五的话")
    with clock.frozen(datetime(2026, 11, 20, 16, 0, tzinfo=UTC)):
        await write(cast.room, cast.bob, "周六的话")
        file = await actions.bring_file(cast.room, "现场照片.png", PNG, by=cast.bob)
        await actions.post(cast.room, Draft(client_id=uuid4(), file_id=file.id), by=cast.bob)
    assert await found(cast.alice, "的话", until=date(2026, 11, 20)) == ["周五的话"]
    assert await found(cast.alice, "的话", since=date(2026, 11, 21)) == ["周六的话"]
    assert await found(cast.alice, "的话", author=ids(cast.alice)[0]) == ["周五的话"]
    assert await found(cast.alice, "现场") == ["现场照片.png"]
    assert await found(cast.alice, files=True) == ["现场照片.png"]
    assert await found(cast.alice) == []


async def test_hits_come_page_by_page(cast: Cast) -> None:
    for at in range(7):
        await actions.say(cast.room, f"第 {at} 次催办", key=str(at))
    first = await search.search(Wanted(q="催办"), by=cast.alice, limit=3)
    second = await search.search(Wanted(q="催办", before=first.hits[-1].id), by=cast.alice, limit=3)
    third = await search.search(Wanted(q="催办", before=second.hits[-1].id), by=cast.alice, limit=3)
    texts = [[hit.text for hit in page.hits] for page in (first, second, third)]
    assert texts == [[f"第 {at} 次催办" for at in some] for some in ((6, 5, 4), (3, 2, 1), (0,))]
    assert (first.more, second.more, third.more) == (True, True, False)


async def test_messages_from_before_the_index_are_taken_in(cast: Cast) -> None:
    await write(cast.room, cast.alice, "升级之前说的")
    await db.execute("insert into room_said_old select room_id, seq from room_said")
    await db.execute("delete from room_said")
    assert await found(cast.alice, "升级") == []
    assert (await said.take_old(), await said.take_old()) == (1, 0)
    assert await found(cast.alice, "升级") == ["升级之前说的"]


async def test_every_way_of_searching_finds_what_a_look_at_every_message_finds(database: str) -> None:
    chance = random.Random(20261121)
    people = [await hire(f"p{at}", f"测试{at}") for at in range(4)]
    rooms = [
        await actions.open_room(f"x:{at}", f"群 {at}", ids(*chance.sample(people, 2)), by=HOUSE)
        for at in range(6)
    ]
    for at in range(240):
        text = "".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 6)))
        await actions.say(chance.choice(rooms), text, key=str(at))
    for room in rooms[:2]:
        (inside, *_) = await db.fetch(
            "select staff_id from room_member where room_id = $1 and kind = 'staff'", room
        )
        who = next(one for one in people if one.id == inside["staff_id"])
        await actions.leave(room, by=who)
        await actions.say(room, "挂号排队", key="later")
    await db.execute("analyze room_said")
    everything = await db.fetch("select s.id, s.room_id, s.seq, s.body from room_said s order by id desc")
    compared = 0
    for who in people:
        mine = {
            row["room_id"]: row["left_seq"]
            for row in await db.fetch("select room_id, left_seq from room_member where staff_id = $1", who.id)
        }
        for q in (
            "挂号",
            "号",
            "排队",
            "icu",
            "12",
            "a%b",
            "排_队",
            "挂号 收费",
            "窗口医保",
            "没有的词",
            "队排",
        ):
            wanted = Wanted(q=q)
            words, grams = terms(q), query_tokens(q)
            right = [
                row["id"]
                for row in everything
                if row["room_id"] in mine
                and (mine[row["room_id"]] is None or row["seq"] <= mine[row["room_id"]])
                and all(normalise(word) in row["body"] for word in words)
            ][:50]
            reach = await search._reach(wanted, who)
            ways = [
                await search._gather(wanted, reach, grams, words, 50),
                await search._scan(wanted, reach, words, 50),
                await search._walk(wanted, reach, words, 50, None),
            ]
            assert [[row["id"] for row in rows] for rows in ways] == [right] * 3, q
            assert [hit.id for hit in (await search.search(wanted, by=who, limit=50)).hits] == right
            compared += len(right)
    assert compared > 200
