"""What the audited version consists of: lines by kind of file, locked dependencies with version and licence."""

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

from devtools.audit.findings import ROOT
from devtools.audit.static import run

KINDS: Final = {
    "Python 源代码": (".py",),
    "页面模板": (".html",),
    "浏览器脚本": (".js", ".mjs"),
    "样式": (".css",),
    "数据库脚本": (".sql",),
}
_NAMES: Final = {  # licences as their authors wrote them → as everybody else does
    "Apache 2": "Apache-2.0", "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "MIT License": "MIT",
    "MIT license": "MIT", "BSD": "BSD", "BSD License": "BSD", "BSD 2-Clause License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "PSFL": "PSF-2.0",
    "Dual License": "Apache-2.0 OR BSD",
}  # fmt: skip


def lines_by_kind() -> list[tuple[str, int, int]]:
    """Kind, files, lines, of tracked files."""
    names = run("git", "ls-files").stdout.splitlines()
    found = []
    for kind, endings in KINDS.items():
        files = [ROOT / name for name in names if name.endswith(endings) and (ROOT / name).is_file()]
        found.append((kind, len(files), sum(len(file.read_bytes().splitlines()) for file in files)))
    return found


@cache
def licensed() -> list[tuple[str, str, str, str]]:
    """Name, version, licence, whether it is delivered or only used in development; of the Python lock file."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    delivered, found = _delivered(), {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\\n]+)", lock, re.MULTILINE):
        try:
            licence, installed = _licence(name), distribution(name).version
        except PackageNotFoundError:  # for another system than this one
            licence, installed = "本机未安装", version
        if name not in found or version == installed:
            found[name] = (name, version, licence, "交付" if name in delivered else "开发")
    return list(found.values())


def _licence(name: str) -> str:
    about = distribution(name).metadata
    given = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or []), ""]
    words = str(given[0]).split("\n", 1)[0].strip()
    if words in ("", "UNKNOWN", "Apache License"):
        classes = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
        words = classes[0].rsplit("::", 1)[-1].strip() if classes else "未声明"
    return _NAMES.get(words, words)


def _delivered() -> set[str]:
    """What the programs themselves need, and what that needs."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    waiting = re.findall(r'"([A-Za-z0-9._-]+)', listed[1]) if listed else []
    found: set[str] = set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop().lower())
        if name in found:
            continue
        found.add(name)
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        waiting += [re.match(r"[A-Za-z0-9._-]+", one)[0] for one in needs if "extra ==" not in one]  # type: ignore[index]
    return found


@cache
def front_end() -> list[tuple[str, str, str]]:
    """Name, version, licence of what package-lock.json holds."""
    listed = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return [
        (path.removeprefix("node_modules/"), str(entry["version"]), str(entry.get("license", "未声明")))
        for path, entry in sorted(listed.items())
        if path
    ]
