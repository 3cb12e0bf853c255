"""Members as the API tells them, and log-in: ``user/get``, ``user/simplelist``, ``auth/getuserinfo``.

Sources: 读取成员, 获取部门成员, 获取访问用户身份 (path 91023), 构造网页授权链接 (path 96441).
"""

from aiohttp import web
from pydantic import JsonValue

from sandbox.state import Member
from sandbox.wecom.messages import departments
from sandbox.wire import Refusal, Reply
from sandbox.world import World


def _department_ids(world: World, member: Member) -> list[JsonValue]:
    return [int(number) for number, name in departments(world).items() if name == member.department]


async def get(world: World, request: web.Request) -> Reply:
    """One member; 60111 when there is none."""
    member = world.member(request.query.get("userid", ""))
    if member is None:
        raise Refusal(60111, "userid not found")
    return {
        "userid": member.userid,
        "name": member.name,
        "department": _department_ids(world, member) or [1],
        "position": member.title,
        "status": 1,
        "isleader": 0,
        "enable": 1,
    }


async def simplelist(world: World, request: web.Request) -> Reply:
    """The members of a department; the root holds everybody when ``fetch_child`` is 1."""
    name = departments(world).get(request.query.get("department_id", ""))
    if name is None:
        raise Refusal(60003, "department not found")
    everyone = name == "" and request.query.get("fetch_child") == "1"
    chosen: list[JsonValue] = [
        {"userid": m.userid, "name": m.name, "department": _department_ids(world, m) or [1]}
        for m in world.state.members.values()
        if m.active and (everyone or m.department == name)
    ]
    return {"userlist": chosen}


async def department_list(world: World, request: web.Request) -> Reply:
    """All departments as a flat tree below the root."""
    del request
    rows: list[JsonValue] = [
        {
            "id": int(number),
            "name": name or "医院",
            "parentid": 0 if number == "1" else 1,
            "order": int(number),
        }
        for number, name in departments(world).items()
    ]
    return {"department": rows}


async def getuserinfo(world: World, request: web.Request) -> Reply:
    """Who logged in; a code serves once and for five minutes, else 40029."""
    code = world.state.oauth_codes.get(request.query.get("code", ""))
    if code is None or code.system != "wecom" or code.used or code.expires_at <= world.clock.now():
        raise Refusal(40029, "invalid code")
    code.used = True
    return {"userid": code.person, "user_ticket": ""}
