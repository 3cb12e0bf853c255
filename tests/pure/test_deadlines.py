"""Deadlines: the tables of 2025 and 2026, the reasons, the three tiers, extension and the share of a clock."""

from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import Calendar, Day
from core.clock import SHANGHAI, local
from tests.pure.calendars import INSTANTS, announced, at
from tickets.deadlines import (
    END_OF_DAY,
    Deadline,
    PartKind,
    Rule,
    Unit,
    compute,
    derive,
    derive_department,
    derive_hospital,
    earliest,
    extend,
    instant_of_rung,
    instant_of_share,
    paused,
    printed,
    recompute,
    share_used,
)

DAYS_2020_TO_2035 = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def working(amount: int, *, count_start_day: bool = False) -> Rule:
    return Rule(amount, Unit.WORKING_DAYS, count_start_day)


def due(start: date, rule: Rule, hour: int = 10) -> date:
    return local(compute(at(start, hour), rule, announced()).due_at).date()


@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        (date(2026, 2, 9), 5, date(2026, 2, 14)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        (date(2026, 2, 13), 10, date(2026, 3, 5)),
        (date(2026, 9, 18), 5, date(2026, 9, 24)),
        (date(2026, 9, 30), 5, date(2026, 10, 13)),
        (date(2026, 9, 30), 10, date(2026, 10, 20)),
        (date(2026, 4, 30), 2, date(2026, 5, 7)),
        (date(2025, 1, 24), 5, date(2025, 2, 7)),
        (date(2026, 12, 10), 15, date(2026, 12, 31)),
    ],
)
def test_working_days_skip_holidays_and_count_make_up_days(start: date, amount: int, expected: date) -> None:
    deadline = compute(at(start), working(amount), announced())
    assert (deadline.due_at, deadline.provisional) == (at(expected, 17, 30), False)


def _is_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day)) if day.year <= 2026 else day.weekday() < 5


def _nth_after(start: date, amount: int) -> date:
    day, counted = start, 0
    while counted < amount:
        day += timedelta(days=1)
        counted += 1 if _is_workday(day) else 0
    return day


def test_every_start_of_2025_and_2026_agrees_with_a_naive_count_for_1_to_15_days() -> None:
    starts = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
    ours: dict[tuple[date, int], tuple[datetime, bool]] = {}
    naive: dict[tuple[date, int], tuple[datetime, bool]] = {}
    for start in starts:
        for amount in range(1, 16):
            deadline = compute(at(start), working(amount), announced())
            ours[start, amount] = (deadline.due_at, deadline.provisional)
            last = _nth_after(start, amount)
            naive[start, amount] = (at(last, 17, 30), last.year > 2026)
    assert ours == naive


@pytest.mark.parametrize(
    ("start", "hour", "amount", "expected"),
    [
        (date(2026, 2, 9), 10, 5, date(2026, 2, 13)),  # Monday is the first day
        (date(2026, 2, 9), 10, 1, date(2026, 2, 9)),
        (date(2026, 2, 9), 17, 1, date(2026, 2, 9)),
        (date(2026, 2, 9), 18, 1, date(2026, 2, 10)),  # after hours the next day is the first
        (date(2026, 2, 7), 10, 1, date(2026, 2, 9)),  # a Saturday cannot be the first working day
    ],
)
def test_a_rule_may_count_the_day_of_receipt(start: date, hour: int, amount: int, expected: date) -> None:
    assert due(start, working(amount, count_start_day=True), hour) == expected


@pytest.mark.parametrize(
    ("start", "amount", "rolls", "expected"),
    [
        (date(2026, 1, 31), 15, False, date(2026, 2, 15)),
        (date(2026, 1, 31), 15, True, date(2026, 2, 24)),  # through the Spring Festival
        (date(2026, 1, 30), 15, True, date(2026, 2, 14)),  # a made-up Saturday is a day to act on
        (date(2026, 3, 2), 60, True, date(2026, 5, 6)),  # 1 May falls into Labour Day
        (date(2026, 3, 3), 60, False, date(2026, 5, 2)),
    ],
)
def test_calendar_days_roll_over_a_day_off_when_the_rule_says_so(
    start: date, amount: int, rolls: bool, expected: date
) -> None:
    assert due(start, Rule(amount, Unit.CALENDAR_DAYS, roll_over_last_day=rolls)) == expected


def test_hours_run_by_the_wall_clock_over_any_day_off() -> None:
    deadline = compute(at(date(2026, 2, 14), 22), Rule(24, Unit.HOURS), announced())
    assert deadline.due_at == at(date(2026, 2, 15), 22)
    assert deadline.reason == "2026-02-14 22:00 收到，起算 24 小时；应于 2026-02-15 22:00 前办结。"


def test_the_day_is_the_hospitals_day_not_the_servers() -> None:
    late_in_utc = datetime(2026, 2, 9, 16, 30, tzinfo=UTC)  # 00:30 on the 10th in Shanghai
    assert compute(late_in_utc, working(1), announced()).due_at == at(date(2026, 2, 11), 17, 30)


@pytest.mark.parametrize(
    ("start", "rule", "reason"),
    [
        (
            date(2026, 2, 9),
            Rule(5, Unit.WORKING_DAYS, source="《广东省12345政务服务便民热线管理办法》"),
            (
                "2026-02-09 收到，次日起算 5 个工作日；2/14（六）春节调休上班计入；应于 2026-02-14 17:30 前办结。"
                "依据：《广东省12345政务服务便民热线管理办法》。"
            ),
        ),
        (
            date(2026, 2, 13),
            Rule(10, Unit.WORKING_DAYS),
            (
                "2026-02-13 收到，次日起算 10 个工作日；2/14（六）春节调休上班计入；2/15—2/23 春节放假不计；"
                "2/28（六）春节调休上班计入；周末不计；应于 2026-03-05 17:30 前办结。"
            ),
        ),
        (
            date(2026, 1, 31),
            Rule(15, Unit.CALENDAR_DAYS, end_of_day=END_OF_DAY),
            (
                "2026-01-31 收到，次日起算 15 日；期满日 2/15（日）为春节放假，顺延至下一工作日 2/24（二）；"
                "应于 2026-02-24 24:00 前办结。"
            ),
        ),
        (
            date(2026, 12, 10),
            Rule(16, Unit.WORKING_DAYS),
            (
                "2026-12-10 收到，次日起算 16 个工作日；周末不计；"
                "2027 年放假安排尚未公布，暂按周一至周五推算，公布后重算；应于 2027-01-01 17:30 前办结。"
            ),
        ),
    ],
)
def test_the_reason_reads_as_a_sentence(start: date, rule: Rule, reason: str) -> None:
    assert compute(at(start), rule, announced()).reason == reason


def test_when_the_new_calendar_arrives_a_provisional_deadline_moves_and_says_so() -> None:
    start, rule = at(date(2026, 12, 10)), working(16)
    old = compute(start, rule, announced())
    newer = announced().merged([Day(date(2027, 1, 1), "元旦", is_off=True)], [2027])
    again = recompute(old, start, rule, newer)
    assert (old.provisional, again.moved) == (True, True)
    assert (again.deadline.due_at, again.deadline.provisional) == (at(date(2027, 1, 4), 17, 30), False)
    assert not recompute(again.deadline, start, rule, newer).moved


def test_the_limit_printed_on_the_order_is_taken_as_it_stands() -> None:
    deadline = printed(datetime(2026, 12, 5, 18, tzinfo=SHANGHAI), "市交办办结期限")
    assert deadline.due_at == datetime(2026, 12, 5, 10, tzinfo=UTC)
    assert deadline.reason == (
        "工单载明的办结时限（市交办办结期限），以工单为准；应于 2026-12-05 18:00 前办结。"
    )
    assert not deadline.provisional


def test_the_earliest_of_several_limits_is_the_one_that_falls_due_first() -> None:
    first, second = printed(at(date(2026, 3, 2)), ""), printed(at(date(2026, 3, 3)), "")
    assert earliest(second, first) == first


RECEIVED = at(date(2026, 2, 9))


@pytest.mark.parametrize(
    ("limit", "lead", "expected", "told"),
    [
        # the rule alone gives the 14th
        (at(date(2026, 3, 2)), 2, at(date(2026, 2, 14), 17, 30), None),
        (at(date(2026, 2, 24)), 1, at(date(2026, 2, 14), 17, 30), None),  # exactly one working day ahead
        (
            at(date(2026, 2, 24), 9),
            2,
            at(date(2026, 2, 13), 17, 30),
            "因须比医院时限 2026-02-24 09:00 提前 2 个工作日",
        ),
        (
            at(date(2026, 2, 11), 9),
            5,
            at(date(2026, 2, 9), 17, 30),
            "因距医院时限 2026-02-11 09:00 不足 5 个工作日，只能提前 2 个工作日",
        ),
        (
            at(date(2026, 2, 9), 16),
            1,
            at(date(2026, 2, 9), 16),
            "因距医院时限 2026-02-09 16:00 已无提前余量，与其相同",
        ),
        (
            at(date(2026, 2, 6), 16),
            1,
            at(date(2026, 2, 6), 16),
            "因距医院时限 2026-02-06 16:00 已无提前余量，与其相同",
        ),
        (at(date(2026, 2, 12), 9), 0, at(date(2026, 2, 12), 9), "因不得晚于医院时限 2026-02-12 09:00"),
    ],
)
def test_the_department_answers_before_the_hospital_must(
    limit: datetime, lead: int, expected: datetime, told: str | None
) -> None:
    hospital = Deadline(limit, False, "医院时限。")
    department = derive_department(hospital, lead, announced(), assigned_at=RECEIVED, rule=working(5))
    assert department.due_at == expected
    assert [part.text for part in department.parts if part.kind is PartKind.CAPPED] == (
        [told] if told else []
    )


def test_the_hospital_answers_before_the_upstream_limit_and_without_one_by_its_rule() -> None:
    rule = working(10)
    by_rule = derive_hospital(RECEIVED, rule, None, 1, announced())
    upstream = printed(at(date(2026, 2, 25), 18), "市交办办结期限")
    capped = derive_hospital(RECEIVED, rule, upstream, 1, announced())
    assert (by_rule.due_at, capped.due_at) == (at(date(2026, 2, 28), 17, 30), at(date(2026, 2, 24), 17, 30))
    assert capped.reason == (
        "2026-02-09 收到，次日起算 10 个工作日；2/14（六）春节调休上班计入；2/15—2/23 春节放假不计；"
        "2/28（六）春节调休上班计入；应于 2026-02-28 17:30 前办结。"
        "因须比上级时限 2026-02-25 18:00 提前 1 个工作日；应于 2026-02-24 17:30 前办结。"
    )


def test_a_department_without_a_rule_of_its_own_gets_the_margin_before_the_hospital() -> None:
    hospital = printed(at(date(2026, 2, 25), 18), "")
    department = derive_department(hospital, 2, announced(), assigned_at=RECEIVED)
    assert department.due_at == at(date(2026, 2, 14), 17, 30)
    assert (
        department.reason == "须比医院时限 2026-02-25 18:00 提前 2 个工作日；应于 2026-02-14 17:30 前办结。"
    )


def test_a_tier_is_provisional_when_the_limit_it_leans_on_is() -> None:
    start = at(date(2026, 12, 20))
    hospital = compute(start, working(15), announced())
    own = compute(start, working(3), announced())
    department = derive(start, own, hospital, 1, announced(), limit_name="医院时限")
    assert (own.provisional, department.due_at, department.provisional) == (False, own.due_at, True)


@given(
    start=DAYS_2020_TO_2035,
    rule_days=st.integers(1, 30),
    limit_days=st.integers(0, 40),
    lead=st.integers(0, 10),
)
def test_no_tier_is_ever_later_than_the_one_above(
    start: date, rule_days: int, limit_days: int, lead: int
) -> None:
    begun = at(start)
    hospital = printed(begun + timedelta(days=limit_days, hours=1), "")
    department = derive_department(hospital, lead, announced(), assigned_at=begun, rule=working(rule_days))
    assert begun < department.due_at <= hospital.due_at


def test_an_extension_counts_working_days_from_the_old_limit_and_keeps_the_hour() -> None:
    old = printed(at(date(2026, 2, 13), 18), "")
    new = extend(old, 2, announced(), source="分管领导批准")
    assert new.due_at == at(date(2026, 2, 24), 18)
    assert new.reason == (
        "工单载明的办结时限，以工单为准；应于 2026-02-13 18:00 前办结。"
        "延期 2 个工作日；2/14（六）春节调休上班计入；2/15—2/23 春节放假不计；应于 2026-02-24 18:00 前办结。"
        "依据：分管领导批准。"
    )
    assert extend(compute(at(date(2026, 12, 30)), working(1), announced()), 1, announced()).provisional
    with pytest.raises(ValueError, match="at least one day or hour"):
        extend(old, 0, announced())


@pytest.mark.parametrize("amount", [0, -1, 3661])
def test_a_period_without_length_is_no_rule(amount: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 3660 days"):
        working(amount)


@given(start=DAYS_2020_TO_2035, amount=st.integers(1, 60), counts=st.booleans())
def test_a_working_day_deadline_lies_on_a_working_day_and_grows_with_the_period(
    start: date, amount: int, counts: bool
) -> None:
    calendar = announced()
    shorter = compute(at(start), working(amount, count_start_day=counts), calendar)
    longer = compute(at(start), working(amount + 1, count_start_day=counts), calendar)
    assert calendar.is_workday(local(shorter.due_at).date())
    assert at(start) < shorter.due_at < longer.due_at
    assert shorter.provisional <= longer.provisional


@given(
    start=INSTANTS,
    amount=st.integers(1, 400),
    unit=st.sampled_from(Unit),
    counts=st.booleans(),
    rolls=st.booleans(),
    end=st.times(),
)
def test_no_start_and_no_rule_raises_or_ends_before_it_begins(
    start: datetime, amount: int, unit: Unit, counts: bool, rolls: bool, end: time
) -> None:
    for calendar in (announced(), Calendar()):
        deadline = compute(start, Rule(amount, unit, counts, rolls, end.replace(fold=0)), calendar)
        assert deadline.due_at > start
        assert deadline.due_at.tzinfo is UTC


FRIDAY, TUESDAY = at(date(2026, 3, 6), 12), at(date(2026, 3, 10), 12)


@pytest.mark.parametrize(
    ("now", "paused", "by_clock", "by_workdays"),
    [
        (at(date(2026, 3, 5), 12), 0, 0, 0),
        (at(date(2026, 3, 6), 12), 0, 0, 0),
        (at(date(2026, 3, 8), 12), 0, 0.5, 0.25),  # Sunday noon: only Friday afternoon was worked
        (at(date(2026, 3, 9), 12), 0, 0.75, 0.5),
        (at(date(2026, 3, 9), 12), 86400, 0.5, 0),
        (at(date(2026, 3, 10), 12), 0, 1, 1),
        (at(date(2026, 3, 14), 12), 0, 2, 2.75),
    ],
)
def test_the_share_of_a_clock_that_is_used(
    now: datetime, paused: float, by_clock: float, by_workdays: float
) -> None:
    assert share_used(FRIDAY, TUESDAY, now, paused) == by_clock
    assert share_used(FRIDAY, TUESDAY, now, paused, announced()) == by_workdays


def test_a_clock_without_length_is_used_up_and_one_on_days_off_runs_by_the_hour() -> None:
    assert share_used(FRIDAY, FRIDAY, FRIDAY) == 1
    assert instant_of_share(FRIDAY, FRIDAY, 0.5) == FRIDAY
    saturday = at(date(2026, 3, 7), 8)
    assert (
        share_used(saturday, saturday + timedelta(hours=8), saturday + timedelta(hours=2), 0, announced())
        == 0.25
    )


@given(
    start=INSTANTS,
    length=st.integers(3600, 40 * 86400),
    percent=st.integers(1, 200),
    paused=st.integers(0, 10 * 86400),
    by_workdays=st.booleans(),
)
def test_the_instant_of_a_share_is_where_the_clock_reaches_it(
    start: datetime, length: int, percent: int, paused: int, by_workdays: bool
) -> None:
    calendar = announced() if by_workdays else None
    end = start + timedelta(seconds=length)
    instant = instant_of_share(start, end, percent / 100, paused, calendar)
    assert share_used(start, end, instant, paused, calendar) == pytest.approx(percent / 100, abs=1e-6)


# 《信访工作条例》 (in force 2022-05-01): article, period, from a start, to the day it ends. Days are calendar days but
# for the objection; a last day that is off rolls over (《民法典》 Art. 203), as the shipped rules have it.
@pytest.mark.parametrize(
    ("article", "amount", "unit", "start", "expected"),
    [
        ("22 registering and passing on", 15, Unit.CALENDAR_DAYS, date(2026, 3, 2), date(2026, 3, 17)),
        ("23 written notice", 15, Unit.CALENDAR_DAYS, date(2026, 3, 2), date(2026, 3, 17)),
        ("23 written notice into the festival", 15, Unit.CALENDAR_DAYS, date(2026, 2, 2), date(2026, 2, 24)),
        ("23 objection", 5, Unit.WORKING_DAYS, date(2026, 2, 9), date(2026, 2, 14)),
        ("23 objection over the festival", 5, Unit.WORKING_DAYS, date(2026, 2, 13), date(2026, 2, 27)),
        ("34 decision", 60, Unit.CALENDAR_DAYS, date(2026, 3, 6), date(2026, 5, 6)),
        ("34 decision on a working day", 60, Unit.CALENDAR_DAYS, date(2026, 1, 5), date(2026, 3, 6)),
        ("35 asking for a review", 30, Unit.CALENDAR_DAYS, date(2026, 3, 3), date(2026, 4, 2)),
        ("35 review", 30, Unit.CALENDAR_DAYS, date(2026, 9, 1), date(2026, 10, 8)),
        ("36 asking for a re-review", 30, Unit.CALENDAR_DAYS, date(2026, 6, 1), date(2026, 7, 1)),
        ("36 re-review", 30, Unit.CALENDAR_DAYS, date(2026, 6, 5), date(2026, 7, 6)),
    ],
)  # fmt: skip
def test_the_periods_of_petitions_end_when_the_regulation_says(
    article: str, amount: int, unit: Unit, start: date, expected: date
) -> None:
    assert (article, due(start, Rule(amount, unit))) == (article, expected)


def test_a_decision_prolonged_by_thirty_days_counts_on_from_its_limit() -> None:
    """Art. 34: at most 30 days more, with the head's approval."""
    decision = compute(at(date(2026, 1, 5)), Rule(60, Unit.CALENDAR_DAYS), announced())
    longer = extend(decision, 30, announced(), unit=Unit.CALENDAR_DAYS, source="测试院长 批准")
    assert (decision.due_at, longer.due_at) == (at(date(2026, 3, 6), 17, 30), at(date(2026, 4, 5), 17, 30))
    assert longer.reason.endswith("延期 30 日；应于 2026-04-05 17:30 前办结。依据：测试院长 批准。")


def test_the_time_of_a_hearing_is_not_counted() -> None:
    """Art. 36; told with its ground, its span and the new limit, which ends with a working day (《民法典》 Art. 203)."""
    rule = Rule(30, Unit.CALENDAR_DAYS)
    rereview = compute(at(date(2026, 6, 1)), rule, announced())
    later = paused(rereview, "听证", at(date(2026, 6, 9), 9), at(date(2026, 6, 11), 12), rule, announced())
    assert later.due_at == at(date(2026, 7, 3), 17, 30)
    assert later.reason == (
        "2026-06-01 收到，次日起算 30 日；应于 2026-07-01 17:30 前办结。"
        "2026-06-09 09:00 至 2026-06-11 12:00 听证，停止计时 2 天 3 小时，时限顺延；应于 2026-07-03 17:30 前办结。"
    )


@pytest.mark.parametrize(
    ("rule", "hours", "expected"),
    [
        (Rule(30, Unit.CALENDAR_DAYS), 48, at(date(2026, 7, 3), 17, 30)),  # whole days: the same time of day
        (Rule(30, Unit.CALENDAR_DAYS), 5, at(date(2026, 7, 1), 17, 30)),  # not in the evening
        (Rule(30, Unit.CALENDAR_DAYS), 20, at(date(2026, 7, 2), 17, 30)),  # nor in the morning
        (Rule(30, Unit.CALENDAR_DAYS), 72, at(date(2026, 7, 6), 17, 30)),  # nor on a Saturday
        (Rule(30, Unit.CALENDAR_DAYS, roll_over_last_day=False), 72, at(date(2026, 7, 4), 17, 30)),
        (Rule(30 * 24, Unit.HOURS), 5, at(date(2026, 7, 1), 15)),  # hours are hours
        (None, 5, at(date(2026, 7, 1), 22, 30)),  # as is what somebody stated
    ],
)
def test_a_limit_in_days_that_stood_still_ends_with_a_day(
    rule: Rule | None, hours: int, expected: datetime
) -> None:
    start, since = at(date(2026, 6, 1)), at(date(2026, 6, 9), 9)
    limit = compute(start, rule or Rule(30, Unit.CALENDAR_DAYS), announced())
    later = paused(limit, "听证", since, since + timedelta(hours=hours), rule, announced())
    assert later.due_at == expected


@pytest.mark.parametrize(
    ("share", "paused_days", "expected"),
    [
        (0.5, 0, at(date(2026, 3, 3), 12)),
        (0.5, 1, at(date(2026, 3, 4), 12)),
        (1.0, 1, at(date(2026, 3, 5), 12)),
        (0.9, 1, at(date(2026, 3, 5), 7, 12)),
    ],
)
def test_a_rung_lies_at_its_share_of_the_time_that_was_counted(
    share: float, paused_days: int, expected: datetime
) -> None:
    begun = at(date(2026, 3, 2), 12)
    end = begun + timedelta(days=2 + paused_days)
    assert instant_of_rung(begun, end, share, paused_days * 86400, announced()) == expected
