"""A NUL in a text or in JSON is a request that is wrong, not an error of ours: the database takes neither."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core import db
from core.web import make_app


@pytest.mark.parametrize("column", ["text", "jsonb"])
async def test_a_nul_is_answered_as_a_bad_request(database: None, column: str) -> None:
    async def kept(request: web.Request) -> web.Response:
        said = {"text": request.query["q"], "jsonb": json.dumps({"q": request.query["q"]})}[column]
        return web.Response(text=str(await db.fetchval(f"select $1::{column} is not null", said)))

    app = make_app()
    app.router.add_get("/kept", kept)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/kept", params={"q": "甲"}) as good:
            assert (good.status, await good.text()) == (200, "True")
        async with client.get("/kept", params={"q": "甲\x00"}) as bad:
            assert bad.status == 400
            assert "请求的格式不对" in await bad.text()
