"""Makes sure that the browser tests can run: Debian's Chromium and a font that draws every Chinese name.

As root on Debian it installs what is missing; otherwise it says in one sentence what to install.
"""

import os
import shutil
import subprocess
import sys

from devtools.terminal import Problem, say

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return the browser's path, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font with Chinese; without one every character is drawn as a box."""
    if shutil.which("fc-list") is None:
        return False
    said = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(said.stdout.strip())


def missing() -> list[str]:
    """Return the Debian packages that are wanted and not there."""
    wanted = [] if chromium() else ["chromium"]
    return wanted if has_chinese_font() else [*wanted, "fonts-noto-cjk", "fontconfig"]


def ensure() -> None:
    """Install what is missing, or say what to install.

    Raises:
        Problem: something is missing and cannot be installed from here.
    """
    packages = missing()
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Problem(
            f"The browser tests need {names}; install them (apt-get install {names}).",
            f"浏览器测试需要安装 {names}。",
        )
    say(f"installing {names} …")
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-qq", *command],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise Problem(f"apt-get could not install {names}: {last}", f"{names} 安装失败。")


def main() -> int:
    """Run `ensure`; returns the exit code."""
    try:
        ensure()
    except Problem as problem:
        say(str(problem), bad=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
