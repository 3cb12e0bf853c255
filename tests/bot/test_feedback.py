"""Feedback by chat: records, flags and classes in a line; who is told of danger, and what nobody is told."""

from collections import Counter
from datetime import datetime, time, timedelta

from core import clock, db
from core.actor import Door
from core.due import DUE
from core.outbox import OUTBOX
from core.pump import drain
from staff.actors import actor_of
from tests.bot.stage import Stage, settle
from tests.tickets.test_feedback import do, messages, registered
from tickets.models import Case


async def test_records_flags_and_classes_are_lines_of_chat(stage: Stage) -> None:
    case, (ticket,) = await registered(stage.cast.centre)
    await settle()
    await stage.say("liaison", f"签收 {ticket.id}")
    said = await stage.say("liaison", f"处理记录 #{ticket.id} 已电话联系患者，约定周五面谈（当面）")
    assert said.startswith(f"#{ticket.id} 的处理记录已登记")
    said = await stage.say("centre", f"处理记录 {case.number} 已与家属沟通")
    assert said.startswith(f"{case.number} 的处理记录已登记")
    rows = await db.fetch("select way, content, ticket_id from handling_record order by id")
    assert [tuple(row) for row in rows] == [
        ("当面", "已电话联系患者，约定周五面谈", ticket.id),
        ("电话", "已与家属沟通", None),
    ]
    assert (await stage.say("centre", f"分类定级 {case.number} 语言生硬、候诊时间")).startswith(
        f"{case.number} 的分类已保存"
    )
    assert (await stage.say("centre", f"风险 {case.number} 媒体、群体 家属称将联系电视台")).startswith(
        f"{case.number} 的风险标记已更新"
    )
    fresh = await Case.get(id=case.id)
    assert (fresh.category, fresh.risks) == ("服务态度与沟通->语言生硬", ["媒体", "群体"])
    assert "风险：媒体、群体（家属称将联系电视台）" in (await messages("case.risk"))["chief"]


async def test_a_line_that_names_no_risk_clears_none(stage: Stage) -> None:
    case, _ = await registered(stage.cast.centre, risks=["媒体"])
    said = await stage.say("centre", f"风险标记 {case.number}")
    assert "请选择风险" in said
    assert (await Case.get(id=case.id)).risks == ["媒体"]


async def security(stage: Stage) -> None:
    """A security office with its liaison."""
    await db.execute(
        "insert into org_unit (id, parent_id, path, kind, name) values (8, 2, '/1/2/8/', 'department', '保卫处')"
    )
    number = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('guard', '测试保卫', 'guard') returning id"
    )
    await db.execute("insert into post (staff_id, unit_id, role, rank) values ($1, 8, 'liaison', 1)", number)


async def test_security_is_told_of_danger_where_there_is_one(stage: Stage) -> None:
    await security(stage)
    case, _ = await registered(stage.cast.centre)
    await do("case.flag_risk", case.id, stage.cast.centre, risks=["暴力"])
    await settle()
    assert set(await messages("case.risk")) == {"chief", "vice", "guard"}


async def test_of_a_secret_case_only_discipline_is_told_and_nothing_of_it(stage: Stage) -> None:
    number = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('jijian', '测试纪检', 'jijian') returning id"
    )
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, 1, 'discipline', 1)", number
    )
    case, _ = await registered(stage.cast.centre, kind="举报", departments=[])
    await db.execute(
        "update cases set secret = true, barred_unit_ids = '{4}', unit_ids = '{1,2}' where id = $1", case.id
    )
    await do("case.flag_risk", case.id, await actor_of(number, Door.WEB), risks=["媒体"])
    await settle()
    told = await messages("case.risk")
    assert told == {"jijian": f"{case.number} 涉密事项出现需要立即关注的情形，请登录系统查看"}


def morning(days: int) -> datetime:
    """Nine o'clock of the hospital, so many days from today."""
    return datetime.combine(clock.today() + timedelta(days=days), time(9), clock.SHANGHAI)


async def planned(stage: Stage) -> Case:
    """A complaint with a measure that is due in ten days."""
    case, _ = await registered(stage.cast.centre)
    due_on = (clock.today() + timedelta(days=10)).isoformat()
    data = {"measure": "开展沟通培训", "unit": "心血管内科", "due_on": due_on}
    await do("case.plan_rectification", case.id, stage.cast.centre, **data)
    await settle()
    return case


async def test_a_measure_is_reminded_of_before_and_after_its_day_until_it_is_done(stage: Stage) -> None:
    await planned(stage)
    told = []
    for day in (6, 7, 10, 11):
        with clock.frozen(morning(day)):
            await drain(DUE)
            while await drain(OUTBOX):
                pass
        rows = await db.fetch("select wecom_userid from message where purpose = 'case.rectification'")
        told.append(Counter(row["wecom_userid"] for row in rows))
    three = Counter(["deputy", "head", "liaison"])
    assert told == [
        Counter(),
        three,
        three + three,
        three + three + three + Counter(["centre", "second"]),
    ]


async def test_a_measure_that_is_done_is_reminded_of_no_more(stage: Stage) -> None:
    case = await planned(stage)
    await do("case.finish_rectification", case.id, stage.cast.centre, text="已完成")
    with clock.frozen(morning(11)):
        await drain(DUE)
    rows = await db.fetch("select state from due where kind = 'rectification.due'")
    assert [row["state"] for row in rows] == ["void"] * 3
