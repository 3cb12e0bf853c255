"""The commands people type, beside the actions of the register; a new one is a file and a line in COMMANDS."""

from functools import cache

from bot import acts
from bot.commands.account import ACCOUNT, CANCEL, DONE
from bot.commands.base import Command
from bot.commands.mine import LATE, MINE, SOON
from bot.commands.month import MONTH
from bot.commands.order import CARD, MATERIAL, ORDER, PHONE
from bot.commands.say_help import help_command

COMMANDS: tuple[Command, ...] = (
    MINE,
    LATE,
    SOON,
    ORDER,
    MATERIAL,
    PHONE,
    CARD,
    MONTH,
    CANCEL,
    DONE,
    ACCOUNT,
)
HELP = help_command(COMMANDS)


@cache
def by_word() -> dict[str, Command]:
    """The command of each word."""
    return {word: command for command in (*COMMANDS, HELP) for word in command.words}


@cache
def vocabulary() -> tuple[str, ...]:
    """All words that may begin a line."""
    return tuple({*by_word(), *acts.words()})
