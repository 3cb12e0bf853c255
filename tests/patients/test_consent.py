"""Consent: the newest word that fits holds; children by their guardian; a text that refuses counts for its number."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from asyncpg import PostgresError

from channels import opting_out
from core import clock, crypto, db
from core.errors import Forbidden, Invalid, NotFound
from patients import consent, consent_noting
from patients.consent import Channel, Purpose, Way
from patients.consent_noting import Entry
from tests.patients.cast import Ward

NOW = datetime(2026, 11, 22, 10, tzinfo=clock.SHANGHAI)
PHONE = "13800000001"  # of patient "east"


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    """Hold the clock."""
    with clock.frozen(NOW):
        yield


def entry(**more: object) -> Entry:
    given: dict[str, object] = {
        "purposes": (Purpose.SURVEY,),
        "channels": (Channel.SMS,),
        "given": True,
        "way": Way.PAPER,
        "on": NOW.date(),
        "proof": "同意书 2026-12",
        **more,
    }
    return Entry(**given)  # type: ignore[arg-type]  # fields of an entry


async def reach(ward: Ward, who: str = "east") -> dict[str, str]:
    """ "" where they may be reached by text, else why not."""
    return {
        purpose: (await consent.may_reach(ward.patient[who], purpose, Channel.SMS)).why for purpose in Purpose
    }


OPEN = dict.fromkeys(Purpose, "") | dict.fromkeys((Purpose.EDUCATION, Purpose.RESEARCH), "尚未取得本人同意")


async def test_who_said_nothing_is_reached_for_care_and_not_for_what_needs_a_yes(ward: Ward) -> None:
    assert await reach(ward) == OPEN


async def test_the_newest_word_that_fits_the_purpose_and_the_way_holds(ward: Ward) -> None:
    alice = await ward.house.actor("alice")
    east = ward.patient["east"]
    await consent_noting.note(east, entry(purposes=(Purpose.EDUCATION,), on=date(2026, 11, 1)), by=alice)
    assert await reach(ward) == OPEN | {Purpose.EDUCATION: ""}
    await consent_noting.note(
        east,
        entry(purposes=tuple(Purpose), channels=tuple(Channel), given=False, on=date(2026, 11, 2)),
        by=alice,
    )
    assert await reach(ward) == dict.fromkeys(Purpose, "本人已拒绝（书面签字）")
    await consent_noting.note(east, entry(), by=alice)
    assert await reach(ward) == dict.fromkeys(Purpose, "本人已拒绝（书面签字）") | {Purpose.SURVEY: ""}
    assert (await consent.may_reach(east, Purpose.SURVEY, Channel.PHONE)).why == "本人已拒绝（书面签字）"
    assert await reach(ward, "both") == OPEN  # nobody else is touched
    # what is written down late does not undo what was said later
    await consent_noting.note(east, entry(given=False, on=date(2026, 10, 1)), by=alice)
    assert (await consent.may_reach(east, Purpose.SURVEY, Channel.SMS)).ok


async def test_each_line_says_who_how_and_on_which_words_it_rests(ward: Ward) -> None:
    alice = await ward.house.actor("alice")
    await consent_noting.note(
        ward.patient["east"], entry(said_by="测试乙", relation="配偶", channels=tuple(Channel)), by=alice
    )
    (line,) = await consent_noting.of_patient(ward.patient["east"], alice)
    assert (
        line.purpose_label,
        line.channel_label,
        line.given,
        line.way,
        line.wording,
        line.proof,
        line.relation,
        line.said_by,
        line.recorded_by,
    ) == ("满意度调查", "全部方式", True, "书面签字", 1, "同意书 2026-12", "配偶", "测试乙", "测试alice")


async def test_a_child_below_fourteen_is_reached_only_after_its_guardian_agreed(ward: Ward) -> None:
    alice, east = await ward.house.actor("alice"), ward.patient["east"]
    await db.execute("update patient set born_on = $2 where id = $1", east, date(2012, 11, 23))
    assert set((await reach(ward)).values()) == {"不满 14 周岁，尚无监护人同意"}
    with pytest.raises(Invalid, match="须由监护人同意"):
        await consent_noting.note(east, entry(), by=alice)
    await consent_noting.note(east, entry(said_by="测试母", relation="母亲"), by=alice)
    assert (await consent.may_reach(east, Purpose.SURVEY, Channel.SMS)).ok
    with clock.frozen(NOW + timedelta(days=1)):  # the birthday
        assert await reach(ward) == OPEN


async def test_the_dead_and_the_blocked_are_never_reached(ward: Ward) -> None:
    await db.execute("update patient set deceased = true where id = $1", ward.patient["east"])
    assert set((await reach(ward)).values()) == {"患者已故"}


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"purposes": ()}, "purposes"),
        ({"channels": ()}, "channels"),
        ({"proof": ""}, "proof"),
        ({"on": date(2026, 11, 23)}, "on"),
        ({"said_by": "测试乙"}, "relation"),
        ({"relation": "配偶"}, "said_by"),
    ],
)
async def test_what_is_missing_is_named_and_nothing_is_written(
    ward: Ward, more: dict[str, object], field: str
) -> None:
    alice = await ward.house.actor("alice")
    with pytest.raises(Invalid) as refused:
        await consent_noting.note(ward.patient["east"], entry(**more), by=alice)
    assert [fault.field for fault in refused.value.details] == [field]
    assert await db.fetchval("select count(*) from consent") == 0


async def test_who_has_not_the_patient_or_the_right_writes_nothing_down(ward: Ward) -> None:
    for name, error in (("bob", NotFound), ("west_vp", Forbidden), ("auditor", Forbidden)):
        with pytest.raises(error):
            await consent_noting.note(ward.patient["east"], entry(), by=await ward.house.actor(name))
    with pytest.raises(Forbidden):
        await consent_noting.new_wording(
            Purpose.SURVEY, "新的告知文本" * 5, by=await ward.house.actor("alice")
        )


async def test_new_words_are_a_new_version_and_an_earlier_yes_keeps_its_own(ward: Ward) -> None:
    alice, admin = await ward.house.actor("alice"), await ward.house.actor("admin")
    await consent_noting.note(ward.patient["east"], entry(), by=alice)
    assert await consent_noting.new_wording(Purpose.SURVEY, "新的告知文本" * 5, by=admin) == 2
    await consent_noting.note(ward.patient["east"], entry(channels=(Channel.PHONE,)), by=alice)
    said = await consent_noting.of_patient(ward.patient["east"], alice)
    assert [line.wording for line in said] == [2, 1]


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        *((word, True) for word in ("T", "td", "ＴＤ", " n ", "R。", "退订", "【退订】", "拒收", "取消订阅")),
        *((word, False) for word in ("不要退订", "我要投诉", "1", "TT", "", "N号窗口在哪")),
    ],
)
def test_a_word_of_refusal_in_any_width_and_case_refuses_and_a_sentence_does_not(
    text: str, refuses: bool
) -> None:
    assert opting_out.refuses(text) is refuses


async def sent_for(purpose: str) -> None:
    await db.execute(
        "insert into message (key, purpose, lane, receiver_kind, receiver_id, receiver_name, phone_hash, text, ladder,"
        " not_before, created_at, sent_at, consent) values ($1, 'x', 'bulk', 'person', 1, '', $2, '', '{sms}', $3, $3,"
        " $3, $4)",
        f"k{purpose}",
        crypto.search_hash(PHONE),
        NOW,
        purpose,
    )


@pytest.mark.parametrize("asked", ["survey", ""])
async def test_a_refusal_by_text_is_for_what_the_last_text_was_for_and_else_for_all(
    ward: Ward, asked: str
) -> None:
    await sent_for(asked)
    assert await opting_out.take(f"86{PHONE}", "退订", "sms:1:1", NOW)
    refused = "本人已拒绝（短信回复）"
    assert await reach(ward) == (
        OPEN | {Purpose.SURVEY: refused} if asked else dict.fromkeys(Purpose, refused)
    )
    assert (await consent.may_reach(ward.patient["east"], Purpose.SURVEY, Channel.WECHAT)).ok


async def test_a_refusal_is_confirmed_once_and_its_repetition_changes_nothing(ward: Ward) -> None:
    for key in ("sms:1:1", "sms:1:1", "sms:2:1"):  # the same reply again, and another "T" later
        assert await opting_out.take(PHONE, "T", key, NOW)
    texts = [row["text"] for row in await db.fetch("select text from message order by id")]
    assert [text[:40] for text in texts] == [
        "已为您退订满意度调查、随访、提醒和宣教短信，不再发送。与您本人反映事项有关的办理通知"[:40]
    ]
    assert await db.fetchval("select count(*) from consent") == 2
    assert ward.patient


async def test_a_refusal_of_an_unknown_number_holds_for_that_number(ward: Ward) -> None:
    assert await opting_out.take("19900000009", "N", "sms:1:1", NOW)
    stranger = crypto.search_hash("19900000009")
    assert not await consent.may_reach_phone(stranger, Purpose.SURVEY, Channel.SMS)
    assert await consent.may_reach_phone(crypto.search_hash("19900000008"), Purpose.SURVEY, Channel.SMS)
    assert await reach(ward) == OPEN


async def test_what_was_said_is_never_changed(ward: Ward) -> None:
    await opting_out.take(PHONE, "T", "sms:1:1", NOW)
    for statement in ("update consent set given = true", "delete from consent"):
        with pytest.raises(PostgresError, match="append-only"):
            await db.execute(statement)
    assert ward.patient


async def test_two_records_of_one_person_speak_for_one_another(ward: Ward) -> None:
    alice, east, both = await ward.house.actor("alice"), ward.patient["east"], ward.patient["both"]
    await consent_noting.note(both, entry(given=False), by=alice)
    assert (await consent.may_reach(east, Purpose.SURVEY, Channel.SMS)).ok
    await db.execute("update patient set merged_into = $2 where id = $1", both, east)
    for one in (east, both):
        assert not await consent.may_reach(one, Purpose.SURVEY, Channel.SMS)
