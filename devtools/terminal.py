"""How developer commands speak: short lines, one sentence when something is wrong, never a stack trace."""

import sys


class Problem(Exception):
    """A command cannot go on; the message is one sentence in English and one in Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(f"{english} {chinese}")


def say(line: str, *, bad: bool = False) -> None:
    """Print one line at once, to the error stream when it is bad news."""
    print(line, file=sys.stderr if bad else sys.stdout, flush=True)
