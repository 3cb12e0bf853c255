"""What comes after an attempt: wait, try again, the next transport, or the end. Pure; counts and kinds in.

Facts behind the numbers: WeCom blocks for 60 s after a per-minute limit and 60 min after a per-hour one, -1 is
retried at most three times (访问频率限制, https://developer.work.weixin.qq.com/document/path/90454).
"""

from dataclasses import dataclass
from enum import StrEnum

from integrations.http import Kind

MOST_TRIES = 4  # on one step when there is another step
MOST_TRIES_LAST = 8  # on the last step
BACK_OFF = (5.0, 20.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
QUOTA_WAITS = (60.0, 60.0, 3600.0)
MOST_QUOTA = 26  # a day of hourly waits


class Move(StrEnum):
    """Where a message goes."""

    AGAIN = "again"
    NEXT = "next"
    END = "end"


@dataclass(frozen=True, slots=True)
class Decision:
    """The move and the seconds to wait before it."""

    move: Move
    wait: float = 0.0


def after_failure(kind: Kind, *, tries: int, last: bool, wait: float = 0.0) -> Decision:
    """What to do after a failed attempt.

    Args:
        kind: of the failure.
        tries: attempts made on this step, this one included.
        last: there is no further transport.
        wait: seconds the vendor asks for.
    """
    onward = Decision(Move.END if last else Move.NEXT)
    if kind is Kind.RETRY or (kind is Kind.CONTEXT_GONE and tries == 1):
        if tries >= (MOST_TRIES_LAST if last else MOST_TRIES):
            return onward
        return Decision(Move.AGAIN, max(wait, BACK_OFF[min(tries, len(BACK_OFF)) - 1]))
    if kind is Kind.QUOTA:
        if tries >= (MOST_QUOTA if last else len(QUOTA_WAITS)):
            return onward
        return Decision(Move.AGAIN, max(wait, QUOTA_WAITS[min(tries, len(QUOTA_WAITS)) - 1]))
    return onward


def after_silence(*, last: bool) -> Decision | None:
    """What to do when no receipt came in time; None: there is nothing better than to believe it arrived."""
    return None if last else Decision(Move.NEXT)


def after_refusal(*, last: bool) -> Decision:
    """What to do when a receipt says that it did not arrive."""
    return Decision(Move.END if last else Move.NEXT)
