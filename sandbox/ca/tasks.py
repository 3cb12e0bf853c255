"""The CA's front service and its phone: tasks to be signed, the page of the CA app, the call back to the product.

`POST /ca/tasks` and `GET /ca/tasks/{task}` are signed as the hotline's requests are; `GET|POST /ca/app/{task}` is what
the phone shows when it has scanned the code.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.ca.authority import ALGORITHMS, Algorithm, Authority
from sandbox.courier import Attempt, Delivery, Parcel
from sandbox.page import render
from sandbox.state import Member
from sandbox.wire import signature_holds, signed_headers
from sandbox.world import WORLD, World

AUTHORITY = web.AppKey("authority", Authority)
TASKS = web.AppKey("ca_tasks", dict[str, "Task"])
METHODS: dict[Algorithm, tuple[str, ...]] = {
    "rsa": ("rsa-pkcs1-sha256", "rsa-pss-sha256"),
    "sm2": ("sm2-sm3",),
}
KEPT = 500
Status = Literal["waiting", "signed", "refused", "expired"]


class TaskIn(BaseModel):
    """``POST /ca/tasks``."""

    model_config = ConfigDict(extra="forbid")

    data: str
    title: str = Field(max_length=100)
    seconds: int = Field(ge=10, le=600)
    callback: str


@dataclass
class Task:
    """Something to be signed."""

    task: str
    data: bytes
    title: str
    callback: str
    until: float
    status: Status = "waiting"
    method: str = ""
    certificate: str = ""
    above: str = ""
    signature: str = ""

    def told(self) -> dict[str, Any]:
        """As the product is told."""
        return {
            "task": self.task,
            "status": self.status,
            "method": self.method,
            "certificate": self.certificate,
            "chain": [self.above] if self.above else [],
            "signature": self.signature,
        }


def authority(app: web.Application) -> Authority:
    """The CA, with its keys made when it is first asked."""
    world = app[WORLD]
    app[AUTHORITY].found(world.clock.moment(), world.origin or f"http://127.0.0.1:{world.config.port}")
    return app[AUTHORITY]


async def create(request: web.Request) -> web.StreamResponse:
    """Take a task; its QR code leads to the app's page."""
    world = request.app[WORLD]
    body = await request.read()
    if not signature_holds(world.config.ca_secret, request.headers, body, world.clock.now()):
        return web.json_response({"error": "签名不正确"}, status=401)
    try:
        asked = TaskIn.model_validate_json(body)
        data = base64.b64decode(asked.data, validate=True)
    except (ValidationError, ValueError) as error:
        return web.json_response({"error": str(error).splitlines()[0]}, status=400)
    name = f"T{secrets.token_hex(12)}"
    tasks = request.app[TASKS]
    tasks[name] = Task(name, data, asked.title, asked.callback, world.clock.now() + asked.seconds)
    while len(tasks) > KEPT:
        tasks.pop(next(iter(tasks)))
    return web.json_response({"task": name, "qr": f"{world.origin}/ca/app/{name}"})


def _of(request: web.Request) -> Task:
    task = request.app[TASKS].get(request.match_info["task"])
    if task is None:
        raise web.HTTPNotFound(text="没有这个任务")
    if task.status == "waiting" and task.until <= request.app[WORLD].clock.now():
        task.status = "expired"
    return task


async def look(request: web.Request) -> web.StreamResponse:
    """How a task stands."""
    world = request.app[WORLD]
    if not signature_holds(world.config.ca_secret, request.headers, b"", world.clock.now()):
        return web.json_response({"error": "签名不正确"}, status=401)
    return web.json_response(_of(request).told())


async def app_page(request: web.Request) -> web.StreamResponse:
    """What the CA app shows."""
    return _page(request, _of(request))


def _page(request: web.Request, task: Task) -> web.Response:
    world = request.app[WORLD]
    members = sorted((m for m in world.state.members.values() if m.active), key=lambda m: m.userid)
    return render("ca_app.html", task=task, members=members)


async def app_act(request: web.Request) -> web.StreamResponse:
    """The person signs as somebody, or refuses."""
    task, world = _of(request), request.app[WORLD]
    form = await request.post()
    if task.status == "waiting":
        if form.get("act") == "refuse":
            conclude(world, task, "refused")
        else:
            member = world.member(str(form.get("userid", "")))
            algorithm = next((one for one in ALGORITHMS if one == form.get("algorithm")), None)
            if member is None or algorithm is None:
                raise web.HTTPBadRequest(text="请选择人员和证书")
            serial = held(request.app, member, algorithm)
            sign(request.app, task, serial, METHODS[algorithm][0])
    return _page(request, task)


def held(app: web.Application, member: Member, algorithm: Algorithm) -> str:
    """The serial of a member's last certificate of this kind; issued when there is none."""
    ca = authority(app)
    mine = [
        serial
        for serial, entry in ca.book.people.items()
        if entry.userid == member.userid and entry.algorithm == algorithm
    ]
    if mine:
        return mine[-1]
    world = app[WORLD]
    return ca.issue(member.userid, member.name, algorithm, world.origin, since=world.clock.moment())


def sign(app: web.Application, task: Task, serial: str, method: str, *, tampered: bool = False) -> Delivery:
    """Sign a task with a certificate and tell the product; raises ``KeyError`` and ``ValueError`` as the CA does."""
    ca = authority(app)
    entry = ca.book.people[serial]
    task.signature = base64.b64encode(
        ca.sign(serial, method, task.data + (b"!" if tampered else b""))
    ).decode()
    task.method, task.certificate = method, entry.certificate
    task.above = base64.b64encode(ca.above(entry.algorithm)).decode()
    return conclude(app[WORLD], task, "signed")


def conclude(world: World, task: Task, status: Status) -> Delivery:
    """Have a task end so, and call the product."""
    task.status = status

    def make() -> Attempt:
        body = json.dumps({**task.told(), "nonce": secrets.token_hex(16)}).encode()
        return Attempt(
            url=task.callback,
            headers=signed_headers(world.config.ca_secret, world.clock.now(), body, "ca"),
            body=body,
        )

    return world.courier.send(
        Parcel(
            system="ca",
            label=f"callback {task.task}",
            plain=f"{task.task} {status}",
            make=make,
            taken=lambda status, _: status == 200,
            retries=world.config.callback_retry_seconds,
        )
    )
