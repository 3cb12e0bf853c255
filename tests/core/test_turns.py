"""At most so many of one page at once; the others wait their turn, and nobody else waits for them."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.turns import taking_turns

MOST = 2


async def test_a_page_is_made_for_so_many_at_once_in_the_order_in_which_they_came() -> None:
    at_once: list[int] = []
    served: list[str] = []
    go = asyncio.Semaphore(0)
    inside = 0

    async def page(request: web.Request) -> web.Response:
        nonlocal inside
        inside += 1
        at_once.append(inside)
        served.append(request.query["who"])
        await go.acquire()
        inside -= 1
        return web.Response()

    async def other(_: web.Request) -> web.Response:
        return web.Response(text="at once")

    app = web.Application(middlewares=[taking_turns({"/list": MOST})])
    app.router.add_get("/list", page)
    app.router.add_post("/list", other)
    app.router.add_get("/other", other)
    async with TestClient(TestServer(app)) as client:
        asked = []
        for who in range(7):
            asked.append(asyncio.create_task(client.get("/list", params={"who": str(who)})))
            await asyncio.sleep(0.02)
        assert served == ["0", "1"]
        for path, method in (("/other", "GET"), ("/list", "POST")):
            # Whoever wants something else does not wait.
            assert (await client.request(method, path)).status == 200
        for _ in asked:
            go.release()
        assert [(await one).status for one in asked] == [200] * 7
    assert (served, max(at_once)) == ([str(who) for who in range(7)], MOST)


async def test_a_page_that_fails_gives_its_turn_back() -> None:
    async def broken(_: web.Request) -> web.Response:
        raise web.HTTPNotFound

    app = web.Application(middlewares=[taking_turns({"/list": 1})])
    app.router.add_get("/list", broken)
    async with TestClient(TestServer(app)) as client:
        assert [(await client.get("/list")).status for _ in range(3)] == [404] * 3
