"""The addresses of the CA, and what a test or a demonstrator may have it do."""

from datetime import timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from sandbox.ca import tasks
from sandbox.ca.authority import ALGORITHMS, ISSUING, ROOT, Algorithm, Authority
from sandbox.control.base import Answer, Unfit, control, member_of, told
from sandbox.wire import read
from sandbox.world import WORLD, World


class Issue(BaseModel):
    """``POST /control/ca/issue``; `began_days_ago` beyond `days` makes an expired one, a negative one is not valid yet."""

    model_config = ConfigDict(extra="forbid")

    userid: str
    algorithm: Algorithm = "rsa"
    days: float = Field(default=365, gt=0)
    began_days_ago: float = 0
    signs: bool = True
    told: bool = True


class Sign(BaseModel):
    """``POST /control/ca/sign``: the last task waiting when none is named."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    method: str = ""
    task: str = ""
    tampered: bool = False


class Named(BaseModel):
    """A certificate, or a task."""

    model_config = ConfigDict(extra="forbid")

    serial: str = ""
    task: str = ""


async def issue(world: World, request: web.Request) -> Answer:
    """A certificate for a member."""
    asked = await read(request, Issue)
    member = member_of(world, asked.userid)
    since = world.clock.moment() - timedelta(days=asked.began_days_ago)
    serial = tasks.authority(request.app).issue(
        member.userid,
        member.name,
        asked.algorithm,
        world.origin,
        since=since,
        days=asked.days,
        signs=asked.signs,
        told=asked.told,
    )
    return {"serial": serial}


async def revoke(world: World, request: web.Request) -> Answer:
    """Revoke a certificate."""
    asked = await read(request, Named)
    try:
        tasks.authority(request.app).revoke(asked.serial, world.clock.now())
    except KeyError:
        raise Unfit("没有这张证书", 404) from None
    return {"serial": asked.serial}


async def certificates(world: World, request: web.Request) -> Answer:
    """All certificates of people."""
    del world
    book = tasks.authority(request.app).book
    return {
        "certificates": [
            {
                "serial": serial,
                "userid": entry.userid,
                "algorithm": entry.algorithm,
                "revoked": bool(entry.revoked_at),
            }
            for serial, entry in book.people.items()
        ]
    }


def _waiting(request: web.Request, name: str) -> tasks.Task:
    known = request.app[tasks.TASKS]
    found = (
        known.get(name)
        if name
        else next((t for t in reversed(known.values()) if t.status == "waiting"), None)
    )
    if found is None:
        raise Unfit("没有等待签名的任务", 404)
    return found


async def sign(world: World, request: web.Request) -> Answer:
    """Sign a task, and tell the product."""
    del world
    asked = await read(request, Sign)
    task = _waiting(request, asked.task)
    entry = tasks.authority(request.app).book.people.get(asked.serial)
    if entry is None:
        raise Unfit("没有这张证书", 404)
    method = asked.method or tasks.METHODS[entry.algorithm][0]
    try:
        delivery = tasks.sign(request.app, task, asked.serial, method, tampered=asked.tampered)
    except ValueError as error:
        raise Unfit(f"这张证书不能这样签名：{error}", 400) from None
    await delivery.done.wait()
    return {"task": task.task, "delivery": told(delivery)}


async def refuse(world: World, request: web.Request) -> Answer:
    """The person presses 拒绝."""
    asked = await read(request, Named)
    delivery = tasks.conclude(world, _waiting(request, asked.task), "refused")
    await delivery.done.wait()
    return {"delivery": told(delivery)}


async def roots(request: web.Request) -> web.StreamResponse:
    """What the product trusts (`HUIYIN_CA_ROOTS`)."""
    return web.Response(body=tasks.authority(request.app).roots(), content_type="application/x-pem-file")


async def revoked(request: web.Request) -> web.StreamResponse:
    """A list: /ca/crl/rsa-issuing.crl."""
    algorithm, _, level = request.match_info["name"].partition("-")
    known = next((one for one in ALGORITHMS if one == algorithm), None)
    if known is None or level not in (ROOT, ISSUING):
        raise web.HTTPNotFound
    body = tasks.authority(request.app).revoked(known, level, request.app[WORLD].clock.moment())
    return web.Response(body=body, content_type="application/pkix-crl")


async def answer(request: web.Request) -> web.StreamResponse:
    """OCSP."""
    algorithm = next((one for one in ALGORITHMS if one == request.match_info["algorithm"]), None)
    if algorithm is None:
        raise web.HTTPNotFound
    now = request.app[WORLD].clock.moment()
    try:
        body = tasks.authority(request.app).answer(algorithm, await request.read(), now)
    except ValueError:
        raise web.HTTPBadRequest from None
    return web.Response(body=body, content_type="application/ocsp-response")


ROUTES = [
    web.post("/ca/tasks", tasks.create),
    web.get("/ca/tasks/{task}", tasks.look),
    web.get("/ca/app/{task}", tasks.app_page),
    web.post("/ca/app/{task}", tasks.app_act),
    web.get("/ca/roots.pem", roots),
    web.get("/ca/crl/{name}.crl", revoked),
    web.post("/ca/ocsp/{algorithm}", answer),
    web.post("/control/ca/issue", control(issue)),
    web.post("/control/ca/revoke", control(revoke)),
    web.post("/control/ca/sign", control(sign)),
    web.post("/control/ca/refuse", control(refuse)),
    web.get("/control/ca/certificates", control(certificates)),
]


def attach(app: web.Application) -> None:
    """Add the CA to the sandbox; with a folder its keys are made at once, for the product to read the roots."""
    app[tasks.AUTHORITY] = Authority(app[WORLD].config.ca_folder)
    app[tasks.TASKS] = {}
    app.router.add_routes(ROUTES)
    if app[WORLD].config.ca_folder:
        tasks.authority(app)
