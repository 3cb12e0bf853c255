"""The words of messages: templates per message and channel, and what an SMS of them costs. Sends nothing.

`templates/messages/<name>/<channel>.txt` are Jinja templates run in a sandbox. A text names no disease and no
department that gives one away: it is read on lock screens.
"""

from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from core import clock
from core.settings import settings

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "messages"
ONE = 70  # units in a single SMS, in UCS-2; with more each part carries 67 beside its header
PART = 67
MOST = 500  # units in all, signature included (https://help.aliyun.com/document_detail/44335.htm)

_environment = SandboxedEnvironment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["day"] = lambda instant: f"{clock.local(instant):%Y年%-m月%-d日}"


def render(name: str, channel: str, context: dict[str, Any]) -> str:
    """The text of message `name` for `channel` ("sms", "wechat").

    Raises:
        ValueError: no such template, or it needs a value that `context` lacks.
    """
    try:
        return (
            _environment.get_template(f"{name}/{channel}.txt")
            .render(hospital=settings().hospital_name, **context)
            .strip()
        )
    except TemplateError as error:
        raise ValueError(f"message template {name}/{channel}: {error}") from error


def units(text: str) -> int:
    """How many UCS-2 units the text takes; emoji and rare characters take two."""
    return len(text.encode("utf-16-le")) // 2


def signed(text: str) -> str:
    """The text as it arrives, with the signature the carriers demand."""
    return f"【{settings().sms_sign}】{text}"


def segments(text: str) -> int:
    """How many SMS the text is charged as, signature included."""
    size = units(signed(text))
    return 1 if size <= ONE else -(-size // PART)


def fits(text: str) -> bool:
    """Whether the text with its signature is within what a platform takes."""
    return units(signed(text)) <= MOST
