"""How the variables of templates are declared: frozen models whose fields carry a description and a sample."""

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

CHINA: Final = ZoneInfo("Asia/Shanghai")
MAX_ITEMS: Final = 200


class Values(BaseModel):
    """A group of variables."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def text(description: str, sample: str) -> Any:
    """A text with its Chinese description and a sample."""
    return Field(default="", description=description, examples=[sample])


def time(description: str, *sample: int) -> Any:
    """An instant; the sample is year, month, day, hour, minute in China's zone."""
    moment = dt.datetime(sample[0], sample[1], sample[2], sample[3], sample[4], tzinfo=CHINA)
    return Field(default=None, description=description, examples=[moment])


def day(description: str, *sample: int) -> Any:
    """A date; the sample is year, month, day."""
    return Field(default=None, description=description, examples=[dt.date(sample[0], sample[1], sample[2])])


def items(description: str) -> Any:
    """A list, at most `MAX_ITEMS` long."""
    return Field(default=(), description=description, max_length=MAX_ITEMS)
