"""Faults on demand: the next calls of an API fail the way it was ordered.

A fault is data; this module decides whether one applies and spends it. It never invents a fault.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MEANINGS: dict[int, str] = {
    -1: "system busy",
    40001: "invalid credential",
    40014: "invalid access_token",
    40058: "invalid Request Parameter",
    42001: "access_token expired",
    43004: "require subscribe",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    48002: "API forbidden",
    50003: "application has been disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
    4001: "签名不正确",
    4004: "没有这个工单",
    4009: "工单已办结",
    5000: "系统繁忙，请稍后再试",
}


class Fault(BaseModel):
    """What shall go wrong, where and how often.

    ``system`` is ``wecom``, ``wechat``, ``sms`` or ``hotline``; ``api`` the path's end
    (``message/send``), a command of the bot's line, ``callback`` or ``receipts`` for what we send,
    or ``*``. Exactly one of the effects should be given; ``delay_ms`` may accompany any of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    api: str = "*"
    errcode: int | str | None = None
    errmsg: str = ""
    http: int | None = Field(default=None, ge=400, le=599)
    drop: Literal[False, True, "before", "after"] = False  # cut the line before or after the work
    vanish: bool = False  # answer success, deliver nothing
    delay_ms: int = Field(default=0, ge=0, le=120_000)
    times: int = Field(default=1, ge=1, le=1_000_000)

    def message(self, ip: str) -> str:
        """The vendor's words for the error code."""
        known = MEANINGS.get(self.errcode, "") if isinstance(self.errcode, int) else ""
        words = self.errmsg or known or "fault on demand"
        return f"{words}, from ip: {ip}" if self.errcode in {60020, 40164, 61004} else words


class Waiting(BaseModel):
    """A fault with what is left of it, as listed."""

    number: int
    fault: Fault
    left: int


class Faults:
    """The register of faults on demand."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._number = 0

    def add(self, fault: Fault) -> Waiting:
        """Order a fault; the oldest matching one is spent first."""
        self._number += 1
        waiting = Waiting(number=self._number, fault=fault, left=fault.times)
        self._waiting.append(waiting)
        return waiting

    def take(self, system: str, api: str) -> Fault | None:
        """The fault that befalls this call, if any; it is spent by one."""
        for waiting in self._waiting:
            fault = waiting.fault
            if fault.system != system or (fault.api != "*" and not f"/{api}".endswith(f"/{fault.api}")):
                continue
            waiting.left -= 1
            if waiting.left <= 0:
                self._waiting.remove(waiting)
            return fault
        return None

    def listed(self) -> list[Waiting]:
        """What still waits."""
        return list(self._waiting)

    def clear(self, number: int | None = None) -> None:
        """Call off one fault, or all."""
        self._waiting = [w for w in self._waiting if number is not None and w.number != number]
