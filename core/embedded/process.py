"""Starts a server as a direct child that dies with us, and stops it; knows nothing of what the server is.

A direct child (never through a daemonising helper) can be reaped, and `setpriv --pdeathsig` (util-linux)
makes the kernel stop it when the supervisor is killed, so that no orphan keeps the data folder. The
kernel means the thread that started the child: start servers from a thread that lives as long as you do.
"""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.embedded import errors

MINIMUM_FREE = 200 * 1024 * 1024  # bytes; below this a new cluster (about 40 MB) and its WAL would soon fail
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system user a server runs as."""

    name: str
    uid: int
    gid: int


def account_for(data: Path, candidates: Sequence[str]) -> Account:
    """Return who shall run a server that refuses to run as root.

    Not root: ourselves. Root: the owner of existing data, else the first of `candidates` that exists.
    """
    if os.geteuid() != 0:
        return own_account()
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in candidates:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise errors.not_installed("an unprivileged user", f"create one of: {', '.join(candidates)}")


def own_account() -> Account:
    """Return the user we run as ourselves."""
    return Account(_name_of(os.geteuid()), os.geteuid(), os.getegid())


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def require_passage(path: Path, account: Account) -> None:
    """Raise `EmbeddedError` naming the first parent folder of `path` that `account` may not enter."""
    for folder in reversed(path.absolute().parents):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return
        if found.st_uid == account.uid:
            allowed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            allowed = stat.S_IXGRP
        else:
            allowed = stat.S_IXOTH
        if account.uid != 0 and not found.st_mode & allowed:
            raise errors.not_traversable(folder, path, account.name)


def require_space(folder: Path, at_least: int = MINIMUM_FREE) -> None:
    """Raise `EmbeddedError` when fewer than `at_least` bytes are free where `folder` lies."""
    if shutil.disk_usage(folder).free < at_least:
        raise errors.disk_full(folder)


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_port(port: int) -> None:
    """Raise `EmbeddedError` when something listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise errors.port_in_use(port) from error


def as_child(command: Sequence[str], account: Account, death_signal: str) -> list[str]:
    """Wrap `command` so that it runs as `account` and gets `death_signal` (INT, TERM) when we die."""
    setpriv = shutil.which("setpriv")
    other = account.uid != os.geteuid()
    if setpriv is None:
        if other:
            raise errors.not_installed("setpriv", "apt-get install util-linux")
        return list(command)
    drop = ["--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"] if other else []
    return [setpriv, *drop, "--pdeathsig", death_signal, *command]


def spawn(
    command: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own (a terminal's Ctrl-C reaches us, not it), writing to `log`."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    assert child.stdin is not None  # noqa: S101 - a pipe was asked for
    try:
        child.stdin.write(stdin)
        child.stdin.close()
    except BrokenPipeError:
        pass  # it died at once; whoever waits for it finds out and reads the log
    return child


def stop(child: "subprocess.Popen[bytes]", signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait its number of seconds, until the child is gone; last of all, kill."""
    for number, seconds in signals:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return
    child.kill()
    child.wait()


def alive(pid: int) -> bool:
    """Whether a process of this id runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
        try:  # no /proc on this system
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    return state != "Z"


def wait_until_gone(pid: int, seconds: float) -> bool:
    """Wait for the process `pid`, which need not be our child, to end; False when it did not."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def last_line(log: Path) -> str:
    """Return the last line of a log that is not empty."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no word in its log"
