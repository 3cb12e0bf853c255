"""What a chat command is: the words that call it, one function, a line of help. The register is in `__init__`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.lines import Said
from bot.places import Answer, Speaker
from core.actor import Actor, Permission


def anybody(_: Actor) -> bool:
    """Everybody may."""
    return True


def may(*permissions: Permission) -> Callable[[Actor], bool]:
    """Whoever holds one of these somewhere."""
    return lambda by: any(by.can(permission) for permission in permissions)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the bot's own (actions of the register need none).

    Args (fields):
        words: what people type, the usual word first.
        run: answers; raises HuiyinError with a sentence.
        help: what it does, in a few words.
        example: how it is typed, when not just the word.
        shown: to whom the help shows it.
    """

    words: tuple[str, ...]
    run: Callable[[Speaker, Said], Awaitable[Answer]]
    help: str
    example: str = ""
    shown: Callable[[Actor], bool] = anybody
