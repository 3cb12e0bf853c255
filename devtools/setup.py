"""Makes the environment: .venv from requirements.lock with every hash checked, then the front-end files.

Runs on any Python from 3.11 with nothing installed, hence the standard library only. Done again it is
instant: a stamp in .venv tells from which lock and which Python it was made.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "made-from"
LOCK = ROOT / "requirements.lock"
BOOTSTRAP_LOCK = ROOT / "requirements-bootstrap.lock"
UV_FOLDER = ROOT / ".cache" / "uv"
MINIMUM_FREE = 1500 * 1024 * 1024  # bytes: the environment takes 700 MB, front end and data come on top


class SetupError(Exception):
    """The set-up cannot go on; one sentence in English and one in Chinese."""


def wanted() -> str:
    """Return what a finished environment is stamped with."""
    digest = hashlib.sha256(LOCK.read_bytes() + BOOTSTRAP_LOCK.read_bytes()).hexdigest()
    return f"{digest} Python {sys.version_info.major}.{sys.version_info.minor} in {VENV}\n"


def is_current() -> bool:
    """Whether .venv was made from the present locks by this Python and stands where it was made."""
    return (
        STAMP.exists()
        and STAMP.read_text(encoding="utf-8") == wanted()
        and (VENV / "bin" / "python").exists()
    )


def run(problem: str, *command: str | Path) -> None:
    """Run a step quietly; raise `SetupError` with `problem` and the step's last line when it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = [line for line in (done.stderr + done.stdout).strip().splitlines() if line.strip()]
        hint = next((line for line in words if "hash" in line.lower() or "error" in line.lower()), "")
        raise SetupError(f"{problem} ({(hint or (words or ['no word'])[-1]).strip()})")


def make_environment() -> None:
    """Create .venv anew when it is missing or another Python's, and bring it to the state of the lock."""
    if shutil.disk_usage(ROOT).free < MINIMUM_FREE:
        raise SetupError("The disk is nearly full: 1.5 GB are needed. 磁盘空间不足,至少需要 1.5 GB。")
    STAMP.unlink(missing_ok=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (VENV / "bin" / version).exists():
        print("Python environment …", flush=True)
        try:
            venv.create(VENV, clear=VENV.exists(), with_pip=True, symlinks=True)
        except (subprocess.CalledProcessError, ImportError):
            raise SetupError(
                "This Python cannot make environments; install its venv module (apt-get install python3-venv). "
                "当前 Python 缺少 venv 模块,请安装 python3-venv。"
            ) from None
    print("locked dependencies …", flush=True)
    run(
        "The locked dependencies could not be installed. 依赖安装失败,请检查网络后重试。",
        uv(), "pip", "sync", "--quiet", "--require-hashes", "--python", VENV / "bin" / "python", LOCK,
    )  # fmt: skip
    STAMP.write_text(wanted(), encoding="utf-8")


def uv() -> Path:
    """Return the installer uv of the locked version, fetched by pip with its hash checked."""
    program = UV_FOLDER / "bin" / "uv"
    mark = UV_FOLDER / hashlib.sha256(BOOTSTRAP_LOCK.read_bytes()).hexdigest()
    if not (program.exists() and mark.exists()):
        shutil.rmtree(UV_FOLDER, ignore_errors=True)
        run(
            "The installer uv could not be fetched. 安装工具 uv 下载失败,请检查网络后重试。",
            pip_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "--target", UV_FOLDER, "-r", BOOTSTRAP_LOCK,
        )  # fmt: skip
        mark.touch()
    return program


def pip_python() -> Path:
    """Return a Python that has pip: the environment's own, which a later sync may have taken it from, or one anew."""
    python = VENV / "bin" / "python"
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        run("pip is missing. 缺少 pip。", python, "-m", "ensurepip")
    return python


def main() -> int:
    """Set up; returns the exit code, having said in one sentence why when it is not 0."""
    try:
        if not is_current():
            make_environment()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Set-up failed: {error}. 环境准备失败:{error.strerror}。", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    vendor = subprocess.run([VENV / "bin" / "python", "-m", "devtools.vendor"], check=False)
    return vendor.returncode


if __name__ == "__main__":
    sys.exit(main())
