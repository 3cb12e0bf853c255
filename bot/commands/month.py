"""The rate of the month of one's own units."""

from bot import queries
from bot.commands.base import Command
from bot.commands.mine import READS
from bot.lines import Said
from bot.places import Answer, Speaker
from core import clock


async def _month(speaker: Speaker, _: Said) -> Answer:
    start = clock.local(clock.now()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = await queries.month(speaker.actor, start)
    rate = f"{found.rate:.1%}" if found.rate is not None else "暂无"
    return Answer(
        f"{start:%Y年%-m月}（截至 {clock.local(clock.now()):%m-%d %H:%M}）：\n"
        f"收到工单 {found.came} 张\n"
        f"按时答复 {found.in_time} 张\n"
        f"超时答复 {found.answered_late} 张\n"
        f"逾期未答复 {found.open_late} 张\n"
        f"按时办结率 {rate}\n"
        f"打回重办 {found.sent_back} 次"
    )


MONTH = Command(("本月", "办结率", "月报", "统计"), _month, "本月收到、按时答复、办结率、重办", shown=READS)
