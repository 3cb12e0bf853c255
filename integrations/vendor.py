"""The manner of Tencent's APIs, which WeCom and the WeChat service account share.

A call carries the access token in its query, answers HTTP 200 with `errcode`, and is asked again once with a
new token when the old one is refused. Knows no single interface.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from integrations import http
from integrations.http import Answer, CallFailed, Json
from integrations.tokens import TokenKeeper
from integrations.wecom_errors import Remedy, System, failed, meaning

MOST_PARALLEL = 16


class Gate:
    """How many calls may run at once; halved when the vendor says 45033, widened again by successes."""

    def __init__(self, most: int = MOST_PARALLEL) -> None:
        self.most = most
        self.allowed = most
        self._running = 0
        self._successes = 0
        self._room = asyncio.Condition()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for room."""
        async with self._room:
            await self._room.wait_for(lambda: self._running < self.allowed)
            self._running += 1
        try:
            yield
        finally:
            async with self._room:
                self._running -= 1
                self._room.notify()

    def narrow(self) -> None:
        """The vendor complained of parallel calls."""
        self.allowed = max(1, self.allowed // 2)
        self._successes = 0

    def widen(self) -> None:
        """A call went well; after fifty of them one more may run."""
        self._successes += 1
        if self._successes >= 50 and self.allowed < self.most:
            self.allowed += 1
            self._successes = 0


@dataclass(slots=True)
class Api:
    """The API of one application: where it is, under whose token."""

    system: System
    base: str
    keeper: TokenKeeper
    gate: Gate = field(default_factory=Gate)

    async def get(self, api: str, **params: str) -> Json:
        """GET `/cgi-bin/<api>`; the answer without checks of its shape.

        Raises:
            CallFailed: by the table of codes.
        """
        return await self._json(api, "GET", params, None)

    async def post(self, api: str, body: Json, **params: str) -> Json:
        """POST JSON; as `get`."""
        return await self._json(api, "POST", params, http.dumps(body))

    async def upload(self, api: str, form: "Upload", **params: str) -> Json:
        """POST a file as multipart; as `get`."""
        return await self._json(api, "POST", params, form)

    async def download(self, api: str, **params: str) -> Answer:
        """GET bytes; an answer that is JSON with an errcode is a failure.

        Raises:
            CallFailed: by the table of codes.
        """
        return await self._call(api, "GET", params, None)

    async def _json(
        self, api: str, method: str, params: Mapping[str, str], body: "bytes | Upload | None"
    ) -> Json:
        return http.read_json(self.system, api, await self._call(api, method, params, body))

    async def _call(
        self, api: str, method: str, params: Mapping[str, str], body: "bytes | Upload | None"
    ) -> Answer:
        token = await self.keeper.get()
        try:
            return await self._once(api, method, params, body, token)
        except CallFailed as error:
            if not _is_token_trouble(self.system, error):
                raise
        token = await self.keeper.renew(token)
        return await self._once(api, method, params, body, token)

    async def _once(
        self, api: str, method: str, params: Mapping[str, str], body: "bytes | Upload | None", token: str
    ) -> Answer:
        upload = isinstance(body, Upload)
        async with self.gate.passing():
            answer = await http.call(
                self.system,
                api,
                method,
                f"{self.base}/cgi-bin/{api}",
                params={**params, "access_token": token},
                body=body.form() if isinstance(body, Upload) else body,
                most=http.MOST_MEDIA,
                patience=http.LONG_PATIENCE if upload or api == "media/get" else http.PATIENCE,
            )
        # A file called .txt is a file and no answer in words.
        told = answer.mime in {"application/json", "text/plain"} and not answer.filename
        if told or answer.status != 200:
            check(self.system, api, http.read_json(self.system, api, answer), self.gate)
        http.count(self.system, api, "ok")
        self.gate.widen()
        return answer


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for a multipart field; the form is made anew for each attempt."""

    field: str
    filename: str
    mime: str
    data: bytes

    def form(self) -> aiohttp.FormData:
        """The multipart body."""
        form = aiohttp.FormData(quote_fields=False)  # the vendor reads Chinese file names as plain UTF-8
        form.add_field(self.field, self.data, filename=self.filename, content_type=self.mime)
        return form


def check(system: System, api: str, data: Json, gate: Gate | None = None) -> None:
    """Let an answer with errcode 0 (or none) pass.

    Raises:
        CallFailed: by the table of codes.
    """
    code = data.get("errcode", 0)
    if code in (0, None):
        return
    number = int(code) if isinstance(code, (int, str)) and str(code).lstrip("-").isdigit() else 0
    http.count(system, api, str(number))
    error = failed(system, api, number, str(data.get("errmsg", "")))
    if gate is not None and meaning(system, number).remedy is Remedy.SLOW_DOWN:
        gate.narrow()
    raise error


def _is_token_trouble(system: System, error: CallFailed) -> bool:
    code = error.code
    return code.lstrip("-").isdigit() and meaning(system, int(code)).remedy is Remedy.REFRESH_TOKEN
