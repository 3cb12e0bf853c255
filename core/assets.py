"""Addresses of scripts, styles and icons, with the hash of their content, so that browsers may keep them for ever.

Third-party files lie in `static/vendor/` (put there at set-up, `manifest.json` names them), our own in
`static/`. Never serves anything outside these folders.
"""

import hashlib
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from core.settings import settings

FOLDER: Final = Path(__file__).resolve().parent.parent / "static"
HASHED: Final = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<ending>\.[a-z0-9]+)$")
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = (
    "no-cache"  # kept, but asked about each time: modules that import one another by plain name
)


class AssetMissing(LookupError):
    """A page asks for a file or an icon that does not exist: a mistake of ours, found by the page's test."""


class Manifest(BaseModel):
    """What the set-up has put into `static/vendor/`: name → file name, and the icons of `icons.svg`."""

    model_config = ConfigDict(frozen=True)

    files: dict[str, str]
    icons: frozenset[str]


@lru_cache(maxsize=1)
def manifest(folder: Path = FOLDER) -> Manifest:
    """Read the manifest of third-party files.

    Raises:
        AssetMissing: the set-up has not been run.
    """
    path = folder / "vendor" / "manifest.json"
    if not path.exists():
        raise AssetMissing("static/vendor/manifest.json is missing: run `make setup`")
    return Manifest.model_validate_json(path.read_bytes())


@lru_cache(maxsize=512)
def _hash(path: Path, changed_ns: int, size: int) -> str:
    del changed_ns, size  # they make a changed file a new question
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def content_hash(path: Path) -> str:
    """Return the first 12 hex digits of the file's SHA-256, computed once for each state of the file."""
    state = path.stat()
    return _hash(path, state.st_mtime_ns, state.st_size)


def asset(name: str) -> str:
    """Return the address of a static file: `htmx.min.js` of others, or `console/app.css` of our own.

    Raises:
        AssetMissing: no such file.
    """
    base = f"{settings().path_prefix}/static"
    if name in manifest().files:  # asked a hundred times a page: no look at the disk
        return f"{base}/vendor/{manifest().files[name]}"
    return f"{base}/{_own(FOLDER, name, int(time.monotonic()))}"


@lru_cache(maxsize=256)
def _own(folder: Path, name: str, second: int) -> str:
    """The hashed name of a file of ours; the disk is asked once a second, not forty times a page."""
    del second
    own = folder / name
    if not own.is_file():
        raise AssetMissing(f"no static file {name!r}, neither our own nor in devtools/vendor.py")
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{content_hash(own)}{dot}{ending}"


def look_again() -> None:
    """Ask the disk at the next question: for whoever has just changed a file and does not wait for the second."""
    _own.cache_clear()


def icon(name: str, *classes: str) -> Markup:
    """Return an inline `<svg>` that draws the icon `name` in the text's colour.

    Raises:
        AssetMissing: the name does not stand in devtools/icons.txt.
    """
    if name not in manifest().icons:
        raise AssetMissing(f"no icon {name!r}: add its name to devtools/icons.txt and run `make setup`")
    return _drawn(" ".join(("icon", *classes)), asset("icons.svg"), name)


@lru_cache(maxsize=2048)  # a page draws a hundred of them
def _drawn(look: str, address: str, name: str) -> Markup:
    return Markup(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
    ).format(look, address, name)


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer `GET /static/{path}`: hashed names are for ever, plain names are asked about each time."""
    wanted = request.match_info["path"]
    path, caching = _inside(wanted), ASK_AGAIN
    if hashed := HASHED.match(wanted):
        caching = FOR_EVER
        if path is None:
            path = _inside(hashed["stem"] + hashed["ending"])
            if path is not None and content_hash(path) != hashed["hash"]:
                caching = (
                    ASK_AGAIN  # an address of the version before or after: give what there is, keep nothing
                )
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={hdrs.CACHE_CONTROL: caching})


def _inside(name: str) -> Path | None:
    """The file of this name below the folder; None when there is none or it lies outside or is hidden."""
    if "\0" in name:
        return None
    path = (FOLDER / name).resolve()
    hidden = any(part.startswith(".") for part in Path(name).parts)
    return path if path.is_relative_to(FOLDER) and path.is_file() and not hidden else None
