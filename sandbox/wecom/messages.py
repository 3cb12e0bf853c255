"""Application messages: ``message/send``, ``message/update_template_card``, ``message/recall``.

Sources: 发送应用消息 (path 90236), 更新模版卡片消息 (path 94888), 撤回应用消息 (path 94867). Rules the
vendor publishes no code for (a repeated task id, a spent response code) answer 40058 with the field.
"""

import hashlib
import json

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from sandbox.state import Kind, Message, ResponseCode
from sandbox.wecom.cards import Card, faults
from sandbox.wire import Refusal, Reply, read, token, validate
from sandbox.world import World

TEXT_BYTES = 2048
MAX_DUPLICATE_SECONDS = 4 * 3600


class Content(BaseModel):
    """Text or markdown."""

    content: str


class MediaRef(BaseModel):
    """An uploaded file."""

    media_id: str


class Body(BaseModel):
    """The part of a message that application, group and bot sends share."""

    model_config = ConfigDict(extra="ignore")

    msgtype: str
    text: Content | None = None
    markdown: Content | None = None
    markdown_v2: Content | None = None
    image: MediaRef | None = None
    file: MediaRef | None = None
    voice: MediaRef | None = None
    video: MediaRef | None = None
    template_card: Card | None = None


class Send(Body):
    """``message/send``."""

    touser: str = ""
    toparty: str = ""
    totag: str = ""
    agentid: int | str
    safe: int = 0
    enable_duplicate_check: int = 0
    duplicate_check_interval: int = Field(default=1800, ge=1, le=MAX_DUPLICATE_SECONDS)


class Replace(BaseModel):
    """The grey words of an update."""

    replace_name: str = Field(min_length=1)


class Update(BaseModel):
    """``message/update_template_card``."""

    model_config = ConfigDict(extra="ignore")

    userids: list[str] = Field(default_factory=list, max_length=1000)
    partyids: list[int] = Field(default_factory=list, max_length=100)
    tagids: list[int] = Field(default_factory=list, max_length=100)
    atall: int = 0
    agentid: int | str
    response_code: str
    button: Replace | None = None
    template_card: Card | None = None


class Recall(BaseModel):
    """``message/recall``."""

    msgid: str


class Drawn(BaseModel):
    """A message's content, checked and ready for a phone."""

    kind: Kind
    text: str = ""
    card: Card | None = None
    media: str = ""
    filename: str = ""

    def put(self, world: World, conversation: str, sender: str, msgid: str) -> Message:
        """Show it in a conversation."""
        return world.add(
            conversation,
            sender,
            self.kind,
            text=self.text,
            card=self.card,
            media=self.media,
            filename=self.filename,
            msgid=msgid,
        )


def draw(world: World, body: Body, allowed: frozenset[Kind]) -> Drawn:
    """Check the content of a message; raises 40008, 44004, 45002, 40007 or 40058."""
    kind = "markdown" if body.msgtype == "markdown_v2" else body.msgtype
    if kind not in allowed:
        raise Refusal(40008, f"invalid message type: {body.msgtype}")
    if kind == Kind.CARD:
        if body.template_card is None:
            raise Refusal(40058, "invalid Request Parameter: template_card: Field required")
        fault = faults(body.template_card)
        if fault:
            raise Refusal(40058, f"invalid Request Parameter: {fault}")
        return Drawn(kind=Kind.CARD, card=body.template_card)
    if kind in {Kind.TEXT, Kind.MARKDOWN}:
        content = {Kind.TEXT: body.text}.get(Kind(kind), body.markdown or body.markdown_v2)
        return Drawn(kind=Kind(kind), text=_words(Kind(kind), content))
    ref = {"image": body.image, "file": body.file, "voice": body.voice, "video": body.video}[kind]
    if ref is None:
        raise Refusal(40058, f"invalid Request Parameter: {kind}.media_id: Field required")
    media = world.state.media.get(ref.media_id)
    if media is None or media.created_at + world.config.media_seconds < world.clock.now():
        raise Refusal(40007, "invalid media_id")
    return Drawn(kind=Kind(kind), media=media.media_id, filename=media.filename)


def _words(kind: Kind, content: Content | None) -> str:
    if content is None or not content.content.strip():
        raise Refusal(44004, "empty content")
    raw = content.content.encode()
    if kind is Kind.MARKDOWN and len(raw) > TEXT_BYTES:
        raise Refusal(45002, "content size out of limit")
    # Text beyond the limit is cut by the vendor, not refused.
    return raw[:TEXT_BYTES].decode("utf-8", "ignore") if kind is Kind.TEXT else content.content


SENDABLE = frozenset({Kind.TEXT, Kind.MARKDOWN, Kind.CARD, Kind.IMAGE, Kind.FILE, Kind.VOICE, Kind.VIDEO})


async def send(world: World, request: web.Request) -> Reply:
    """Send to members; who is unknown is named in ``invaliduser``, who is over the limit is dropped."""
    raw = await request.read()
    wanted = validate(Send, raw)
    if str(wanted.agentid) != world.config.wecom_agent_id:
        raise Refusal(40056, "invalid agentid")
    drawn = draw(world, wanted, SENDABLE)
    known, unknown, bad_parties = receivers(world, wanted)
    if not known:
        raise Refusal(81013, "user & party & tag all invalid")
    reply: Reply = {
        "invaliduser": "|".join(unknown).lower(),
        "invalidparty": "|".join(bad_parties),
        "invalidtag": wanted.totag,
        "unlicenseduser": "",
    }
    if wanted.enable_duplicate_check:
        seen = f"dup|{hashlib.sha256(_canonical(raw)).hexdigest()}"
        if not world.windows.allow(seen, (wanted.duplicate_check_interval, 1)):
            world.feed.count("wecom.duplicates")
            return {**reply, "msgid": token("dup_")}
    if drawn.card is not None:
        claim_task(world, "app", drawn.card)
    msgid = token("msg_")
    deliver(world, known, drawn, msgid)
    reply["msgid"] = msgid
    if drawn.card is not None and drawn.card.updatable:
        reply["response_code"] = issue_code(world, drawn.card.task_id)
    return reply


def _canonical(raw: bytes) -> bytes:
    return json.dumps(json.loads(raw), sort_keys=True, ensure_ascii=False).encode()


def receivers(world: World, wanted: Send) -> tuple[list[str], list[str], list[str]]:
    """(known user ids, unknown ones as given, unknown departments); each once, in order."""
    if wanted.touser == "@all":
        return [m.userid for m in world.state.members.values() if m.active], [], []
    known: dict[str, None] = {}
    unknown = []
    for userid in filter(None, wanted.touser.split("|")):
        member = world.member(userid)
        if member is None:
            unknown.append(userid)
        else:
            known[member.userid] = None
    parties, bad = departments(world), []
    for party in filter(None, wanted.toparty.split("|")):
        name = parties.get(party)
        if name is None:
            bad.append(party)
            continue
        known.update({m.userid: None for m in world.state.members.values() if name in {"", m.department}})
    return list(known), unknown, bad


def departments(world: World) -> dict[str, str]:
    """Department id -> name; 1 is the root, which holds everybody (empty name)."""
    names = sorted({m.department for m in world.state.members.values() if m.department})
    return {"1": "", **{str(number): name for number, name in enumerate(names, start=2)}}


def claim_task(world: World, owner: str, card: Card) -> None:
    """Task ids are unique per application (and per bot); raises 40058 for one seen before."""
    if not card.task_id:
        return
    key = f"{owner}|{card.task_id}"
    if key in world.state.task_ids:
        raise Refusal(40058, "invalid Request Parameter: template_card.task_id: used before")
    world.state.task_ids[key] = world.clock.now()


def deliver(world: World, userids: list[str], drawn: Drawn, msgid: str) -> None:
    """Put the message on every phone that is not over its limit: 30 a minute, 1000 an hour."""
    config = world.config
    rules = ((60.0, config.member_per_minute), (3600.0, config.member_per_hour))
    for userid in userids:
        if not world.windows.allow(f"wecom-member|{userid}", *rules):
            world.dropped("wecom", userid, "成员每分钟/每小时上限")
            continue
        world.feed.count("wecom.sent")
        drawn.put(world, f"app:{userid}", "app", msgid)


def issue_code(world: World, task_id: str) -> str:
    """A fresh response code for the card, good once."""
    code = token("rc_")
    expires_at = world.clock.now() + world.config.response_code_seconds
    world.state.response_codes[code] = ResponseCode(task_id=task_id, expires_at=expires_at)
    return code


async def update_card(world: World, request: web.Request) -> Reply:
    """Change a card on the phones of its holders; the response code is spent by it."""
    wanted = await read(request, Update)
    if str(wanted.agentid) != world.config.wecom_agent_id:
        raise Refusal(40056, "invalid agentid")
    code = world.state.response_codes.get(wanted.response_code)
    if code is None:
        raise Refusal(40058, "invalid Request Parameter: response_code: unknown")
    if code.used:
        raise Refusal(40058, "invalid Request Parameter: response_code: used before")
    if code.expires_at <= world.clock.now():
        raise Refusal(40058, "invalid Request Parameter: response_code: expired")
    if (wanted.button is None) == (wanted.template_card is None):
        raise Refusal(40058, "invalid Request Parameter: button: give either button or template_card")
    new = wanted.template_card.keyed(code.task_id) if wanted.template_card else None
    fault = faults(new) if new else ""
    if fault:
        raise Refusal(40058, f"invalid Request Parameter: {fault}")
    if new is not None and new.task_id != code.task_id:
        claim_task(world, "app", new)
    held = [m for m in world.state.messages if _is_app_card(m, code.task_id)]
    holders = {m.conversation.removeprefix("app:") for m in held}
    chosen, invalid = (holders, list[str]()) if wanted.atall else _chosen(world, wanted, holders)
    code.used = True
    for message in held:
        if message.conversation.removeprefix("app:") in chosen:
            replace_card(world, message, new, wanted.button.replace_name if wanted.button else "")
    return {"invaliduser": [*invalid]}


def _is_app_card(message: Message, task_id: str) -> bool:
    return (
        message.conversation.startswith("app:")
        and message.card is not None
        and message.card.task_id == task_id
        and not message.recalled
    )


def _chosen(world: World, wanted: Update, holders: set[str]) -> tuple[set[str], list[str]]:
    chosen: set[str] = set()
    invalid: list[str] = []
    for userid in wanted.userids:
        member = world.member(userid)
        if member is None or member.userid not in holders:
            invalid.append(userid)
        else:
            chosen.add(member.userid)
    names = departments(world)
    for party in wanted.partyids:
        name = names.get(str(party))
        chosen |= {u for u in holders if name == "" or world.state.members[u].department == name}
    return chosen, invalid


def replace_card(world: World, message: Message, new: Card | None, words: str) -> None:
    """Show a new card, or grey out the buttons of the old one."""
    if new is not None:
        message.card = new
    elif message.card is not None:
        message.card = message.card.finished(words)
    world.touched(message)


async def recall(world: World, request: web.Request) -> Reply:
    """Take a message back within 24 hours; 40058 when unknown or too late."""
    wanted = await read(request, Recall)
    found = [m for m in world.state.messages if m.msgid and m.msgid == wanted.msgid]
    if not found:
        raise Refusal(40058, "invalid Request Parameter: msgid: unknown")
    if found[0].at + world.config.recall_seconds < world.clock.now():
        raise Refusal(40058, "invalid Request Parameter: msgid: older than 24 hours")
    for message in found:
        message.recalled = True
        world.touched(message)
    return {}
