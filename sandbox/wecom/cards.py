"""Template cards: their shape and the rules a sender must keep; pure, no state.

Source: 发送应用消息, 模板卡片 (https://developer.work.weixin.qq.com/document/path/90236) and
模板卡片类型 of the bot (path 101032). Recommended lengths of texts are advice at the vendor's and
therefore not enforced here.
"""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
Text = Annotated[str, StringConstraints(min_length=1)]


class CardType(StrEnum):
    """The five kinds of card."""

    TEXT = "text_notice"
    NEWS = "news_notice"
    BUTTON = "button_interaction"
    VOTE = "vote_interaction"
    MULTIPLE = "multiple_interaction"


INTERACTIVE = frozenset({CardType.BUTTON, CardType.VOTE, CardType.MULTIPLE})


class Part(BaseModel):
    """Base of a card's parts: unknown keys are ignored, as the vendor does."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Source(Part):
    """Where the card comes from, shown small on top."""

    icon_url: str = ""
    desc: str = ""
    desc_color: int = Field(default=0, ge=0, le=3)


class Heading(Part):
    """Title and description."""

    title: str = ""
    desc: str = ""


class Quote(Part):
    """The quoted area."""

    type: int = Field(default=0, ge=0, le=2)
    url: str = ""
    title: str = ""
    quote_text: str = ""


class Row(Part):
    """A key and a value on one line; type 1 links, 2 is a file, 3 a member."""

    keyname: Text
    value: str = ""
    type: int = Field(default=0, ge=0, le=3)
    url: str = ""
    media_id: str = ""
    userid: str = ""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A row that leads somewhere must say where."""
        needed = {1: ("url", self.url), 2: ("media_id", self.media_id), 3: ("userid", self.userid)}
        if self.type in needed and not needed[self.type][1]:
            raise ValueError(f"{needed[self.type][0]} is required when type is {self.type}")
        return self


class Jump(Part):
    """A link below the card; type 1 is a page, 2 a mini program."""

    title: Text
    type: int = Field(default=0, ge=0, le=3)
    url: str = ""
    appid: str = ""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A link needs its address."""
        if self.type == 1 and not self.url:
            raise ValueError("url is required when type is 1")
        return self


class CardAction(Part):
    """What tapping the card itself opens."""

    type: int = Field(ge=0, le=2)
    url: str = ""
    appid: str = ""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A page needs its address."""
        if self.type == 1 and not self.url:
            raise ValueError("url is required when type is 1")
        return self


class Button(Part):
    """A button; type 1 opens a page instead of calling back."""

    text: Text
    key: str = Field(default="", max_length=1024)
    style: int = Field(default=1, ge=1, le=4)
    type: int = Field(default=0, ge=0, le=1)
    url: str = ""

    @model_validator(mode="after")
    def complete(self) -> Self:
        """A button calls back by key or opens an address."""
        if self.type == 0 and not self.key:
            raise ValueError("key is required when type is 0")
        if self.type == 1 and not self.url:
            raise ValueError("url is required when type is 1")
        return self


class Option(Part):
    """One choice; ``is_checked`` is the preset of a vote."""

    id: Text
    text: Text
    is_checked: bool = False


class Selector(Part):
    """A drop-down."""

    question_key: Text
    title: str = ""
    option_list: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)]
    selected_id: str = ""
    disable: bool = False


class Checkbox(Part):
    """The options of a vote; mode 0 takes one, 1 several."""

    question_key: Text
    option_list: Annotated[tuple[Option, ...], Field(min_length=1, max_length=20)]
    mode: int = Field(default=0, ge=0, le=1)
    disable: bool = False


class Submit(Part):
    """The button that sends a vote or a selection."""

    text: Text
    key: Text


class MenuItem(Part):
    """An entry of the menu in the card's corner."""

    text: Text
    key: Text


class Menu(Part):
    """The menu in the card's corner."""

    desc: str = ""
    action_list: Annotated[tuple[MenuItem, ...], Field(min_length=1, max_length=3)]


class Image(Part):
    """The picture of a news card."""

    url: Text
    aspect_ratio: float = 1.3


class ImageText(Part):
    """A picture beside text on a news card."""

    type: int = Field(default=0, ge=0, le=2)
    url: str = ""
    title: str = ""
    desc: str = ""
    image_url: str = ""


class Card(Part):
    """A whole template card."""

    card_type: CardType
    source: Source | None = None
    action_menu: Menu | None = None
    task_id: str = ""
    main_title: Heading | None = None
    quote_area: Quote | None = None
    emphasis_content: Heading | None = None
    sub_title_text: str = ""
    horizontal_content_list: Annotated[tuple[Row, ...], Field(max_length=6)] = ()
    vertical_content_list: Annotated[tuple[Heading, ...], Field(max_length=4)] = ()
    jump_list: Annotated[tuple[Jump, ...], Field(max_length=3)] = ()
    card_action: CardAction | None = None
    card_image: Image | None = None
    image_text_area: ImageText | None = None
    button_selection: Selector | None = None
    button_list: Annotated[tuple[Button, ...], Field(max_length=6)] = ()
    checkbox: Checkbox | None = None
    select_list: Annotated[tuple[Selector, ...], Field(max_length=3)] = ()
    submit_button: Submit | None = None
    replace_text: str = ""  # in an update: the grey words instead of the buttons

    @property
    def updatable(self) -> bool:
        """Whether sending it yields a response code (path 94888)."""
        return self.card_type in INTERACTIVE or self.action_menu is not None

    def pressable(self, key: str) -> bool:
        """Whether the card has a calling button with this key."""
        keys = {button.key for button in self.button_list if button.type == 0}
        if self.submit_button:
            keys.add(self.submit_button.key)
        return key in keys

    def in_menu(self, key: str) -> bool:
        """Whether the corner menu has this key."""
        return self.action_menu is not None and any(item.key == key for item in self.action_menu.action_list)

    def finished(self, words: str) -> Self:
        """The same card with its buttons greyed out and relabelled."""
        return self.model_copy(update={"replace_text": words})

    def keyed(self, task_id: str) -> Self:
        """The same card under a task id it did not repeat itself."""
        return self if self.task_id else self.model_copy(update={"task_id": task_id})


def faults(card: Card) -> str:
    """What the vendor would refuse, naming the field; empty when the card is fine."""
    if card.updatable and not TASK_ID.fullmatch(card.task_id):
        return "template_card.task_id: 1 to 128 bytes of digits, letters and _-@ are required"
    if card.task_id and not TASK_ID.fullmatch(card.task_id):
        return "template_card.task_id: only digits, letters and _-@, at most 128 bytes"
    if not (card.main_title and card.main_title.title) and not card.sub_title_text:
        return "template_card.main_title.title: required unless sub_title_text is given"
    return _by_type(card)


def _by_type(card: Card) -> str:
    missing = {
        CardType.TEXT: ("card_action", card.card_action),
        CardType.NEWS: ("card_action", card.card_action),
        CardType.BUTTON: ("button_list", card.button_list),
        CardType.VOTE: ("checkbox", card.checkbox),
        CardType.MULTIPLE: ("select_list", card.select_list),
    }[card.card_type]
    if not missing[1]:
        return f"template_card.{missing[0]}: required for {card.card_type}"
    if card.card_type is CardType.NEWS and not (card.card_image or card.image_text_area):
        return "template_card.card_image: required unless image_text_area is given"
    if card.card_type in {CardType.VOTE, CardType.MULTIPLE} and card.submit_button is None:
        return f"template_card.submit_button: required for {card.card_type}"
    keys = [button.key for button in card.button_list if button.type == 0]
    if len(keys) != len(set(keys)):
        return "template_card.button_list: keys must differ"
    return ""
