"""The transports a message can take, by name; a new one is a file and a line in REGISTER."""

from channels.outgoing import Transport
from channels.transports.sms import Sms
from channels.transports.wechat import Wechat
from channels.transports.wecom_app import WecomApp
from channels.transports.wecom_bot import WecomBot
from core.settings import settings

REGISTER: dict[str, Transport] = {each.name: each for each in (WecomApp(), WecomBot(), Wechat(), Sms())}


def expand(ladder: tuple[str, ...]) -> tuple[str, ...]:
    """The ladder with "wecom" replaced by the way into WeCom that is set, then the other as its fall-back.

    Raises:
        ValueError: a name nobody knows.
    """
    ways = ("wecom_app", "wecom_bot") if settings().wecom_way == "app" else ("wecom_bot", "wecom_app")
    steps: list[str] = []
    for name in ladder:
        for step in ways if name == "wecom" else (name,):
            if step not in REGISTER:
                raise ValueError(f"no such transport: {step}")
            if step not in steps:
                steps.append(step)
    return tuple(steps)
