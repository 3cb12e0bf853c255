"""The other side of the sandbox: a stand-in hospital that receives, and a caller that calls.

Callbacks are opened with wechatpy, an implementation that is not ours.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import BaseTestServer
from defusedxml import ElementTree
from wechatpy.crypto import WeChatCrypto as AccountCrypto
from wechatpy.enterprise.crypto import WeChatCrypto

from sandbox.config import Config

Json = dict[str, Any]


@dataclass
class Received:
    """A request the hospital got."""

    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    plain: str = ""

    @property
    def event(self) -> dict[str, str]:
        """The flat fields of a decrypted callback."""
        return {
            child.tag: child.text or "" for child in ElementTree.fromstring(self.plain) if len(child) == 0
        }

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Hospital:
    """Records what the sandbox sends; answers what the test says, in turn, then 200."""

    config: Config
    received: list[Received] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    default: tuple[int, str] = (200, '{"code": 0}')

    def app(self) -> web.Application:
        """The web application that plays the hospital."""
        app = web.Application()
        app.router.add_get("/wecom/callback", self._echo)
        app.router.add_post("/{path:.*}", self._take)
        return app

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        crypto = WeChatCrypto(self.config.wecom_token, self.config.wecom_aes_key, self.config.wecom_corp_id)
        echo = crypto.check_signature(
            query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
        )
        return web.Response(body=echo)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        got = Received(request.path, request.headers.copy(), dict(request.query), body)
        config = self.config
        if request.path == "/wecom/callback":
            crypto = WeChatCrypto(config.wecom_token, config.wecom_aes_key, config.wecom_corp_id)
            got.plain = self._open(crypto, got)
        elif request.path == "/wechat/callback":
            account = AccountCrypto(config.wechat_token, config.wechat_aes_key, config.wechat_app_id)
            got.plain = self._open(account, got)
        self.received.append(got)
        status, text = self.answers.pop(0) if self.answers else self.default
        if request.path.endswith("callback") and text.startswith("{"):
            text = ""
        return web.Response(status=status, text=text)

    @staticmethod
    def _open(crypto: Any, got: Received) -> str:
        query = got.query
        return str(
            crypto.decrypt_message(got.body, query["msg_signature"], query["timestamp"], query["nonce"])
        )


@dataclass
class Outside:
    """A running sandbox, as the product and as a person at its page may call it."""

    config: Config
    hospital: Hospital
    server: BaseTestServer
    http: aiohttp.ClientSession
    token: str = ""

    def url(self, path: str) -> str:
        """An address of the sandbox."""
        return str(self.server.make_url(path))

    async def get(self, path: str, **query: str) -> Json:
        """GET as JSON."""
        async with self.http.get(self.url(path), params=query) as response:
            return dict(await response.json())

    async def control(self, path: str, **body: Any) -> Json:
        """A control call that must succeed; ``where`` is sent as ``in``."""
        async with self.http.post(self.url(f"/control/{path}"), json=body) as response:
            answer: Json = await response.json()
            assert response.status == 200, answer
            return answer

    async def refused(self, path: str, **body: Any) -> tuple[int, str]:
        """A control call that must be refused: status and sentence."""
        async with self.http.post(self.url(f"/control/{path}"), json=body) as response:
            answer = await response.json()
            return response.status, answer["error"]

    async def cast(self) -> None:
        """Alice and Bob in WeCom, Carol who follows the account and Dave who does not."""
        await self.control(
            "cast",
            wecom=[
                {"userid": "Alice", "name": "甲测试", "department": "急诊科", "title": "护士长"},
                {"userid": "Bob", "name": "乙测试", "department": "骨科", "title": "主任"},
            ],
            patients=[
                {"openid": "carol", "unionid": "u-carol", "name": "丙测试", "phone": "13800000001"},
                {"openid": "dave", "name": "丁测试", "phone": "13800000002", "following": False},
            ],
        )

    async def wecom(self, api: str, body: Json, token: str | None = None) -> Json:
        """A WeCom API call with a token that is fetched once."""
        if token is None and not self.token:
            self.token = (await self.gettoken())["access_token"]
        url = self.url(f"/wecom/cgi-bin/{api}")
        async with self.http.post(url, params={"access_token": token or self.token}, json=body) as response:
            return dict(await response.json())

    async def gettoken(self) -> Json:
        """``gettoken`` with the right secret."""
        return await self.get(
            "/wecom/cgi-bin/gettoken", corpid=self.config.wecom_corp_id, corpsecret=self.config.wecom_secret
        )

    async def send(self, to: str, **content: Any) -> Json:
        """``message/send``; ``content`` has one key, the message type."""
        (msgtype,) = [key for key in content if not key.startswith(("enable", "duplicate"))]
        agent = self.config.wecom_agent_id
        return await self.wecom(
            "message/send", {"touser": to, "msgtype": msgtype, "agentid": agent, **content}
        )

    async def screen(self, **who: str) -> list[Json]:
        """The messages on a phone."""
        return list((await self.get("/control/messages", **who))["messages"])

    async def texts(self, **who: str) -> list[str]:
        """Only their words."""
        return [message["text"] for message in await self.screen(**who)]


def button_card(task_id: str = "task-1", **changes: Any) -> Json:
    """A card with two buttons."""
    return {
        "card_type": "button_interaction",
        "task_id": task_id,
        "main_title": {"title": "工单 1024", "desc": "急诊候诊"},
        "button_list": [{"text": "签收", "key": "sign"}, {"text": "退回", "key": "return", "style": 3}],
        **changes,
    }


def failure(answer: Json) -> tuple[int, str]:
    """errcode and the part of errmsg before the vendor's hint."""
    return answer["errcode"], answer["errmsg"].partition(", hint:")[0]


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The signature both directions of the 12345 platform carry."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
