"""Forms filled by chat lines: asked one after another, given up, timed out, answered wrongly, chosen from a list."""

from datetime import timedelta

from core import clock, db
from tests.bot.stage import Stage
from tickets.models import Ticket, TicketRequest


async def test_fields_are_asked_one_after_another_until_the_form_is_whole(stage: Stage) -> None:
    ticket = await stage.opened()
    head = f"【#{ticket.id} 申请延期】"
    assert (
        await stage.press("liaison", "申请延期") == f"{head}需要延长几个工作日？（10 分钟内，发“取消”放弃）"
    )
    assert await stage.say("liaison", "好几天") == "延长工作日：请发数字，例如 3，或发“取消”放弃"
    assert await stage.say("liaison", "九十天") == (
        f"延长工作日不能大于 30。{head}需要延长几个工作日？（10 分钟内，发“取消”放弃）"
    )
    assert await stage.say("liaison", "两天") == f"{head}请写明延期原因（10 分钟内，发“取消”放弃）"
    assert (await stage.say("liaison", "等")).startswith(f"延期原因不能少于 2 个字。{head}请写明延期原因")
    assert (await stage.say("liaison", "等待设备科核查")).startswith(f"#{ticket.id} 的延期申请已提交")
    request = await TicketRequest.get(ticket_id=ticket.id)
    assert (request.days, request.reason) == (2, "等待设备科核查")


async def test_a_whole_line_answers_several_questions_at_once(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.press("liaison", "申请延期")
    assert (await stage.say("liaison", "3天，等待设备科核查")).startswith(f"#{ticket.id} 的延期申请已提交")


async def test_a_person_gives_up_and_the_next_line_is_no_answer_any_more(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.press("liaison", "答复")
    assert await stage.say("liaison", "取消") == f"已取消“答复”（#{ticket.id}）"
    assert (await stage.say("liaison", "患者情绪已平复")).startswith("没有听懂“患者情绪已平复”。")
    assert await stage.say("liaison", "取消") == "当前没有需要取消的内容"
    assert (await Ticket.get(id=ticket.id)).state == "assigned"


async def test_the_time_limit_is_told_and_the_late_line_is_no_answer(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.press("liaison", "答复")
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        await stage.heard("app")
        assert (await stage.texts("liaison"))[-1] == (
            f"“答复”（#{ticket.id}）的填写已超时，没有提交。需要时请重新操作"
        )
        assert (await stage.say("liaison", "已电话联系患者并致歉")).startswith("没有听懂")
    assert (await Ticket.get(id=ticket.id)).state == "assigned"


async def test_an_answered_question_does_not_time_out_the_next_one_early(stage: Stage) -> None:
    ticket = await stage.opened()
    began = clock.now() + timedelta(minutes=1)  # the database's own clock is never behind the frozen one
    with clock.frozen(began):
        await stage.press("liaison", "申请延期")
    with clock.frozen(began + timedelta(minutes=8)):
        await stage.say("liaison", "3")
    with clock.frozen(began + timedelta(minutes=16)):
        assert (await stage.say("liaison", "等待设备科核查")).startswith(f"#{ticket.id} 的延期申请已提交")
    rows = await db.fetch("select state from due where kind = 'bot.conversation' order by id")
    assert [row["state"] for row in rows] == ["void", "due"]


async def test_a_command_is_a_command_even_while_an_answer_is_waited_for(stage: Stage) -> None:
    first, second = await stage.opened("GZ-1"), await stage.opened("GZ-2")
    await stage.say("liaison", f"答复 {first.id}")
    assert (await stage.say("liaison", "待办")).startswith("您的待办工单（2 张）")
    assert (await stage.say("liaison", f"签收 {second.id}")).startswith(f"#{second.id} 已签收")
    assert (await stage.say("liaison", "退回费用 300 元，患者认可")).startswith(f"#{first.id} 的答复已提交")
    assert (await Ticket.get(id=first.id)).answer == "退回费用 300 元，患者认可"


async def test_a_second_question_tells_that_the_first_is_given_up(stage: Stage) -> None:
    first, second = await stage.opened("GZ-1"), await stage.opened("GZ-2")
    await stage.say("liaison", f"答复 {first.id}")
    assert await stage.say("liaison", f"退回 {second.id}") == (
        f"（先前的“答复”（#{first.id}）已放弃）\n【#{second.id} 退回】请写明原因（10 分钟内，发“取消”放弃）"
    )
    assert (await stage.say("liaison", "不属于本科室")).startswith(f"#{second.id} 已退回")
    assert (await Ticket.get(id=first.id)).state == "assigned"


async def test_without_a_number_the_only_fitting_ticket_is_meant_and_of_several_one_is_chosen(
    stage: Stage,
) -> None:
    first = await stage.opened("GZ-1", title="排队过久")
    assert (await stage.say("liaison", "签收")).startswith(f"#{first.id} 已签收")
    second = await stage.opened("GZ-2", title="态度不好")
    assert (await stage.say("liaison", "收到，谢谢")).startswith(f"#{second.id} 已签收")
    assert await stage.say("liaison", "签收") == ("您现在没有可以“签收”的工单；如已知编号，请发“签收 编号”")
    asked = await stage.say("liaison", "回复 已电话联系患者并致歉")
    assert asked == (
        f"要“答复”哪个工单？请发序号或工单号：\n1. #{first.id} 排队过久\n2. #{second.id} 态度不好\n"
        "（10 分钟内，发“取消”放弃）"
    )
    assert await stage.say("liaison", "第三个") == "请发列表中的序号或工单号，或发“取消”放弃"
    assert (await stage.say("liaison", f"#{second.id}")).startswith(f"#{second.id} 的答复已提交")
    assert (await Ticket.get(id=second.id)).answer == "已电话联系患者并致歉"


async def test_a_wrong_number_or_a_wrong_state_is_answered_in_a_sentence(stage: Stage) -> None:
    ticket = await stage.opened()
    assert await stage.say("liaison", "回复 999 已电话联系患者") == "没有工单 #999，或您无权查看"
    assert await stage.say("liaison", "回复 99999999999999999999 已电话联系患者") == (
        "没有编号为 99999999999999999999 的工单，或您无权查看"
    )
    assert (
        await stage.say("liaison", f"恢复 {ticket.id}") == f"#{ticket.id} 当前状态为“待签收”，不能进行此操作"
    )
    assert await stage.say("centre", f"同意延期 {ticket.id}") == f"工单 #{ticket.id} 没有等待审批的申请"
    assert await stage.say("liaison", f"催办 {ticket.id}") == "您没有此项操作的权限"
    assert await stage.say("bones", f"签收 {ticket.id}") == f"没有工单 #{ticket.id}，或您无权查看"
    assert (await Ticket.get(id=ticket.id)).state == "assigned"


async def test_somebody_else_acts_while_a_form_is_being_filled_in(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.press("liaison", "答复")
    await stage.do("ticket.return", ticket.id, "deputy", reason="不属于本科室")
    assert await stage.say("liaison", "已电话联系患者并致歉") == (
        f"#{ticket.id} 当前状态为“已退回”，不能进行此操作"
    )
    assert await db.fetchval("select count(*) from conversation") == 0


async def test_unknown_lines_get_the_nearest_words_and_never_silence(stage: Stage) -> None:
    await stage.opened()
    assert await stage.say("liaison", "签说") == (
        "没有听懂“签说”。您是不是要：签收、签字？发“帮助”查看可用命令，发“待办”查看工单"
    )
    assert (await stage.say("liaison", "今天天气真好呀哈哈哈")).startswith("没有听懂“今天天气真好呀哈哈哈”。")


async def test_the_help_shows_each_person_what_they_may_do(stage: Stage) -> None:
    liaison, head, centre, admin = [
        await stage.say(who, "帮助") for who in ("liaison", "head", "centre", "admin")
    ]
    assert "· 回复 1234 已电话联系患者并退费" in liaison
    assert "同意 1234" not in liaison
    assert "· 同意 1234\n· " in head
    assert "催办 1234 请今日内答复" in centre
    assert "派单 20261121-56" in centre
    assert "回复 1234" not in centre
    assert "您的岗位没有办理工单的权限" in admin
    assert all(len(text.encode()) <= 2000 for text in (liaison, head, centre, admin))
