"""Static files: the address carries the content's hash, old addresses still find something, nothing else is served."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from core import assets
from core.assets import AssetMissing, asset, icon
from devtools import vendor


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of static files with one of our own and one of others."""
    folder = tmp_path / "static"
    (folder / "vendor").mkdir(parents=True)
    (folder / "console").mkdir()
    (folder / "console" / "app.css").write_text("body { color: teal }")
    (folder / ".hidden").write_text("no")
    (tmp_path / "secret.txt").write_text("no")
    (folder / "vendor" / "htmx.min.0123456789ab.js").write_text("htmx")
    (folder / "vendor" / "icons.ba9876543210.svg").write_text("<svg/>")
    (folder / "vendor" / "manifest.json").write_text(
        json.dumps(
            {
                "files": {"htmx.min.js": "htmx.min.0123456789ab.js", "icons.svg": "icons.ba9876543210.svg"},
                "icons": ["phone"],
            }
        )
    )
    monkeypatch.setattr(assets, "FOLDER", folder)
    manifest = assets.manifest.__wrapped__(folder)
    monkeypatch.setattr(assets, "manifest", lambda: manifest)
    return folder


@pytest_asyncio.fixture
async def server(static: Path) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/static/{path:.+}", assets.serve)
    running = TestServer(app)
    await running.start_server()
    yield running
    await running.close()


def test_an_address_changes_with_the_content(static: Path) -> None:
    digest = hashlib.sha256(b"body { color: teal }").hexdigest()[:12]
    assert asset("console/app.css") == f"/static/console/app.{digest}.css"
    (static / "console" / "app.css").write_text("body { color: navy; }")
    assets.look_again()
    digest = hashlib.sha256(b"body { color: navy; }").hexdigest()[:12]
    assert asset("console/app.css") == f"/static/console/app.{digest}.css"
    assert asset("htmx.min.js") == "/static/vendor/htmx.min.0123456789ab.js"


def test_an_icon_points_into_the_sprite_and_a_missing_one_says_what_to_do(static: Path) -> None:
    assert icon("phone", "text-red") == (
        '<svg class="icon text-red" aria-hidden="true" focusable="false">'
        '<use href="/static/vendor/icons.ba9876543210.svg#phone"></use></svg>'
    )
    with pytest.raises(AssetMissing, match="no icon 'telephone': add its name to devtools/icons.txt"):
        icon("telephone")
    with pytest.raises(AssetMissing, match="no static file 'nothing.js'"):
        asset("nothing.js")


async def test_hashed_addresses_are_for_ever_plain_and_outdated_ones_are_asked_about(
    server: TestServer,
) -> None:
    for_ever, ask_again = "public, max-age=31536000, immutable", "no-cache"
    cases = {
        asset("console/app.css"): ("body { color: teal }", for_ever),
        "/static/vendor/htmx.min.0123456789ab.js": ("htmx", for_ever),
        "/static/console/app.css": ("body { color: teal }", ask_again),
        "/static/console/app.000000000000.css": ("body { color: teal }", ask_again),
    }
    async with ClientSession() as session:
        for path, wanted in cases.items():
            async with session.get(server.make_url(path)) as answer:
                assert (await answer.text(), answer.headers["Cache-Control"]) == wanted


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "console", "%2e%2e/secret.txt", "..%2fsecret.txt", ".hidden", "a%00b", "%2fetc%2fpasswd"],
)
async def test_nothing_outside_the_folder_is_served(server: TestServer, path: str) -> None:
    async with (
        ClientSession() as session,
        session.get(server.make_url("/static/").joinpath(path, encoded=True)) as answer,
    ):
        assert answer.status == 404


def test_every_wanted_file_and_icon_was_fetched_and_names_its_own_hash() -> None:
    fetched = json.loads((vendor.TARGET / "manifest.json").read_text(encoding="utf-8"))
    assert set(fetched["files"]) == {*vendor.WANTED, "icons.svg"}
    for name in fetched["files"].values():
        content = (vendor.TARGET / name).read_bytes()
        assert hashlib.sha256(content).hexdigest()[:12] == name.split(".")[-2]
        assert b"sourceMappingURL" not in content
    sprite = (vendor.TARGET / fetched["files"]["icons.svg"]).read_text(encoding="utf-8")
    assert [name for name in vendor.icon_names() if f'<symbol id="{name}"' not in sprite] == []
