"""How single values of a 12345 order are read: words for yes and no, phones, instants, names in a list.

Each function takes what a sender wrote and returns the normalised value or raises one Chinese sentence. It
knows nothing of the order as a whole (`tickets/orders.py`) and never looks a value up anywhere.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

CHINA: Final = ZoneInfo("Asia/Shanghai")
MAX_ATTACHMENTS: Final = 20
MAX_ATTACHMENT_BYTES: Final = 10 * 1024 * 1024

# Words a platform writes where a name or number should be; they are flags, not values.
SECRET_WORDS: Final = frozenset({"保密", "要求保密", "信息保密", "已保密", "***", "保密件"})
ANONYMOUS_WORDS: Final = frozenset({"匿名", "匿名人", "不愿透露", "未留姓名", "无名氏"})

TRUE_WORDS: Final = frozenset(
    {
        "是",
        "有",
        "真",
        "对",
        "需要",
        "需",
        "要",
        "√",
        "✓",
        "✔",
        "☑",
        "1",
        "1.0",
        "y",
        "yes",
        "true",
        "t",
        "on",
    }
    | {"保密", "匿名", "需回复", "需要回复", "要求回复", "保密件"}
)
FALSE_WORDS: Final = frozenset(
    {
        "否",
        "无",
        "假",
        "不",
        "不是",
        "不需要",
        "不需",
        "不要",
        "无需",
        "×",
        "✗",
        "✘",
        "☐",
        "0",
        "0.0",
        "n",
        "no",
    }
    | {
        "false",
        "f",
        "off",
        "不保密",
        "公开",
        "实名",
        "不匿名",
        "不需回复",
        "无需回复",
        "不需要回复",
        "-",
        "/",
    }
)

# Everything PostgreSQL text cannot hold (NUL) or a screen should not show; line ends and tabs stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_LIST_MARKS = re.compile(r"[、,，;；\n]+")
_PHONE = re.compile(r"(?=(?:\D*[\d*]){3})[+\d*(][\d\-*() +/,;转x]{2,39}")
_WIDE_PHONE = str.maketrans("０１２３４５６７８９＋－—–（）　、，；", "0123456789+---() ,,;")


Choice = TypeVar("Choice", bound=StrEnum)


class Urgency(StrEnum):
    """How soon the order must be looked at."""

    NORMAL = "一般"
    URGENT = "紧急"
    CRITICAL = "特急"


class Role(StrEnum):
    """Whether the hospital leads the handling or helps another unit."""

    LEAD = "主办"
    CO = "协办"


class Gender(StrEnum):
    """The caller's gender as the hotline recorded it."""

    FEMALE = "女"
    MALE = "男"
    UNKNOWN = "未知"


URGENCY_WORDS: Final[Mapping[str, Urgency]] = {
    **dict.fromkeys(("一般", "普通", "正常", "平件", "不紧急", ""), Urgency.NORMAL),
    **dict.fromkeys(("紧急", "加急", "急件", "急", "较急"), Urgency.URGENT),
    **dict.fromkeys(("特急", "特别紧急", "非常紧急", "特急件", "突发"), Urgency.CRITICAL),
}
ROLE_WORDS: Final[Mapping[str, Role]] = {
    # A transferred order (转办) is ours to answer, so it is led by us.
    **dict.fromkeys(("主办", "主办件", "主办单位", "转办", "承办", ""), Role.LEAD),
    **dict.fromkeys(("协办", "协办件", "协办单位", "会办"), Role.CO),
}
GENDER_WORDS: Final[Mapping[str, Gender]] = {
    **dict.fromkeys(("女", "女士", "女性", "小姐", "F", "f", "2"), Gender.FEMALE),
    **dict.fromkeys(("男", "先生", "男士", "男性", "M", "m", "1"), Gender.MALE),
    **dict.fromkeys(("未知", "", "不详", "保密", "其他", "未说明", "0", "9"), Gender.UNKNOWN),
}


def fault(sentence: str, *, field: str = "") -> PydanticCustomError:
    """A refusal in Chinese; `field` names the key to blame when the whole order is being looked at."""
    # The text goes in as data: braces in a sender's value must not be read as a message template.
    return PydanticCustomError("order", "{sentence}", {"sentence": sentence, "field": field})


def clean_text(value: object) -> object:
    """Drop control characters from text; nothing (null) becomes empty text; other kinds pass through."""
    if value is None:
        return ""
    if isinstance(value, str) and not value.isprintable():
        return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return value


def split_list(value: object) -> object:
    """Split names written in one text by 、，,；; or line ends; lists lose their empty members."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(part.strip() for part in _LIST_MARKS.split(value) if part.strip())
    if isinstance(value, list | tuple):
        return tuple(part for part in value if part is not None and part != "")
    return value


def as_bool(value: object) -> object:
    """Read 是/否, √, 1 … as a boolean; raises the fault sentence for any other word."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise fault("只能填“是”或“否”")


def flag_or_false(value: object) -> object:
    """`as_bool`, where silence means no."""
    return False if value is None or value == "" else as_bool(value)


def flag_or_true(value: object) -> object:
    """`as_bool`, where silence means yes."""
    return True if value is None or value == "" else as_bool(value)


def as_phone(value: object) -> object:
    """Normalise width and spaces of a phone number; masked numbers and extensions are kept as written."""
    text = clean_text(value)
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        return text
    text = " ".join(text.translate(_WIDE_PHONE).split())
    if not text or text in SECRET_WORDS or text in {"无", "-", "/", "不详", "未知"}:
        return ""
    if not _PHONE.fullmatch(text):
        raise fault("不是电话号码，应为手机号或带区号的固定电话")
    return text


def as_instant(value: object) -> object:
    """ISO 8601 text (or a datetime) to an aware UTC instant; without an offset it is Beijing time."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise fault("不是时间，应写成 2026-11-20T09:30:00+08:00") from None
    if not isinstance(value, datetime):
        raise fault("不是时间，应写成 2026-11-20T09:30:00+08:00")
    if not 2000 <= value.year <= 2100:
        raise fault("年份不合理，应在 2000 年至 2100 年之间")
    return (value if value.tzinfo else value.replace(tzinfo=CHINA)).astimezone(UTC)


def as_limit(value: object) -> object:
    """Like `as_instant`; a limit printed as a bare date (2026-12-05) runs to the end of that day."""
    if isinstance(value, str) and len(value.strip()) == 10:
        value = f"{value.strip()}T23:59:59"
    return as_instant(value)


def from_words(words: Mapping[str, Choice], value: object) -> Choice:
    """Look a word up in a table of synonyms; the fault lists the allowed words."""
    word = "" if value is None else str(value).strip()
    choice = words.get(word)
    if choice is None:
        allowed = "、".join(dict.fromkeys(words.values()))
        raise fault(f"只能是：{allowed}")
    return choice


def as_urgency(value: object) -> Urgency:
    """一般, 紧急 or 特急 from the words platforms use."""
    return from_words(URGENCY_WORDS, value)


def as_role(value: object) -> Role:
    """主办 or 协办; a transferred order (转办) counts as 主办."""
    return from_words(ROLE_WORDS, value)


def as_gender(value: object) -> Gender:
    """女, 男 or 未知."""
    return from_words(GENDER_WORDS, value)


def as_base64(value: object) -> object:
    """Base64 text of a non-empty file, spaces removed; at most 10 MB decoded."""
    if not isinstance(value, str):
        raise fault("附件内容应为 base64 文本")
    text = "".join(value.split())
    if len(text) > MAX_ATTACHMENT_BYTES * 4 // 3 + 4:
        raise fault(f"附件超过 {MAX_ATTACHMENT_BYTES // 1024 // 1024} MB")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise fault("附件内容不是有效的 base64 文本") from None
    if not data:
        raise fault("附件是空的")
    return text


Text50 = Annotated[str, BeforeValidator(clean_text), StringConstraints(max_length=50)]
Text100 = Annotated[str, BeforeValidator(clean_text), StringConstraints(max_length=100)]
Text200 = Annotated[str, BeforeValidator(clean_text), StringConstraints(max_length=200)]
Content = Annotated[str, BeforeValidator(clean_text), StringConstraints(min_length=1, max_length=20_000)]
# Some platforms begin the number with a Chinese word (热线-261121-000001), so ideographs are allowed too.
OrderNo = Annotated[
    str,
    BeforeValidator(clean_text),
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9\u4e00-\u9fff_\-]+$"),
]
PersonName = Annotated[str, BeforeValidator(clean_text), StringConstraints(min_length=1, max_length=100)]
Names = Annotated[tuple[PersonName, ...], BeforeValidator(split_list), Field(max_length=20)]
Phone = Annotated[str, BeforeValidator(as_phone), StringConstraints(max_length=40)]
Instant = Annotated[datetime | None, BeforeValidator(as_instant)]
Limit = Annotated[datetime | None, BeforeValidator(as_limit)]
OffFlag = Annotated[bool, BeforeValidator(flag_or_false)]
OnFlag = Annotated[bool, BeforeValidator(flag_or_true)]
