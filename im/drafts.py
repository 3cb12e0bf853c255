"""What somebody wants to post, checked in form; whether they may is asked in actions.py."""

from collections.abc import Mapping
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from core.actions import Form, faults_of
from core.errors import Fault, Invalid
from im.views import Kind

LONGEST = 4000  # characters of one message
MOST_MENTIONS = 200
LONGEST_VOICE = 120  # seconds
Number = Annotated[int, Field(ge=1, le=2**53, strict=True)]  # ids and sequences, exact in JavaScript too

T = TypeVar("T", bound=BaseModel)


class Draft(Form):
    """A message to post. `client_id` is made by the sender once: sent again, it is the same message.

    `seconds` makes the file a voice message of that length; `to_all` speaks to everybody in the room.
    """

    client_id: UUID = Field(title="消息编号")
    text: str = Field("", max_length=LONGEST, title="消息内容")
    file_id: UUID | None = Field(None, title="文件")
    mentions: tuple[Number, ...] = Field((), max_length=MOST_MENTIONS, title="提到的人")
    reply_to: Number | None = Field(None, title="回复的消息")
    to_all: bool = Field(default=False, title="@所有人")
    seconds: Annotated[int, Field(ge=1, le=LONGEST_VOICE, strict=True)] | None = Field(None, title="语音时长")

    @field_validator("text")
    @classmethod
    def _storable(cls, value: str) -> str:
        # PostgreSQL keeps no NUL, and half a surrogate pair is no text
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("含有无法保存的字符")
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> "Draft":
        if not self.text and self.file_id is None:
            raise ValueError("消息不能为空")
        if self.seconds is not None and self.file_id is None:
            raise ValueError("语音消息要有录音文件")
        return self

    @property
    def kind(self) -> Kind:
        """What it will be: a text, a file, or a file that is a voice message."""
        if self.file_id is None:
            return Kind.TEXT
        return Kind.FILE if self.seconds is None else Kind.VOICE


def parse(model: type[T], data: object) -> T:
    """`data` as `model`.

    Raises:
        Invalid: the message is the first fault's sentence, `details` names each field.
    """
    if not isinstance(data, Mapping):
        raise Invalid("请求的格式不对")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = faults_of(error, model)
        raise Invalid(_sentence(faults[0]), details=faults) from None


def _sentence(fault: Fault) -> str:
    return f"{fault.label}：{fault.reason}" if fault.label else fault.reason
