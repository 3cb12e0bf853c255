"""The periods of 《信访工作条例》 as tables, the article cited; and which step starts and stops which clock."""

from datetime import date, datetime
from pathlib import Path

import pytest

from core import clock, db
from core.errors import Forbidden, Refused
from core.settings import settings
from tests.pure.calendars import announced
from tests.tickets.conftest import Cast, at
from tests.tickets.petition import delivered, do, issued, limits, made, registered, taken_up
from tickets.deadlines import Rule, Unit, compute, extend
from tickets.models import Case, Clock
from tickets.word.variables import Kind


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


# article, what begins the period, its rule, the day it begins, the last day by the announced calendar of 2026
LAW = (
    ("23 告知", 15, Unit.CALENDAR_DAYS, date(2026, 3, 2), date(2026, 3, 17)),
    ("23 告知，末日为周日顺延", 15, Unit.CALENDAR_DAYS, date(2026, 3, 7), date(2026, 3, 23)),
    ("23 异议", 5, Unit.WORKING_DAYS, date(2026, 3, 2), date(2026, 3, 9)),
    ("23 异议，2/14 调休上班", 5, Unit.WORKING_DAYS, date(2026, 2, 9), date(2026, 2, 14)),
    ("34 办理", 60, Unit.CALENDAR_DAYS, date(2026, 3, 3), date(2026, 5, 6)),  # 5/2 falls into 劳动节
    ("34 办理", 60, Unit.CALENDAR_DAYS, date(2026, 6, 1), date(2026, 7, 31)),
    ("35 申请复查", 30, Unit.CALENDAR_DAYS, date(2026, 4, 2), date(2026, 5, 6)),
    ("35 复查", 30, Unit.CALENDAR_DAYS, date(2026, 6, 1), date(2026, 7, 1)),
    ("36 申请复核", 30, Unit.CALENDAR_DAYS, date(2026, 6, 15), date(2026, 7, 15)),
    ("36 复核", 30, Unit.CALENDAR_DAYS, date(2026, 9, 1), date(2026, 10, 8)),  # 国庆节 until 10/7
)


@pytest.mark.parametrize(("article", "amount", "unit", "start", "last"), LAW)
def test_a_period_of_the_regulation_ends_on_its_day(
    article: str, amount: int, unit: Unit, start: date, last: date
) -> None:
    begins = datetime(start.year, start.month, start.day, 10, tzinfo=clock.SHANGHAI)
    found = compute(begins, Rule(amount, unit, source=f"第{article[:2]}条"), announced())
    assert (clock.local(found.due_at).date(), found.provisional) == (last, False)


def test_an_extension_moves_the_limit_by_calendar_days() -> None:
    begins = datetime(2026, 6, 1, 10, tzinfo=clock.SHANGHAI)
    sixty = compute(begins, Rule(60, Unit.CALENDAR_DAYS), announced())
    longer = extend(sixty, 30, announced(), unit=Unit.CALENDAR_DAYS, source="测试主任 批准")
    assert clock.local(longer.due_at).date() == date(2026, 8, 30)
    assert "延期 30 日" in longer.reason


async def test_the_shipped_periods_are_those_of_the_regulation(cast: Cast) -> None:
    rows = await db.fetch(
        "select kind, amount, unit, basis from deadline_rule where source = 'petition' and kind <> 'department'"
        " order by kind"
    )
    assert [tuple(row) for row in rows] == [
        ("decision", 60, "calendar_days", "《信访工作条例》第三十四条"),
        ("notice", 15, "calendar_days", "《信访工作条例》第二十三条"),
        ("objection", 5, "working_days", "《信访工作条例》第二十三条"),
        ("rereview", 30, "calendar_days", "《信访工作条例》第三十六条"),
        ("rereview_window", 30, "calendar_days", "《信访工作条例》第三十六条"),
        ("review", 30, "calendar_days", "《信访工作条例》第三十五条"),
        ("review_window", 30, "calendar_days", "《信访工作条例》第三十五条"),
    ]


async def test_notice_runs_from_the_day_of_receipt_and_ends_when_the_person_was_told(cast: Cast) -> None:
    case = await registered(cast, received_on=date(2026, 2, 27))
    assert await limits(case) == {"notice": ("2026-03-16", "running")}  # 3/14 is a Saturday
    with clock.frozen(at("2026-03-05 09:00")):
        await do("case.take_up", case.id, cast.centre)
        assert await limits(case) == {
            "notice": ("2026-03-16", "running"),
            "decision": ("2026-05-04", "running"),
        }
        await made(case, Kind.PETITION_ACCEPTED, cast.centre)
        await do("case.notify", case.id, cast.centre, on=date(2026, 3, 4))
    row = await Clock.get(case_id=case.id, kind="notice")
    assert (row.state, f"{clock.local(row.ended_at or row.due_at):%Y-%m-%d}") == ("met", "2026-03-04")


async def test_a_transfer_is_objected_to_within_five_working_days_and_not_later(cast: Cast) -> None:
    more = {"form": "transferred", "transferred_by": "测试市卫健委", "upstream_on": date(2026, 5, 29)}
    case = await registered(cast, **more)  # type: ignore[arg-type]  # fields of a letter
    assert await limits(case) == {
        "notice": ("2026-03-17", "running"),
        "objection": ("2026-03-09", "running"),
        "upstream": ("2026-05-29", "running"),
    }
    wish = {"organ": "测试市卫健委", "reason": "不属于我院职权"}
    with clock.frozen(at("2026-03-10 09:00")), pytest.raises(Refused, match="5 个工作日已过"):
        await do("case.object", case.id, cast.centre, **wish)
    with clock.frozen(at("2026-03-09 16:00")):
        await do("case.object", case.id, cast.centre, **wish)
    assert (await limits(case))["objection"] == ("2026-03-09", "met")


async def test_only_the_sixth_way_of_an_appeal_carries_sixty_days(cast: Cast) -> None:
    duty = await registered(cast)
    await do("case.take_up", duty.id, cast.centre, route="5")
    advice = await registered(cast, draft="b2", category="建议意见", content="建议门诊增设自助机。")
    await do("case.take_up", advice.id, cast.centre)
    assert ["decision" in await limits(case) for case in (duty, advice)] == [False, False]
    with pytest.raises(Refused, match="不需要延期"):
        await do("case.prolong", advice.id, cast.chief, days=30, reason="情况复杂")


async def test_it_is_prolonged_once_by_thirty_days_at_most_by_the_head(cast: Cast) -> None:
    case = await taken_up(cast)
    assert (await limits(case))["decision"] == ("2026-05-04", "running")  # 5/2, a Saturday, rolls over
    with pytest.raises(Forbidden):
        await do("case.prolong", case.id, cast.centre, days=30, reason="等待鉴定")
    with clock.frozen(at("2026-04-20 09:00")):
        await do("case.prolong", case.id, cast.chief, days=30, reason="等待鉴定结论")
        with pytest.raises(Refused, match="只能延期一次"):
            await do("case.prolong", case.id, cast.chief, days=5, reason="再等等")
    row = await Clock.get(case_id=case.id, kind="decision")
    assert f"{clock.local(row.due_at):%Y-%m-%d}" == "2026-06-03"
    assert "测试中心主任 批准" in row.reason


async def test_the_windows_run_from_delivery_not_from_the_decision(cast: Cast) -> None:
    case = await delivered(cast, on=date(2026, 4, 2))
    assert await limits(case) == {
        "notice": ("2026-03-17", "met"),
        "decision": ("2026-05-04", "met"),
        "review_window": ("2026-05-04", "running"),
    }
    assert (await Case.get(id=case.id)).due_at is None  # nobody is late by a time that is the person's own


@pytest.mark.parametrize(("day", "taken"), [("2026-05-04 18:00", True), ("2026-05-05 09:00", False)])
async def test_a_review_is_asked_for_until_the_end_of_the_last_day(cast: Cast, day: str, taken: bool) -> None:
    case = await delivered(cast)
    wish = {"organ": "测试市卫健委", "reason": "退费金额不足"}
    with clock.frozen(at(day)):
        if not taken:
            with pytest.raises(Refused, match="已超过期限"):
                await do("case.ask_review", case.id, cast.centre, **wish)
            await do("case.ask_review", case.id, cast.centre, on=date(2026, 5, 4), **wish)  # came in time
        else:
            await do("case.ask_review", case.id, cast.centre, **wish)
    assert (await limits(case))["review"] == ("2026-06-03", "running")


async def test_the_days_of_a_hearing_are_not_counted(cast: Cast) -> None:
    case = await delivered(cast)
    with clock.frozen(at("2026-04-07 09:00")):
        await do("case.ask_review", case.id, cast.centre, organ="测试市卫健委", reason="不服")
        await do("case.decide_review", case.id, cast.chief, outcome="维持", opinion="原意见予以维持")
        await do("case.deliver", case.id, cast.centre, receiver="测试甲")
        await do("case.ask_rereview", case.id, cast.centre, organ="测试省卫健委", reason="不服")
    assert (await limits(case))["rereview"] == ("2026-05-07", "running")
    with clock.frozen(at("2026-04-10 09:00")):
        await do("case.begin_hearing", case.id, cast.centre, reason="组织听证")
    assert (await limits(case))["rereview"] == ("2026-05-07", "paused")
    with clock.frozen(at("2026-04-14 09:00")):
        await do("case.end_hearing", case.id, cast.centre)
    assert (await limits(case))["rereview"] == ("2026-05-11", "running")


async def test_an_issued_opinion_meets_the_limit_although_it_waits_for_its_delivery(cast: Cast) -> None:
    case = await issued(cast)
    assert (await limits(case))["decision"][1] == "met"
    assert (await Case.get(id=case.id)).due_at is None
