"""Application groups: ``appchat/create``, ``update``, ``get``, ``send``.

Sources: 应用发送消息到群聊会话 (paths 90244, 90245). Cards cannot be sent into these groups by the
application; that is the vendor's limit (the bot can).
"""

import re
import secrets
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field, JsonValue, StringConstraints

from sandbox.state import Group, Kind
from sandbox.wecom.messages import Body, draw
from sandbox.wire import Refusal, Reply, read, token
from sandbox.world import World

CHAT_ID = re.compile(r"[0-9A-Za-z]{1,32}")
MIN_MEMBERS, MAX_MEMBERS = 2, 2000
SENDABLE = frozenset({Kind.TEXT, Kind.MARKDOWN, Kind.IMAGE, Kind.FILE, Kind.VOICE, Kind.VIDEO})
Name = Annotated[str, StringConstraints(max_length=50)]


class Create(BaseModel):
    """``appchat/create``."""

    name: Name = ""
    owner: str = ""
    userlist: list[str] = Field(max_length=MAX_MEMBERS)
    chatid: str = ""


class Change(BaseModel):
    """``appchat/update``."""

    chatid: str
    name: Name = ""
    owner: str = ""
    add_user_list: list[str] = Field(default_factory=list)
    del_user_list: list[str] = Field(default_factory=list)


class Push(Body):
    """``appchat/send``."""

    chatid: str
    safe: int = 0


async def create(world: World, request: web.Request) -> Reply:
    """A new group; the owner is among the members, else the first of them is owner."""
    _spend(world, "create", (86400.0, 1000))
    wanted = await read(request, Create)
    userlist = _members(world, wanted.userlist)
    if len(userlist) < MIN_MEMBERS:
        raise Refusal(86216, f"userlist: at least {MIN_MEMBERS} members")
    owner = _members(world, [wanted.owner])[0] if wanted.owner else userlist[0]
    if owner not in userlist:
        raise Refusal(86220, "owner: not in userlist")
    chatid = wanted.chatid or secrets.token_hex(16)
    if not CHAT_ID.fullmatch(chatid):
        raise Refusal(86001, "invalid chatid")
    if chatid in world.state.groups:
        raise Refusal(86215, "chatid exists")
    name = wanted.name or "群聊"
    world.state.groups[chatid] = Group(chatid=chatid, name=name, owner=owner, userlist=userlist)
    names = "、".join(world.state.members[userid].name for userid in userlist)
    world.add(f"group:{chatid}", "system", Kind.EVENT, text=f"群聊已创建：{names}")
    return {"chatid": chatid}


async def update(world: World, request: web.Request) -> Reply:
    """Rename, hand over, add and remove."""
    _spend(world, "update", (3600.0, 1000))
    wanted = await read(request, Change)
    group = find(world, wanted.chatid)
    added, removed = _members(world, wanted.add_user_list), _members(world, wanted.del_user_list)
    userlist = [u for u in group.userlist if u not in removed]
    userlist += [u for u in added if u not in userlist]
    if not MIN_MEMBERS <= len(userlist) <= MAX_MEMBERS:
        raise Refusal(86216, f"userlist: {MIN_MEMBERS} to {MAX_MEMBERS} members")
    owner = _members(world, [wanted.owner])[0] if wanted.owner else group.owner
    if owner not in userlist:
        raise Refusal(86220, "owner: not in userlist")
    told = []
    if wanted.name and wanted.name != group.name:
        told.append(f"群名改为“{wanted.name}”")
    for verb, people in (("加入", [u for u in added if u not in group.userlist]), ("移出", removed)):
        if people:
            told.append("、".join(world.state.members[u].name for u in people) + f"已{verb}群聊")
    group.name, group.owner, group.userlist = wanted.name or group.name, owner, userlist
    for line in told:
        world.add(f"group:{group.chatid}", "system", Kind.EVENT, text=line)
    return {}


async def get(world: World, request: web.Request) -> Reply:
    """Name, owner and members of a group this application created."""
    group = find(world, request.query.get("chatid", ""))
    userlist: list[JsonValue] = list(group.userlist)
    info: Reply = {
        "chatid": group.chatid,
        "name": group.name,
        "owner": group.owner,
        "userlist": userlist,
        "chat_type": 0,
    }
    return {"chat_info": info}


async def send(world: World, request: web.Request) -> Reply:
    """Push into a group; members over 200 a minute or 10 000 a day miss it without an error."""
    wanted = await read(request, Push)
    group = find(world, wanted.chatid)
    drawn = draw(world, wanted, SENDABLE)
    config = world.config
    rules = ((60.0, config.group_member_per_minute), (86400.0, config.group_member_per_day))
    reached = 0
    for userid in group.userlist:
        if world.windows.allow(f"group-member|{userid}", *rules):
            reached += 1
        else:
            world.dropped("wecom", userid, "群成员每分钟/每日上限")
    if reached:
        group.messages_from_app += 1
        world.feed.count("wecom.group_sent")
        drawn.put(world, f"group:{group.chatid}", "app", token("grp_"))
    return {}


def find(world: World, chatid: str) -> Group:
    """The group, or 86001 for a malformed id and 86003 for an unknown one."""
    if not CHAT_ID.fullmatch(chatid):
        raise Refusal(86001, "invalid chatid")
    group = world.group(chatid)
    if group is None:
        raise Refusal(86003, "chatid does not exist")
    return group


def _members(world: World, userids: list[str]) -> list[str]:
    known: dict[str, None] = {}
    for userid in userids:
        member = world.member(userid)
        if member is None:
            raise Refusal(86216, f"invalid userid in userlist: {userid}")
        known[member.userid] = None
    return list(known)


def _spend(world: World, what: str, rule: tuple[float, int]) -> None:
    if not world.windows.admit(f"appchat-{what}", rule):
        raise Refusal(45009, "api freq out of limit")
