"""The running sandbox: its state, clock, feed and helpers that every protocol shares.

A ``World`` is one run; it knows conversations and people, and no vendor's protocol.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.courier import Courier
from sandbox.faults import Faults
from sandbox.feed import Change, Feed
from sandbox.limits import Windows
from sandbox.state import MAX_MESSAGES, Group, Kind, Media, Member, Message, Patient, State, Store
from sandbox.wire import token

SAVE_AFTER = 1.5


class World:
    """Everything one sandbox process holds."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = Clock()
        self.store = Store(config.state)
        self.state: State = self.store.load()
        self.feed = Feed()
        self.faults = Faults()
        self.windows = Windows(self.clock)
        self.courier = Courier(self)
        self.origin = config.public_url.rstrip("/")
        self.drops: list[tuple[float, str, str]] = []  # (when, to whom, why) of silent drops
        self.permissions: dict[str, int] = {}  # "<openid>|<template>" -> one-time notices allowed
        self._shelves: defaultdict[str, list[Message]] = defaultdict(list)
        self._shelve()
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._saving: asyncio.Task[None] | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session for calls to the product."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Run ``work`` beside the request; cancelled when the sandbox stops."""
        task: asyncio.Task[object] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop what runs and save."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._saving is not None:
            self._saving.cancel()
        if self._http is not None:
            await self._http.close()
        self.store.save(self.state)

    def changed(self, change: Change) -> None:
        """Announce a change and have it saved soon."""
        self.feed.publish(change)
        if self.config.state and (self._saving is None or self._saving.done()):
            self._saving = asyncio.ensure_future(self._save_soon())

    async def _save_soon(self) -> None:
        await asyncio.sleep(SAVE_AFTER)
        self.store.save(self.state)

    def reset(self, *, keep_cast: bool) -> None:
        """Forget everything, or everything but the people."""
        old, self.state = self.state, State()
        if keep_cast:
            self.state.members, self.state.patients = old.members, old.patients
        self._shelve()
        self.store.clear()
        self.feed.clear()
        self.faults.clear()
        self.windows.clear()
        self.courier.clear()
        self.clock.reset()
        self.drops.clear()
        self.permissions.clear()
        self.changed(Change(what="cast"))

    # --- people and conversations -------------------------------------------------------------

    def member(self, userid: str) -> Member | None:
        """A member by id; WeCom compares user ids without regard to case."""
        found = self.state.members.get(userid)
        if found is None:
            wanted = userid.lower()
            found = next((m for m in self.state.members.values() if m.userid.lower() == wanted), None)
        return found if found is not None and found.active else None

    def patient(self, openid: str) -> Patient | None:
        """A patient by openid."""
        return self.state.patients.get(openid)

    def group(self, chatid: str) -> Group | None:
        """An application group by chat id, case-sensitive."""
        return self.state.groups.get(chatid)

    def add(self, conversation: str, sender: str, kind: Kind, **content: Any) -> Message:
        """Put a message into a conversation; ``content`` are fields of :class:`Message`."""
        self.state.seq += 1
        message = Message(
            seq=self.state.seq,
            conversation=conversation,
            sender=sender,
            kind=kind,
            at=self.clock.now(),
            **content,
        )
        self.state.messages.append(message)
        self._shelves[conversation].append(message)
        if len(self.state.messages) > MAX_MESSAGES:
            del self.state.messages[: MAX_MESSAGES // 10]
            self._shelve()
        self.changed(Change(what="message", conversation=conversation))
        return message

    def touched(self, message: Message) -> None:
        """Announce that a message changed its looks."""
        self.changed(Change(what="message", conversation=message.conversation))

    def messages(self, conversation: str) -> list[Message]:
        """A conversation, oldest first."""
        return list(self._shelves.get(conversation, ()))

    def _shelve(self) -> None:
        self._shelves.clear()
        for message in self.state.messages:
            self._shelves[message.conversation].append(message)

    def conversations(self, person: str, channels: tuple[str, ...]) -> list[str]:
        """The conversation keys of a person; groups by membership."""
        keys = [f"{channel}:{person}" for channel in channels]
        keys += [f"group:{g.chatid}" for g in self.state.groups.values() if person in g.userlist]
        return keys

    def unread(self, person: str, conversation: str) -> int:
        """How many messages by others the person has not looked at."""
        mark = self.state.marks.get(f"{person}|{conversation}", 0)
        own = {person, conversation.partition(":")[2], "system"}
        return sum(m.seq > mark and m.sender not in own for m in self._shelves.get(conversation, ()))

    def dropped(self, system: str, person: str, why: str) -> None:
        """Record a message the vendor would have swallowed without a word."""
        self.drops.append((self.clock.now(), f"{system}:{person}", why))
        del self.drops[:-200]
        self.feed.count(f"{system}.dropped")

    def keep_media(self, kind: str, filename: str, mime: str, data: bytes, *, aeskey: str = "") -> Media:
        """Store a file and give it a media id."""
        media = Media(
            media_id=token("media_"),
            kind=kind,
            filename=filename,
            mime=mime,
            created_at=self.clock.now(),
            aeskey=aeskey,
        )
        self.state.media[media.media_id] = media
        self.store.put(media.media_id, data)
        return media


WORLD = web.AppKey("world", World)
