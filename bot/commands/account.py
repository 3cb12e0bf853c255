"""Who one is to the bot: bound already, giving up what is being filled in, done with sending files."""

from bot import conversations
from bot.commands.base import Command
from bot.lines import Said
from bot.places import Answer, Speaker


async def _bound(speaker: Speaker, _: Said) -> Answer:
    return Answer(
        f"您已绑定为 {speaker.person.name}（工号 {speaker.person.number}）。如需更换，请联系系统管理员解绑"
    )


async def _cancel(speaker: Speaker, _: Said) -> Answer:
    return await conversations.cancel(speaker)


async def _done(speaker: Speaker, _: Said) -> Answer:
    found = await conversations.current(speaker)
    if found is None or found.asked != conversations.FILES:
        return Answer("当前没有需要结束的内容，发“帮助”查看可用命令")
    await conversations.drop(speaker.person.id)
    return Answer(f"材料接收已结束（#{found.subject_id}）")


ACCOUNT = Command(("绑定",), _bound, "把企业微信与职工账号绑定", "绑定 绑定码", lambda _: False)
CANCEL = Command(("取消", "算了", "放弃"), _cancel, "放弃正在填写的内容")
DONE = Command(("完成", "发完了", "传完了"), _done, "材料发完了", shown=lambda _: False)
