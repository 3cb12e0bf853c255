"""What this person may do here, with examples: drawn from the declarations and their permissions."""

from collections.abc import Sequence

from bot import acts, matters
from bot.commands.base import Command
from bot.lines import Said
from bot.places import Answer, Speaker
from core.actions import REGISTER, Action
from core.actor import Actor
from tickets.states import CASE_TABLE, TICKET_TABLE

EXAMPLE = {"ticket": "1234", "case": "20261121-56"}


def actions_of(by: Actor) -> list[Action]:
    """The actions of the register that this person may take on some ticket or case, the usual ones first."""
    allowed = {
        f"{subject}.{verb}"
        for subject, table in (("ticket", TICKET_TABLE), ("case", CASE_TABLE))
        for (_, verb), step in table.items()
        if any(by.can(permission) for permission in step.permissions)
    }
    return sorted((action for action in REGISTER.values() if action.name in allowed), key=matters.rank)


def words_of(by: Actor, commands: Sequence[Command]) -> list[str]:
    """The words this person may begin a line with."""
    names = {action.name for action in actions_of(by)} | set(acts.OWN)
    found = [word for command in commands if command.shown(by) for word in command.words]
    return found + [
        word for word, meant in acts.words().items() if any(action.name in names for action in meant)
    ]


def _example(action: Action) -> str:
    return action.help or f"{action.label} {EXAMPLE[action.subject]}"


def help_command(commands: Sequence[Command]) -> Command:
    """The help over these commands."""

    async def show(speaker: Speaker, _: Said) -> Answer:
        by = speaker.actor
        asked = [command for command in commands if command.shown(by)]
        known = actions_of(by)
        parts = [f"{by.name}，您可以直接发送："]
        parts += [f"· {command.example or command.words[0]}：{command.help}" for command in asked]
        for subject, title in (
            ("ticket", "办理工单（1234 换成工单号；只有一张时可不写）"),
            ("case", "中心办理诉求"),
        ):
            some = [_example(action) for action in known if action.subject == subject]
            if subject == "ticket" and some:
                some.append(_example(acts.SAY))
            if some:
                parts.append(f"{title}：\n· " + "\n· ".join(some))
        if not known:
            parts.append("您的岗位没有办理工单的权限；如有疑问请联系系统管理员")
        return Answer("\n".join(parts))

    return Command(("帮助", "help", "?", "菜单", "怎么用", "你好", "您好"), show, "查看可用命令")
