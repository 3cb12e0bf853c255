"""The file of a patient: the timeline of all layers, records within reach, trends, looks; visits corrected against feeds."""

from datetime import UTC, datetime, timedelta

import pytest

from core import audit, clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Invalid, NotFound, Refused
from patients import (
    looks,
    people,
    profile_timeline,
    records,
    records_correcting,
    records_timeline,
    records_trends,
)
from patients.people import Flag
from patients.profile_timeline import Entry, Layer, Person, QuickAction, Source
from tests.patients.cast import Ward
from tests.patients.feed import open_link, take
from tests.patients.history import Sender, stay

ALL = (Permission.PATIENT_READ, Permission.PATIENT_MAINTAIN, Permission.PATIENT_LOOKS)


def reader(*paths: str, may: tuple[Permission, ...] = ALL) -> Actor:
    """Somebody with these permissions at these places."""
    return Actor(
        ActorKind.STAFF, 7, "测试护士", Door.WEB, tuple(Grant(one, path) for path in paths for one in may)
    )


HEAD = reader("/")


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeline with the sources of `patients` alone."""
    monkeypatch.setattr(profile_timeline, "TIMELINE", list(records_timeline.SOURCES))


async def in_east(ward: Ward) -> Actor:
    """Who sees the eastern cardiology alone."""
    unit = ward.house.unit["east_cardiology"]
    return reader(await db.fetchval("select path from org_unit where id = $1", unit))


async def give(ward: Ward, visit: str, number: str, value: float, flag: str, *, at: str) -> int:
    """A laboratory report of a visit with one result."""
    report: int = await db.fetchval(
        "insert into report (patient_id, visit_id, number, kind, name, state, abnormal, critical, reported_at, conclusion)"
        " values ($1, $2, $3, 'lab', '血生化', 'final', $4 <> '', $4 = 'HH', $5, '见结果') returning id",
        ward.patient["both"],
        ward.visit[visit],
        number,
        flag,
        datetime.fromisoformat(at),
    )
    await db.execute(
        "insert into report_item (report_id, place, name, value, amount, unit, range, flag, critical)"
        " values ($1, 0, '血钾', $2::text, $2::numeric, 'mmol/L', '3.5-5.3', $3, $3 = 'HH')",
        report,
        str(value),
        flag,
    )
    return report


async def test_the_timeline_merges_all_sources_newest_first_and_goes_on_where_it_ended(ward: Ward) -> None:
    await give(ward, "both_e", "R1", 6.8, "HH", at="2026-10-01T02:00:00+00:00")
    await people.set_flag(ward.patient["both"], Flag.DISPUTE, "测试", by=HEAD)
    who = await profile_timeline.person(ward.patient["both"], HEAD)
    whole = await profile_timeline.timeline(who, HEAD)
    assert [(entry.layer, entry.title, entry.marks) for entry in whole.entries] == [
        (Layer.MARK, "标记：医疗纠纷", ()),
        (Layer.VISIT, "急诊 · 西院区 · 普外科", ()),
        (Layer.REPORT, "检验 · 血生化", (("危急值", "late"),)),
        (Layer.VISIT, "门诊 · 东院区 · 心血管内科", ()),
    ]
    told: list[Entry] = []
    before = None
    while True:
        some = await profile_timeline.timeline(who, HEAD, before=before, limit=1)
        told += some.entries
        before = some.next
        if before is None:
            break
    assert told == list(whole.entries)
    chosen = await profile_timeline.timeline(who, HEAD, layers=[Layer.REPORT])
    assert [entry.layer for entry in chosen.entries] == [Layer.REPORT]


async def test_entries_of_one_instant_are_never_parted() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    async def read(who: Person, by: Actor, before: datetime | None, limit: int) -> list[Entry]:
        entries = [Entry(at, Layer.CALL, f"第 {number} 通") for number in range(3)]
        return [] if before is not None and before <= at else entries[:limit]

    profile_timeline.TIMELINE[:] = [Source(Layer.CALL, read)]
    found = await profile_timeline.timeline(Person(1, (1,)), HEAD, limit=2)
    assert (len(found.entries), found.next) == (3, None)


async def test_records_of_a_visit_out_of_reach_are_not_shown_wherever_one_looks(ward: Ward) -> None:
    near = await give(ward, "both_e", "R1", 4.0, "", at="2026-10-01T02:00:00+00:00")
    far = await give(ward, "both_w", "R2", 6.8, "HH", at="2026-10-20T02:00:00+00:00")
    east = await in_east(ward)
    who = await profile_timeline.person(ward.patient["both"], east)
    assert [one.id for one in await records.reports(who, HEAD)] == [far, near]
    assert [one.id for one in await records.reports(who, east)] == [near]
    assert await records_trends.critical(who, east) == records_trends.Counts(1, 0, 0)
    assert (await records_trends.trends(who, east), len(await records_trends.trends(who, HEAD))) == ([], 1)
    assert [entry.title for entry in (await profile_timeline.timeline(who, east)).entries] == [
        "检验 · 血生化",
        "门诊 · 东院区 · 心血管内科",
    ]
    assert (await records.report(far, HEAD)).items[0].mark == "↑↑"
    for gone in (
        records.report(far, east),
        records.visit(ward.visit["both_w"], east),
        records_correcting.correct(ward.visit["both_w"], "bed", "1", by=east),
    ):
        with pytest.raises(NotFound):
            await gone


async def test_a_trend_is_the_course_of_one_item_with_its_marks(ward: Ward) -> None:
    for day, (value, flag) in enumerate(((4.0, ""), (5.9, "H"), (6.8, "HH")), start=1):
        await give(ward, "both_e", f"R{day}", value, flag, at=f"2026-10-0{day}T02:00:00+00:00")
    who = await profile_timeline.person(ward.patient["both"], HEAD)
    (trend,) = await records_trends.trends(who, HEAD)
    assert (trend.name, trend.unit, trend.range) == ("血钾", "mmol/L", "3.5-5.3")
    assert [(value, mark) for _, value, mark in trend.points] == [(4.0, ""), (5.9, "↑"), (6.8, "↑↑")]


async def test_looks_are_told_to_the_permitted_alone(ward: Ward) -> None:
    patient = ward.patient["both"]
    await audit.record(HEAD, "patient.reveal", "patient", patient, reason="电话核实")
    await audit.record(HEAD, "patient.view", "patient", ward.patient["east"])
    who = await profile_timeline.person(patient, HEAD)
    assert [(look.who, look.what, look.reason) for look in await looks.looks(who, HEAD)] == [
        ("测试护士", "查看完整信息", "电话核实")
    ]
    with pytest.raises(Forbidden):
        await looks.looks(who, reader("/", may=(Permission.PATIENT_READ,)))


async def test_a_corrected_visit_stands_above_the_feed_until_it_is_taken_back(ward: Ward) -> None:
    his, link = Sender(), await open_link()

    def said(at: str, bed: str, doctor: str) -> str:
        return his.send(
            "ADT^A08", at, stay("ZY77", ward="心血管内科", campus="东院区", bed=bed, doctor=doctor)
        )

    await take(link, [said("0830", "101", "李测甲")])
    visit = await db.fetchval("select id from visit where number = 'ZY77'")

    async def now() -> tuple[str, str]:
        row = await db.fetchrow("select bed, doctor from visit where id = $1", visit)
        assert row is not None
        return row["bed"], row["doctor"]

    first = await now()
    await records_correcting.correct(visit, "bed", "12床", by=HEAD)
    assert await now() == ("12床", first[1])
    await take(link, [said("0900", "102", "王测乙")])
    assert (await now())[0] == "12床"
    assert (await now())[1] != first[1]  # what was not corrected follows the feed
    (kept,) = (await records_correcting.listed(visit)).values()
    assert (kept.label, kept.by, kept.told) == ("床号", "测试护士", "102")
    await records_correcting.uncorrect(visit, "bed", by=HEAD)
    assert (await now())[0] == "102"
    assert await records_correcting.listed(visit) == {}
    rows = await db.fetch(
        "select action, detail::text as detail from audit where action like '%correct_visit' order by id"
    )
    assert [row["action"] for row in rows] == ["patient.correct_visit", "patient.uncorrect_visit"]
    assert all("12床" not in row["detail"] for row in rows)


async def test_a_visit_is_not_corrected_to_what_cannot_be(ward: Ward) -> None:
    visit = ward.visit["both_e"]
    for field, text in (("unit_id", "999"), ("disposition", "回家"), ("kind", "住店"), ("doctor", "长" * 41)):
        with pytest.raises(Invalid):
            await records_correcting.correct(visit, field, text, by=HEAD)
    with pytest.raises(Refused):
        await records_correcting.correct(visit, "doctor", "王测甲", by=HEAD)
    with pytest.raises(NotFound):
        await records_correcting.correct(visit, "number", "X", by=HEAD)
    with pytest.raises(Forbidden):
        await records_correcting.correct(visit, "bed", "1", by=reader("/", may=(Permission.PATIENT_READ,)))
    assert await records_correcting.listed(visit) == {}


async def test_a_mark_needs_a_day_to_come(ward: Ward) -> None:
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(Invalid):
        await people.set_flag(ward.patient["both"], Flag.DISPUTE, "", by=HEAD, until=yesterday)
    assert await db.fetchval("select count(*) from patient_flag") == 0


def test_quick_actions_are_shown_to_whoever_may(monkeypatch: pytest.MonkeyPatch) -> None:
    one = QuickAction(
        "call", "拨打电话", "phone", "/calls/new?patient={patient}", (Permission.PATIENT_MAINTAIN,)
    )
    monkeypatch.setattr(profile_timeline, "QUICK_ACTIONS", [one])
    assert profile_timeline.quick_actions(HEAD) == [one]
    assert profile_timeline.quick_actions(reader("/", may=(Permission.PATIENT_READ,))) == []
    assert one.to(7) == "/calls/new?patient=7"
