"""`make run` on a stage: the real supervisor and servers, with four tiny programs in place of ours.

What is claimed: it gets ready, keeps what it should over a restart, restarts what crashes, stops everything,
leaves no process behind even when it is killed itself, and says what is wrong in one sentence.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.embedded import process
from devtools.environment import read

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until a test gives up waiting; nothing is measured by it

SERVER = '''"""Answers every GET with its own process id."""
import http.server, os, signal, sys, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_):
        pass
print('{"level": "info", "event": "all is well"}')
print('{"level": "warning", "event": "a_warning", "ms": 3}')
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT_NAME"])), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
print("closed in order")
'''
WORKER = '"""Works on nothing."""\nimport time\nprint("working")\ntime.sleep(600)\n'
MANAGE = '"""Tells what it was asked."""\nimport sys\nprint("asked:", *sys.argv[1:])\n'


@dataclass
class Run:
    """One `python -m devtools.run` and what it has said so far."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.said.extend(line.rstrip("\n") for line in lines)

    def until(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not any(words in line for line in list(self.said)):
            if time.monotonic() > deadline or (
                self.process.poll() is not None and not self._reader.is_alive()
            ):
                raise AssertionError(f"never said {words!r}: {self.said}")
            time.sleep(0.02)

    def end(self) -> tuple[int, list[str]]:
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code, self.said


@dataclass
class Stage:
    """A checkout with stand-in programs and the real devtools, core and migrations."""

    root: Path
    web_port: int
    sandbox_port: int
    runs: list[Run] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.root / "data"

    def command(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("HUIYIN_", "SANDBOX_"))
        }
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env={
                **clean,
                "HUIYIN_DATA_FOLDER": str(self.data),
                "HUIYIN_PORT": str(self.web_port),
                "SANDBOX_PORT": str(self.sandbox_port),
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, **env: str) -> Run:
        self.runs.append(Run(self.command("devtools.run", **env)))
        return self.runs[-1]

    def tell(self, *arguments: str) -> tuple[int, str]:
        command = self.command(*arguments)
        out, _ = command.communicate(timeout=PATIENCE)
        return command.returncode, out

    def web(self) -> int:
        """The process id with which the web stand-in answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/readyz") as answer:
            return int(answer.read())

    def web_again(self) -> int:
        """As `web`, of a stand-in that is just starting."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.web()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def kept(self) -> dict[str, str]:
        return read(self.data / "secrets.env")

    def log(self, name: str) -> list[str]:
        return (self.data / "logs" / f"{name}.log").read_text().splitlines()


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.fixture
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="huiyin-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        root.chmod(0o711)
        for folder in ("core", "devtools", "migrations"):
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "app.py").write_text(SERVER.replace("PORT_NAME", "HUIYIN_PORT"))
        (root / "sandbox").mkdir()
        (root / "sandbox" / "__init__.py").touch()
        (root / "sandbox" / "__main__.py").write_text(SERVER.replace("PORT_NAME", "SANDBOX_PORT"))
        (root / "worker.py").write_text(WORKER)
        (root / "feeds.py").write_text(WORKER)
        (root / "manage.py").write_text(MANAGE)
        prepared = Stage(root, process.free_port(), process.free_port())
        yield prepared
        for run in prepared.runs:
            if run.process.poll() is None:
                run.process.send_signal(signal.SIGTERM)
            run.end()


def test_it_gets_ready_tells_where_and_stops_everything_when_asked(stage: Stage) -> None:
    run = stage.run()
    run.until("Ctrl-C stops everything")
    mine = children_of(run.process.pid)
    assert len(mine) == 6  # PostgreSQL, Redis, sandbox, worker, feeds, web
    assert stage.web() in mine

    run.process.send_signal(signal.SIGINT)
    code, said = run.end()

    assert code == 0
    assert [pid for pid in mine if process.alive(pid)] == []
    assert f"  console 工作台      http://127.0.0.1:{stage.web_port}/" in said
    assert "asked: logins" in said
    assert said.count("  [web] warning a_warning ms=3") == 1
    assert not any("all is well" in line for line in said)
    assert stage.log("web")[-1] == "closed in order"
    assert not (stage.data / "run.env").exists()


def test_a_second_run_keeps_secrets_and_data(stage: Stage) -> None:
    def once() -> tuple[dict[str, str], str]:
        run = stage.run()
        run.until("Ctrl-C stops everything")
        url = read(stage.data / "run.env")["HUIYIN_DATABASE_URL"]
        run.process.send_signal(signal.SIGTERM)
        code, said = run.end()
        assert code == 0
        return stage.kept(), next((line for line in said if "migrations" in line), url.partition("@")[0])

    secrets, first = once()
    again, second = once()
    assert again == secrets
    assert first.startswith("database: ")  # migrations ran at the first time and not at the second
    assert second.startswith("postgresql://huiyin_application:")  # not the owner
    assert ((stage.data / "secrets.env").stat().st_mode & 0o777) == 0o600


def test_what_crashes_is_restarted_and_said(stage: Stage) -> None:
    run = stage.run()
    run.until("Ctrl-C stops everything")
    first = stage.web()
    os.kill(first, signal.SIGKILL)
    run.until("[web] ended unexpectedly (signal SIGKILL), again in 1 s")
    assert stage.web_again() != first


def test_when_it_is_killed_nothing_stays_behind_and_it_starts_again(stage: Stage) -> None:
    run = stage.run()
    run.until("Ctrl-C stops everything")
    mine = children_of(run.process.pid)
    run.process.send_signal(signal.SIGKILL)
    run.end()
    assert [pid for pid in mine if not process.wait_until_gone(pid, PATIENCE)] == []

    again = stage.run()
    again.until("Ctrl-C stops everything")


def test_a_command_runs_inside_the_running_system_and_reset_stops_it_and_deletes_its_data(
    stage: Stage,
) -> None:
    ask = ("devtools.within", sys.executable, "-c", "import os; print(os.environ['HUIYIN_ENVIRONMENT'])")
    assert stage.tell(*ask) == (
        1,
        "No system is running here; start it with `make run` first. 系统未运行,请先执行 make run。\n",
    )
    run = stage.run()
    run.until("Ctrl-C stops everything")
    assert stage.tell(*ask) == (0, "sample\n")

    second = stage.run()
    assert second.end() == (
        1,
        [
            f"The system of this checkout is already running (process {run.process.pid}). 本目录的系统已在运行中。"
        ],
    )

    assert stage.tell("devtools.reset") == (
        0,
        "stopping the running system 正在停止系统 …\ndata deleted; `make run` starts over 数据已清空\n",
    )
    assert run.end()[0] == 0
    assert not stage.data.exists()
    assert stage.tell("devtools.reset") == (0, "nothing to delete 没有需要清理的数据\n")


def test_a_port_in_use_ends_the_start_with_one_sentence(stage: Stage) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stage.web_port))
        other.listen()
        sentence = (
            f"Port {stage.web_port} is in use by another program; stop it or choose another port. "
            f"端口 {stage.web_port} 已被其他程序占用,请停止该程序或换一个端口。"
        )
        assert stage.run().end() == (1, [sentence])


def test_a_setting_that_is_no_port_ends_the_start_with_one_sentence(stage: Stage) -> None:
    assert stage.run(HUIYIN_PORT="eighty").end() == (
        1,
        ["HUIYIN_PORT must be a port number, not 'eighty'. HUIYIN_PORT 应为端口号。"],
    )


def test_a_program_that_cannot_start_ends_the_start_with_its_last_words(stage: Stage) -> None:
    (stage.root / "app.py").write_text('import sys\nsys.exit("HUIYIN_SECRET_KEY: Field required")\n')
    code, said = stage.run().end()
    assert (code, said[-1]) == (
        1,
        f"web did not start: HUIYIN_SECRET_KEY: Field required (see {stage.data}/logs/web.log). 启动失败。",
    )


def test_a_seed_that_fails_ends_the_start_with_its_last_words(stage: Stage) -> None:
    (stage.root / "manage.py").write_text('import sys\nsys.exit("no such table")\n')
    code, said = stage.run().end()
    assert (code, said[-1]) == (
        1,
        f"manage.py seed failed: no such table (see {stage.data}/logs/seed.log). 启动失败,详见日志。",
    )
