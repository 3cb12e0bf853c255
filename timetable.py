"""What is done by the clock again and again, in one table: name, words, how often, between which bounds, how grave its rest.

Part of the wiring: imported by wiring.py alone. A new one is one entry here; pages, history and alarms follow from it.
"""

from datetime import time

from channels import jobs as channel_jobs
from channels import tidy
from core import (
    audit,
    audit_keeping,
    audit_stalling,
    clock,
    db,
    jobs,
    quarantine,
    rotation,
    schedules_queries,
)
from core.schedules import Schedule, Weight
from im import said
from patient_portal import visitor
from patients import exporting as patient_sheets
from patients.feeds import pulling, watching
from patients.feeds import tidy as feeds_tidy
from reports import cubes
from staff import entering
from staff.login import certificate_revocation
from surveys.anonymous import opening
from surveys.responses import pacing
from surveys.statistics import rows as survey_rows
from tickets import exporting
from tickets.auditing import proof, rounds
from tickets.auditing.rounds import Round
from tickets.feedback import asking
from tickets.privacy import packing
from tickets.queries import spans

MINUTE, HOUR, DAY = 60, 3600, 86_400
NIGHT = (time(22, 0), time(6, 0))
KEPT_WHOLE = "GB/T 22239-2019 8.1.4.3 c) 安全审计：应对审计记录进行保护，避免受到未预期的删除、修改或覆盖"
KEPT_LONG = audit_keeping.LAW
KEYS = "GB/T 22239-2019 8.1.4.8 数据保密性；《密码法》第二十七条：密钥的使用须持续受控"
ENDED = "GB/T 22239-2019 8.1.4.1 b) 身份鉴别：结束会话、限制非法登录和登录连接超时自动退出"


async def audit_partitions() -> None:
    """The partitions of this month and the next."""
    await db.execute("select audit_partitions($1)", clock.today())


async def _forget_the_done() -> int:
    """Rows of the machine that are done leave after two weeks; what is parked or was given up stays."""
    gone = 0
    for table in ("outbox", "due", "job"):
        gone += await db.execute(
            f"delete from {table} where id in (select id from {table}"  # noqa: S608 - our own table names
            " where state = 'done' and done_at < now() - interval '14 days' order by id limit 10000)"
        )
    return gone


def _round(found: Round | None) -> str:
    if found is None:
        return "刚刚核对过，不重复"
    return f"核对 {found.seen.clocks} 个时钟，补写 {found.repaired} 处"


def _proof(day: object) -> str:
    return f"已生成 {day} 的时限证明" if day else ""


SCHEDULES: tuple[Schedule, ...] = (
    Schedule(
        "auditor.round",
        "时限审计",
        "核对每个在办时限都有提醒在等、到点的都已执行，缺的立即补写",
        rounds.take,
        every=int(rounds.EVERY),
        low=int(rounds.EVERY),
        high=8 * MINUTE,  # `auditor.silence_minutes` is 10
        weight=Weight.IMPORTANT,
        said=_round,
    ),
    Schedule(
        "auditor.proof",
        "每日时限证明",
        "到了系统参数“每日时限证明的发送时间”，生成当天的证明并发给值班负责人",
        proof.make,
        every=MINUTE,
        low=30,
        high=10 * MINUTE,
        said=_proof,
    ),
    Schedule(
        "jobs.sweep",
        "后台作业补发",
        "把到点而无人处理的后台作业重新交给后台进程；缓存服务中断时全靠它",
        jobs.sweep,
        every=2,
        low=1,
        high=30,
        weight=Weight.IMPORTANT,
        longest=2 * MINUTE,
    ),
    Schedule(
        "audit.seal",
        "审计日志封印",
        "把新写的审计记录接入防篡改的摘要链",
        audit.seal,
        every=2,
        low=1,
        high=MINUTE,
        weight=Weight.IMPORTANT,
        guard=KEPT_WHOLE,
        longest=10 * MINUTE,
    ),
    Schedule(
        "audit.watch",
        "审计日志封印巡视",
        "审计记录超过 10 分钟没有封印就报警，通知安全管理员和安全审计员",
        audit_stalling.look,
        every=MINUTE,
        low=10,
        high=5 * MINUTE,
        weight=Weight.IMPORTANT,
        guard=KEPT_WHOLE,
    ),
    Schedule(
        "audit.partitions",
        "审计日志分区",
        "预先建好本月和下月的审计日志分区",
        audit_partitions,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
        weight=Weight.IMPORTANT,
        guard=KEPT_LONG,
    ),
    Schedule(
        "files.scan",
        "病毒检查补漏",
        "扫描服务没有应答时，等着检查的文件隔一会儿再送检；没有配置病毒扫描时无事可做",
        quarantine.sweep,
        every=30,
        low=10,
        high=10 * MINUTE,
        weight=Weight.IMPORTANT,
    ),
    Schedule(
        "audit.verify",
        "审计链核对",
        "从头重算审计日志的摘要链，发现改动、缺失或插入立即报警",
        audit_keeping.nightly,
        at=time(2, 30),
        within=NIGHT,
        weight=Weight.IMPORTANT,
        guard=KEPT_WHOLE,
        longest=6 * HOUR,
        said=lambda lines: f"核对 {lines} 行，完整",
    ),
    Schedule(
        "audit.archive",
        "审计日志归档",
        "把超过在线保存天数的月份写成归档文件，核对无误后移出数据库",
        audit_keeping.archive_old,
        at=time(4, 10),
        within=NIGHT,
        weight=Weight.IMPORTANT,
        guard=KEPT_LONG,
        longest=6 * HOUR,
        said=lambda lines: f"归档 {lines} 行" if lines else "",
    ),
    Schedule(
        "channels.repair",
        "消息发送补漏",
        "检查等待发送却没有作业的消息，重新安排发送",
        channel_jobs.repair,
        every=3 * MINUTE,
        low=MINUTE,
        high=HOUR,
        weight=Weight.IMPORTANT,
    ),
    Schedule(
        "statistics.seal",
        "统计数据更新",
        "把刚发生的变化计入统计；暂停后统计页上的数字停在暂停之前",
        cubes.seal,
        every=3,
        low=1,
        high=10 * MINUTE,
    ),
    Schedule(
        "statistics.visits",
        "就诊人次统计",
        "重新统计本月和前两个月的就诊人次，用于计算每万人次投诉率",
        cubes.count_visits,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
    ),
    Schedule(
        "cases.spans",
        "诉求列表加速",
        "记下每一段编号的受理时间范围，使按日期查询诉求不必从头找起",
        spans.seal,
        every=3 * MINUTE,
        low=MINUTE,
        high=HOUR,
    ),
    Schedule(
        "chat.index",
        "旧群聊消息编入搜索",
        "把启用搜索之前的群聊消息分批编入索引，编完后每次都无事可做",
        said.take_old,
        every=MINUTE,
        low=10,
        high=HOUR,
    ),
    Schedule(
        "queues.tidy",
        "清理已完成的队列条目",
        "删除完成超过 14 天的站内事件、定时事项和后台作业；搁置和放弃的保留",
        _forget_the_done,
        every=10 * MINUTE,
        low=MINUTE,
        high=DAY,
    ),
    Schedule(
        "certificates.lists",
        "证书吊销列表更新",
        "取回移动 CA 的吊销列表；取不到时沿用旧的，直到它过期",
        certificate_revocation.refresh,
        every=10 * MINUTE,
        low=MINUTE,
        high=HOUR,
        weight=Weight.IMPORTANT,
    ),
    Schedule(
        "login.tidy",
        "清理登录痕迹",
        "结束超时的登录，删除过期的图形验证码、未完成的登录和超过期限的失败记录",
        entering.tidy,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
        weight=Weight.IMPORTANT,
        guard=ENDED,
    ),
    Schedule(
        "keys.check",
        "密钥核对",
        "核对有没有敏感字段还在用旧密钥；有则由“安全自查”提醒安全管理员",
        rotation.left,
        at=time(1, 40),
        within=NIGHT,
        weight=Weight.IMPORTANT,
        guard=KEYS,
        longest=2 * HOUR,
        said=lambda left: f"还有 {left} 个值用旧密钥" if left else "",
    ),
    Schedule(
        "portal.tidy",
        "清理患者端登录痕迹",
        "删除过期的短信验证码、失败记录、链接和早已结束的患者登录",
        visitor.tidy,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
    ),
    Schedule(
        "channels.tidy",
        "清理消息回执",
        "删除一周前无主的短信回执和已应答的企业微信机器人消息",
        tidy.tidy,
        at=time(3, 10),
    ),
    Schedule(
        "feedback.tidy",
        "清理反馈查询记录",
        "删除一天前的反馈进度查询尝试记录",
        asking.tidy,
        at=time(3, 20),
    ),
    Schedule(
        "privacy.packages",
        "收回过期的个人信息副本",
        "超过可下载天数的个人信息副本不能再下载，文件从存储中删除",
        packing.forget_expired,
        at=time(3, 25),
        said=lambda gone: f"收回 {gone} 份" if gone else "",
    ),
    Schedule(
        "exports.sheets",
        "收回过期的导出表格",
        "超过保留期的诉求清单不能再下载，文件从存储中删除；导出记录仍保留",
        exporting.forget_expired,
        at=time(3, 30),
        said=lambda gone: f"收回 {gone} 份" if gone else "",
    ),
    Schedule(
        "patients.sheets",
        "收回过期的患者清单",
        "超过保留期的患者清单不能再下载，文件从存储中删除；导出记录仍保留",
        patient_sheets.forget_expired,
        at=time(3, 35),
        said=lambda gone: f"收回 {gone} 份" if gone else "",
    ),
    Schedule(
        "feeds.watch",
        "接口链路巡视",
        "记下每条链路最近的消息；超过允许的时间没有消息就报警",
        watching.look,
        every=int(watching.EVERY),
        low=10,
        high=10 * MINUTE,
        weight=Weight.IMPORTANT,
        said=lambda silent: f"{silent} 条链路静默" if silent else "",
    ),
    Schedule(
        "feeds.pull",
        "接口定时拉取",
        "到了链路的拉取间隔，从数据库视图或 FHIR 服务器取回新的数据",
        pulling.due,
        every=MINUTE,
        low=10,
        high=10 * MINUTE,
        weight=Weight.IMPORTANT,
        said=lambda asked: f"开始拉取 {asked} 条链路" if asked else "",
    ),
    Schedule(
        "feeds.tidy",
        "清理接口原始消息",
        "删除处理完且超过保留天数的接口原始消息，搁置和放弃的不删",
        feeds_tidy.tidy,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
        said=lambda gone: f"删除 {gone} 条" if gone else "",
    ),
    Schedule(
        "surveys.rows",
        "问卷统计更新",
        "把新提交、修改和重新判定的答卷汇入统计",
        survey_rows.catch_up_all,
        every=2 * MINUTE,
        low=30,
        high=30 * MINUTE,
        longest=30 * MINUTE,
        said=str,
    ),
    Schedule(
        "survey_rounds.close",
        "结束到期的匿名调查",
        "截止日期已过的职工调查和科室互评自动结束，之后才能查看结果",
        opening.close_what_is_over,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
        said=lambda closed: f"结束 {closed} 轮" if closed else "",
    ),
    Schedule(
        "surveys.judge",
        "重新判断答卷质量",
        "按各份问卷最近的答题用时重新标记答题过快的答卷，并标记职工设备上填写的",
        pacing.judge_again,
        every=HOUR,
        low=10 * MINUTE,
        high=DAY,
        said=lambda judged: f"重算 {judged} 个版本" if judged else "",
    ),
    Schedule(
        "schedules.tidy",
        "清理计划任务运行记录",
        "运行记录保留 30 天，失败的保留 180 天",
        schedules_queries.forget_old,
        at=time(3, 30),
    ),
)
