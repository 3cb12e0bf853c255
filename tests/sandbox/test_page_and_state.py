"""The page is safe to serve, phones know what is unread, and a restart keeps them."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestServer

from sandbox.app import create_app
from sandbox.config import Config
from tests.sandbox.actors import Hospital, Outside, button_card

STATIC = Path("sandbox/page/static")


async def test_the_page_carries_no_inline_code_and_all_it_names_is_there(outside: Outside) -> None:
    async with outside.http.get(outside.url("/")) as response:
        html, policy = await response.text(), response.headers["Content-Security-Policy"]
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    statuses = set()
    for path in named:
        async with outside.http.get(outside.url(path)) as response:
            statuses.add(response.status)
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) == []
    assert (len(named) > 5, statuses) == (True, {200})


def test_the_scripts_import_only_each_other_and_write_no_html() -> None:
    for script in STATIC.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        imported = re.findall(r'from "([^"]+)"', text)
        assert all((STATIC / name).exists() for name in imported), script.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), (
            script.name
        )


async def test_unread_counts_fall_when_a_conversation_is_looked_at(outside: Outside) -> None:
    async def unread() -> dict[str, int]:
        people = (await outside.get("/control/people"))["people"]
        return {person["id"]: person["unread"] for person in people}

    await outside.send("Alice|Bob", text={"content": "开会"})
    await outside.send("Alice", template_card=button_card())
    before = await unread()
    await outside.control("read", person="Alice", conversation="app:Alice")
    assert before == {"Alice": 2, "Bob": 1, "carol": 0, "dave": 0}
    assert await unread() == {"Alice": 0, "Bob": 1, "carol": 0, "dave": 0}


async def test_an_open_page_hears_of_a_message_at_once(outside: Outside) -> None:
    async with outside.http.get(outside.url("/control/stream")) as stream:
        await stream.content.readuntil(b"\n\n")
        await outside.send("Alice", text={"content": "开会"})
        changes = []
        while {"what": "message", "conversation": "app:Alice"} not in changes:
            line = await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)
            changes.append(json.loads(line.removeprefix(b"data: ")))
    assert changes[-1] == {"what": "message", "conversation": "app:Alice"}


async def test_a_foreign_page_cannot_post_a_form_into_the_control_api(outside: Outside) -> None:
    async with outside.http.post(outside.url("/control/reset"), data={"keep_cast": "1"}) as response:
        assert response.status == 415
    assert len((await outside.get("/control/people"))["people"]) == 4


async def test_a_mistyped_key_in_a_control_call_is_named(outside: Outside) -> None:
    status, sentence = await outside.refused("press", userid="Alice", taskid="t", key="k")
    assert (status, sentence) == (400, "invalid Request Parameter: task_id: Field required")


async def test_numbers_that_are_none_and_callbacks_that_never_were_are_refused(outside: Outside) -> None:
    async with outside.http.get(outside.url("/control/traffic?after=x")) as response:
        assert (response.status, await response.json()) == (400, {"error": "after must be a whole number"})
    assert await outside.refused("callbacks/release", order=[7]) == (404, "没有这次回调：7")
    assert await outside.refused("callbacks/replay", number=7) == (404, "没有这次回调")


async def test_reset_forgets_everything_or_keeps_the_people(outside: Outside) -> None:
    await outside.send("Alice", text={"content": "开会"})
    await outside.control("reset", keep_cast=True)
    kept = (await outside.get("/control/people"))["people"]
    messages = await outside.screen(userid="Alice")
    await outside.control("reset")
    assert ([person["id"] for person in kept], messages) == (["Alice", "Bob", "carol", "dave"], [])
    assert (await outside.get("/control/people"))["people"] == []


async def test_a_restart_keeps_phones_cards_codes_and_files(tmp_path: Path) -> None:
    config = Config(state=str(tmp_path / "phones.json"))

    def run(http: aiohttp.ClientSession, server: BaseTestServer) -> Outside:
        return Outside(config, Hospital(config), server, http)

    async with aiohttp.ClientSession() as http:
        async with TestServer(create_app(config)) as server:
            before = run(http, server)
            await before.cast()
            code = (await before.send("Alice", template_card=button_card()))["response_code"]
            await before.control(
                "send_media", userid="Alice", filename="a.txt", kind="file", base64="aGVsbG8="
            )
            screen = await before.screen(userid="Alice")
        async with TestServer(create_app(config)) as server:
            after = run(http, server)
            assert await after.screen(userid="Alice") == screen
            agent = config.wecom_agent_id
            body = {"atall": 1, "agentid": agent, "response_code": code, "button": {"replace_name": "已签收"}}
            assert (await after.wecom("message/update_template_card", body))["errcode"] == 0
            async with http.get(after.url(f"/media/{screen[-1]['media']}")) as response:
                assert await response.read() == b"hello"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("http://127.0.0.1:8000", 8010, (1.0, 2.0, 4.0))),
        (
            {
                "SANDBOX_APP_URL": "http://10.0.0.1",
                "SANDBOX_PORT": "9010",
                "SANDBOX_CALLBACK_RETRY_SECONDS": "0.5,1",
                "SANDBOX_STATE": "",
            },
            ("http://10.0.0.1", 9010, (0.5, 1.0)),
        ),
    ],
)
def test_settings_come_from_the_environment(
    environment: dict[str, str], expected: tuple[str, int, tuple[float, ...]]
) -> None:
    config = Config.from_environment(environment)
    assert (config.app_url, config.port, config.callback_retry_seconds) == expected


def test_a_wrong_key_is_named() -> None:
    with pytest.raises(ValueError, match="wecom_aes_key"):
        Config.from_environment({"SANDBOX_WECOM_AES_KEY": "too-short"})
