"""The whole work of a liaison, a head and the centre on their phones, never opening a page."""

import asyncio
from datetime import timedelta

from core import clock, db
from tests.bot.stage import Stage
from tests.tickets.conftest import order
from tickets.models import Case, Clock, Ticket
from tickets.receiving import receive


async def test_a_liaison_signs_by_button_and_answers_in_words(stage: Stage) -> None:
    ticket = await stage.opened()
    assert await stage.buttons("liaison") == ["签收", "答复", "问中心", "申请延期", "转派", "退回"]
    said = await stage.press("liaison", "签收")
    assert said.startswith(f"#{ticket.id} 已签收。接下来可以：答复")
    assert await stage.buttons("liaison") == ["答复", "问中心", "申请延期", "转派", "退回", "申请挂起"]
    asked = await stage.press("liaison", "答复")
    assert asked == f"【#{ticket.id} 答复】请发送办理情况和答复意见（10 分钟内，发“取消”放弃）"
    said = await stage.say("liaison", "已电话联系患者，说明叫号调整并致歉")
    assert said.startswith(f"#{ticket.id} 的答复已提交，等待审核")
    done = await Ticket.get(id=ticket.id)
    assert (done.state, done.answer, done.holder_id) == (
        "answered",
        "已电话联系患者，说明叫号调整并致歉",
        stage.cast.liaison.id,
    )
    assert await stage.buttons("head") == ["同意", "打回重办", "问中心", "处理记录"]


async def test_everything_is_done_by_lines_alone(stage: Stage) -> None:
    ticket = await stage.opened()
    number = ticket.id
    assert (await stage.say("liaison", f"签收{number}")).startswith(f"#{number} 已签收")
    assert await stage.say("liaison", f"问中心 {number} 患者电话是多少") == (
        f"#{number} 的问题已转给病人服务中心。接下来可以：答复、问中心、申请延期、转派"
    )
    assert (await stage.cards("centre"))[-1]["quote_area"]["quote_text"] == "患者电话是多少"
    assert await stage.say("centre", f"回话 {number} 请发“电话”查看") == (
        f"已发到 #{number} 的群聊。接下来可以：转派、催办、撤销"
    )
    assert (await stage.say("liaison", f"延期 {number} 三天 等待设备科核查")).startswith(
        f"#{number} 的延期申请已提交"
    )
    assert (await stage.say("centre", f"同意 {number}")).startswith(f"#{number} 已同意延期")
    assert (await Ticket.get(id=number)).extended == 1
    assert (await stage.say("liaison", f"挂起{number}等待患者提供票据")).startswith(
        f"#{number} 的挂起申请已提交"
    )
    assert (await stage.say("centre", f"同意挂起 #{number}")).startswith(f"#{number} 已挂起")
    assert (await stage.say("liaison", f"恢复 {number}")).startswith(f"#{number} 已恢复计时")
    assert (
        await stage.say("liaison", f"回复　＃{number}，已电话联系患者并致歉（部分属实，已解决）")
    ).startswith(f"#{number} 的答复已提交")
    answered = await Ticket.get(id=number)
    assert (answered.answer, answered.verified) == ("已电话联系患者并致歉", "部分属实")
    assert (await stage.say("head", f"打回 {number} 请补充与患者沟通的经过")).startswith(f"#{number} 已打回")
    assert (await stage.cards("liaison"))[-1]["quote_area"]["quote_text"] == "请补充与患者沟通的经过"
    assert (await stage.say("liaison", f"{number} 答复 昨日十点电话沟通二十分钟，患者表示理解")).startswith(
        f"#{number} 的答复已提交"
    )
    assert (await stage.say("head", f"同意 {number}")).startswith(f"#{number} 已审核")
    assert await stage.say("centre", f"通过 {number}") == f"#{number} 已办结"
    states = await db.fetch("select verb from history where ticket_id = $1 order by id", number)
    assert [row["verb"] for row in states] == [
        "assign",
        "sign",
        "ask",
        "ask_extension",
        "approve_extension",
        "ask_pause",
        "approve_pause",
        "resume",
        "answer",
        "send_back",
        "answer",
        "endorse",
        "approve",
    ]


async def test_a_head_sends_back_by_button_and_the_liaison_gets_the_reason_on_a_new_card(
    stage: Stage,
) -> None:
    ticket = await stage.opened()
    await stage.say("liaison", f"答复 {ticket.id} 已电话联系患者并致歉")
    assert (await stage.press("head", "打回重办")).startswith(f"【#{ticket.id} 打回重办】请写明原因")
    assert (await stage.say("head", "请写明改进措施")).startswith(f"#{ticket.id} 已打回科室重新办理")
    old, new = (await stage.cards("liaison"))[-2:]
    assert (old["replace_text"], new["main_title"]["title"]) == (
        "测试联络人甲 已答复，待科室审核",
        f"打回重办 #{ticket.id} 心内科门诊排队过久",
    )
    assert await stage.buttons("liaison") == ["答复", "问中心", "申请延期", "转派", "退回", "申请挂起"]


async def test_the_cards_of_all_holders_follow_what_another_did(stage: Stage) -> None:
    ticket = await stage.opened()
    first = (await stage.cards("deputy"))[-1]
    assert first["main_title"]["title"].startswith("新工单（副联络人）")
    await stage.press("liaison", "签收")
    assert (await stage.cards("deputy"))[-1]["replace_text"] == "已由 测试联络人甲 签收"
    assert (await stage.cards("liaison"))[-1]["sub_title_text"] == "已由 测试联络人甲 签收"
    await stage.do("ticket.transfer", ticket.id, "liaison", unit="收费处", reason="属收费问题")
    pressed = await stage.press("liaison", "答复")
    assert pressed == f"没有工单 #{ticket.id}，或您无权查看"
    assert (await stage.buttons("cashier"))[0] == "签收"


async def test_two_liaisons_press_sign_at_once_and_the_later_is_told_who_has_it(stage: Stage) -> None:
    ticket = await stage.opened()
    taps = []
    for who in ("liaison", "deputy"):
        card, key, menu = await stage.button(who, "签收")
        taps.append({"userid": who, "task_id": card["task_id"], "key": key, "menu": menu, "wait": True})
    await asyncio.gather(*(stage.outside.ask("press", tap) for tap in taps))
    await stage.heard("app")
    signed = await db.fetch(
        "select actor_name from history where verb = 'sign' and ticket_id = $1", ticket.id
    )
    assert len(signed) == 1
    winner = signed[0]["actor_name"]
    loser = "deputy" if winner == "测试联络人甲" else "liaison"
    assert (await stage.texts(loser))[-1] == (
        f"#{ticket.id} 当前状态为“办理中”，不能进行此操作（{winner} 操作）"
    )


async def test_a_review_on_an_old_card_decides_nothing_about_words_not_seen(stage: Stage) -> None:
    ticket = await stage.opened()
    await stage.say("liaison", f"答复 {ticket.id} 已电话联系患者并致歉")
    card, key, _ = await stage.button("head", "同意")
    await stage.do("ticket.send_back", ticket.id, "head", reason="请补充经过")
    await stage.do("ticket.answer", ticket.id, "liaison", text="另一份完全不同的答复")
    xml = (
        "<xml><FromUserName>head</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType>"
        f"<Event>template_card_event</Event><EventKey>{key}</EventKey><TaskId>{card['task_id']}</TaskId>"
        "<ResponseCode>late</ResponseCode></xml>"
    )
    await db.execute(
        "insert into inbound (source, external_id, body) values ('wecom', 'old', $1)", xml.encode()
    )
    await stage.heard("app")
    assert (await stage.texts("head"))[-1] == f"#{ticket.id} 在您打开卡片后有了更新，请看刷新后的卡片再决定"
    assert (await Ticket.get(id=ticket.id)).state == "answered"


async def test_a_department_that_several_bear_or_nobody_bears_is_asked_for_with_candidates(
    stage: Stage,
) -> None:
    await db.execute(
        "insert into org_unit (id, parent_id, path, kind, name) values (7, 3, '/1/3/7/', 'department', '收费处')"
    )
    await asyncio.sleep(1.1)  # the tree is looked at again after a second
    ticket = await stage.opened(campus="")
    said = await stage.say("liaison", f"转派 {ticket.id} 收费处 属收费问题")
    assert said == (
        f"【#{ticket.id} 转派】有 2 个“收费处”，请发序号或科室全称：\n1. 东院区 · 收费处\n2. 西院区 · 收费处\n"
        "（10 分钟内，发“取消”放弃）"
    )
    assert await stage.say("liaison", "1") == f"#{ticket.id} 已转派"
    assert (await Ticket.get(id=ticket.id)).unit_id == stage.cast.units["收费处"]
    said = await stage.say("cashier", f"转派 {ticket.id} 骨颗 属骨科")
    assert said.startswith(f"【#{ticket.id} 转派】没有找到科室“骨颗”，请发序号或科室全称：\n1. 西院区 · 骨科")
    assert await stage.say("cashier", "骨科") == f"#{ticket.id} 已转派"


async def test_the_order_is_read_in_chat_with_limits_and_reasons(stage: Stage) -> None:
    ticket = await stage.opened(contact_phone="13800000002")
    text = await stage.say("liaison", f"工单 {ticket.id}")
    row = await Clock.get(ticket_id=ticket.id)
    assert f"依据：{row.reason}" in text
    assert "来电人：测*甲 138****0002（要求答复），发“电话" in text
    assert "本人昨日在东院区心血管内科门诊就诊" in text
    assert await stage.say("liaison", f"电话 {ticket.id}") == (
        f"请写明查看原因（不少于 6 个字），例如：电话 {ticket.id} 电话核实诉求"
    )
    assert "请写明具体原因" in await stage.say("liaison", f"电话 {ticket.id} 看看")
    assert await stage.say("liaison", f"电话 {ticket.id} 电话核实诉求") == (
        f"#{ticket.id} 来电人：测试甲 13800000002、13800000001。请勿外传，查看已留痕"
    )
    assert await db.fetchval("select count(*) from audit where action = 'case.reveal'") == 1
    assert await db.fetchval("select count(*) from message where text like '%13800000002%'") == 0


async def test_a_secret_callers_name_and_number_are_for_the_centre_alone(stage: Stage) -> None:
    ticket = await stage.opened(confidential=True)
    assert "来电人：来电人要求保密" in await stage.say("liaison", f"工单 {ticket.id}")
    assert await stage.say("liaison", f"电话 {ticket.id}") == "您没有查看来电人电话的权限"
    assert "13800000001" in await stage.say("centre", f"电话 {ticket.id} 电话核实诉求")
    shown = [row["value"] for row in (await stage.cards("liaison"))[-1]["horizontal_content_list"]]
    assert "来电人要求保密" in shown


async def test_a_long_order_is_read_page_by_page_without_losing_a_character(stage: Stage) -> None:
    content = "".join(f"第{at}段：排队过久，要求说明。" for at in range(200))
    ticket = await stage.opened(content=content)
    pages, at = [], 1
    while True:
        text = await stage.say("liaison", f"工单 {ticket.id} {at}" if at > 1 else f"工单 {ticket.id}")
        body, _, foot = text.rpartition("\n（第 ")
        pages.append(body)
        if "看下一页" not in foot:
            break
        at += 1
    assert len(pages) == at > 1
    assert content in "".join(pages)


async def test_what_is_mine_what_is_late_and_the_rate_of_the_month(stage: Stage) -> None:
    first = await stage.opened("GZ-1", title="排队过久")
    second = await stage.opened("GZ-2", title="态度不好")
    await db.execute("update ticket set due_at = now() - interval '2 hours' where id = $1", second.id)
    mine = await stage.say("liaison", "我的")
    assert mine.startswith(
        f"您的待办工单（2 张）：\n#{second.id} 待签收 已超 2小时 态度不好（东院区 · 心血管内科）\n#{first.id} "
    )
    assert await stage.say("liaison", "逾期") == (
        f"逾期工单：\n#{second.id} 待签收 已超 2小时 态度不好（东院区 · 心血管内科）"
    )
    assert await stage.say("bones", "待办") == "您现在没有待办工单"
    await stage.say("liaison", f"答复 {first.id} 已电话联系患者并致歉")
    await db.execute("update clock set due_at = now() - interval '2 hours' where ticket_id = $1", second.id)
    month = await stage.say("liaison", "本月")
    assert month.splitlines()[1:] == [
        "收到工单 2 张",
        "按时答复 1 张",
        "超时答复 0 张",
        "逾期未答复 1 张",
        "按时办结率 50.0%",
        "打回重办 0 次",
    ]


async def test_the_centre_works_a_case_by_chat(stage: Stage) -> None:
    received = await receive(order("GZ-9", departments=[]), by=stage.cast.centre)
    await stage.heard("app")
    case = await Case.get(id=received.case_id)
    assert (await stage.texts("centre"))[-1] == f"{case.number} 待受理：心内科门诊排队过久"
    said = await stage.say("centre", f"派单 {case.number} 心血管内科、收费处 请三日内答复")
    assert said.startswith(f"{case.number} 已派单")
    tickets = await Ticket.filter(case_id=case.id).order_by("id")
    assert [(each.unit_id, each.role, each.instructions) for each in tickets] == [
        (4, "lead", "请三日内答复"),
        (5, "co", "请三日内答复"),
    ]
    for ticket in tickets:
        await stage.do(
            "ticket.answer",
            ticket.id,
            ("liaison", "cashier")[ticket.role == "co"],
            text="已电话联系患者并致歉",
        )
        await stage.say("centre", f"通过 {ticket.id}")
    said = await stage.say("centre", f"提交审核 {case.number} 已核实并改进叫号流程，向您致歉")
    assert said == f"{case.number} 的答复已提交审核。接下来可以：事件记录"
    assert (await stage.cards("chief"))[-1]["quote_area"]["quote_text"] == "已核实并改进叫号流程，向您致歉"
    asked = await stage.press("chief", "审核通过")
    assert asked.startswith(
        f"【{case.number} 审核通过】通过后将告知来电人并把结果回传热线平台，确定吗？请发“是”确认"
    )
    assert (await stage.say("chief", "是")).startswith(f"{case.number} 已审核通过")
    assert (await Case.get(id=case.id)).state == "replied"
    asked = await stage.say("centre", f"登记回访 {case.number}")
    assert asked == (
        f"【{case.number} 登记回访】来电人是否满意？（满意、基本满意、不满意、未评价）（10 分钟内，发“取消”放弃）"
    )
    assert await stage.say("centre", "还行吧") == (
        "是否满意：请从“满意、基本满意、不满意、未评价”中选一项，或发“取消”放弃"
    )
    assert (await stage.say("centre", "基本")).startswith(f"{case.number} 的回访已登记")
    assert (await Case.get(id=case.id)).state == "called_back"


async def test_a_book_of_orders_is_one_list_on_the_liaisons_phone(stage: Stage) -> None:
    await db.execute("update parameter set value = '60' where name = 'channels.bundle_seconds'")
    for at in range(3):
        await receive(order(f"GZ-{at}", title=f"第 {at} 件"), by=stage.cast.centre, import_id=1)
    await stage.heard("app")
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        await stage.heard("app")
    assert await stage.cards("liaison") == []
    listed = (await stage.texts("liaison"))[-1].splitlines()
    assert listed[0] == "您有 3 条提醒："
    assert [line.partition(" 第 ")[2][0] for line in listed[1:]] == ["0", "1", "2"]
