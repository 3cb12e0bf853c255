"""The sandbox as a test plays with it: people's phones, the city's platform, ordered faults."""

import base64
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from tests.story.waiting import until

Json = dict[str, Any]


class Grey(Exception):
    """What was to be tapped or typed cannot be: the card is stale, or the button is not there."""


@dataclass(frozen=True)
class Card:
    """A card as it lies on a phone now."""

    task_id: str
    conversation: str
    title: str
    buttons: dict[str, str]  # words -> key
    menu: dict[str, str]
    replaced: str  # the words instead of buttons, when nothing can be pressed any more
    whole: Json

    @property
    def live(self) -> bool:
        """Whether something can be pressed."""
        return bool(self.buttons) and not self.replaced

    def about(self, ticket: int) -> bool:
        """Whether it is about this ticket."""
        return f"#{ticket} " in f"{self.title} "


@dataclass
class Phones:
    """The control API of a running sandbox."""

    base: str
    session: aiohttp.ClientSession

    @classmethod
    def at(cls, base: str) -> Self:
        """The sandbox of this address."""
        return cls(base, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))

    async def close(self) -> None:
        """Hang up."""
        await self.session.close()

    async def get(self, path: str, **query: str | int) -> Json:
        """A question to the control API."""
        async with self.session.get(f"{self.base}/control/{path}", params=query) as answer:
            found: Json = await answer.json()
            assert answer.status == 200, f"{path}: {answer.status} {found}"
            return found

    async def post(self, path: str, **body: Any) -> Json:
        """An order to the control API.

        Raises:
            Grey: it makes no sense now (409, 404).
        """
        async with self.session.post(f"{self.base}/control/{path}", json=body) as answer:
            found: Json = await answer.json()
            if answer.status in (404, 409):
                raise Grey(f"{path}: {found['error']}")
            assert answer.status == 200, f"{path}: {answer.status} {found}"
            return found

    # --- looking ---------------------------------------------------------------------------------

    async def messages(self, userid: str, after: int = 0) -> list[Json]:
        """Everything on the phone of a member of staff, SMS included."""
        found = await self.get("messages", userid=userid, after=after)
        return list(found["messages"])

    async def last_seq(self, userid: str) -> int:
        """The number of the newest message on this phone."""
        found = await self.messages(userid)
        return int(found[-1]["seq"]) if found else 0

    async def texts(self, userid: str, after: int = 0) -> list[str]:
        """What the hospital has written to this person in words, oldest first."""
        return [
            message["text"]
            for message in await self.messages(userid, after)
            if message["sender"] in ("app", "bot", "sms") and message["text"]
        ]

    async def told(self, userid: str, part: str, after: int = 0) -> str:
        """Wait until the person was told something that contains `part`; the whole text."""

        async def look() -> str:
            return next((text for text in await self.texts(userid, after) if part in text), "")

        return await until(look, f"{userid} reads “{part}”")

    async def cards(self, userid: str) -> list[Card]:
        """The cards on a phone, oldest first."""
        return [card_of(message) for message in await self.messages(userid) if message.get("card")]

    async def card(self, userid: str, ticket: int, button: str = "") -> Card:
        """Wait for a card about a ticket (that has a live button of these words); the newest."""

        async def look() -> Card | None:
            found = [card for card in await self.cards(userid) if card.about(ticket)]
            fit = [card for card in found if not button or (card.live and button in card.buttons)]
            return fit[-1] if fit else None

        found = await until(look, f"{userid} has a card about #{ticket} with “{button}”")
        assert found is not None
        return found

    async def sms(self, phone: str) -> list[str]:
        """The SMS a number got."""
        return [entry["text"] for entry in (await self.get("messages", phone=phone))["messages"]]

    async def wechat(self, openid: str) -> list[Json]:
        """What lies in a patient's WeChat."""
        found = await self.get("messages", conversation=f"wechat:{openid}")
        return list(found["messages"])

    async def order(self, number: str) -> Json:
        """An order in the platform's book."""
        orders = (await self.get("hotline/orders"))["orders"]
        return next(order for order in orders if order["order_no"] == number)

    async def deliveries(self) -> list[Json]:
        """What was carried to the product lately."""
        return list((await self.get("callbacks"))["callbacks"])

    # --- acting ----------------------------------------------------------------------------------

    async def press(self, userid: str, card: Card, button: str, *, wait: bool = True) -> Json:
        """Tap a button by its words."""
        key = card.buttons.get(button) or card.menu.get(button)
        if key is None:
            raise Grey(f"no button “{button}”, there are {list(card.buttons) + list(card.menu)}")
        return await self.post(
            "press", userid=userid, task_id=card.task_id, key=key, menu=key in card.menu.values(), wait=wait
        )

    async def say(self, userid: str, text: str, where: str = "app", *, wait: bool = True) -> Json:
        """Type a line."""
        return await self.post("say", userid=userid, text=text, wait=wait, **{"in": where})

    async def ask(self, userid: str, text: str, part: str, where: str = "app") -> str:
        """Type a line and wait for an answer that contains `part`."""
        before = await self.last_seq(userid)
        await self.say(userid, text, where)
        return await self.told(userid, part, before)

    async def send_media(
        self, userid: str, filename: str, data: bytes, kind: str = "image", where: str = "app"
    ) -> Json:
        """Send a photo or file."""
        return await self.post(
            "send_media",
            userid=userid,
            kind=kind,
            filename=filename,
            base64=base64.b64encode(data).decode(),
            wait=True,
            **{"in": where},
        )

    async def push_order(self, order: Json) -> Json:
        """The platform pushes an order; the hospital's answer."""
        return await self.post("hotline/orders", order=order)

    async def call_back(self, number: str, **body: str) -> Json:
        """The platform pushes a call-back; the hospital's answer."""
        return await self.post("hotline/callbacks", order_no=number, **body)


def card_of(message: Json) -> Card:
    """A message with a card as a test sees it."""
    card = message["card"]
    buttons = {entry["text"]: entry["key"] for entry in card.get("button_list") or []}
    menu = {entry["text"]: entry["key"] for entry in (card.get("action_menu") or {}).get("action_list") or []}
    title = (card.get("main_title") or {}).get("title") or ""
    return Card(
        card["task_id"],
        message["conversation"],
        title,
        buttons,
        menu,
        card.get("replace_text") or "",
        card,
    )
