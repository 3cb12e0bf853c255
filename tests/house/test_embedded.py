"""The embedded servers start, stop, survive their supervisor's death and say in one sentence what is wrong.

Real servers in temporary folders; the supervisor that is killed is a process of its own.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from core.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedRedis, errors, process

ROOT = Path(__file__).resolve().parents[2]
SUPERVISOR = """
import sys, time
from pathlib import Path
from core.embedded import EmbeddedPostgres, EmbeddedRedis
folder = Path(sys.argv[1])
postgres, bell = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
print(postgres.start(), bell.start(), postgres.pid, bell.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the unprivileged user may pass through, as a checkout's usually is."""
    with tempfile.TemporaryDirectory(prefix="huiyin-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def ask(dsn: str, sql: str) -> object:
    async def go() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:  # these tests are about servers, not about the session's loop
        return runner.run(go())


def test_postgres_keeps_its_data_and_its_password_over_a_restart(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", fsync=False)
    dsn = server.start()
    ask(dsn, "create table kept (word text)")
    ask(dsn, "insert into kept values ('回音')")
    assert server.start() == dsn  # already running: the same
    server.stop()
    server.stop()  # nothing left to stop

    again = EmbeddedPostgres(folder / "postgres", fsync=False)
    assert ask(again.start(), "select word from kept") == "回音"
    again.stop()


def test_postgres_lets_nobody_in_without_the_password(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", fsync=False)
    dsn = server.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(f"postgresql://huiyin:guess@127.0.0.1:{server.port}/huiyin", "select 1")
    assert ask(dsn, "select current_user || '@' || current_database()") == "huiyin@huiyin"
    assert ((folder / "postgres" / "password").stat().st_mode & 0o777) == 0o600
    server.stop()


def test_redis_answers_with_its_password_only_and_forgets_on_restart(folder: Path) -> None:
    server = EmbeddedRedis(folder / "redis")
    client = redis.Redis.from_url(server.start())
    assert client.set("bell", 1) is True
    client.close()
    stranger = redis.Redis(port=server.port)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    stranger.close()
    server.stop()

    client = redis.Redis.from_url(server.start())
    assert client.get("bell") is None
    client.close()
    server.stop()


def test_a_killed_supervisor_takes_its_servers_along_and_the_next_start_finds_the_data(folder: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    dsn, _url, postgres_pid, redis_pid = supervisor.stdout.readline().split()
    ask(dsn, "create table kept as select 42 as answer")

    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    supervisor.stdout.close()

    server, bell = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
    assert ask(server.start(), "select answer from kept") == 42
    assert bell.start().startswith("redis://")
    assert (process.alive(int(postgres_pid)), process.wait_until_gone(int(redis_pid), 10)) == (False, True)
    server.stop()
    bell.stop()


def test_a_killed_server_starts_again_at_the_same_address(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", process.free_port())
    dsn = server.start()
    ask(dsn, "create table kept as select 42 as answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    process.wait_until_gone(server.pid or 0, 5)
    deadline = time.monotonic() + 20
    while server.pid is None and time.monotonic() < deadline:
        try:
            server.start()  # its last backends may hold the shared memory for a moment
        except EmbeddedError:
            time.sleep(0.2)
    assert server.dsn() == dsn
    assert ask(dsn, "select answer from kept") == 42
    server.stop()


def test_a_port_in_use_is_said_in_one_sentence(folder: Path, taken_port: int) -> None:
    sentence = (
        f"Port {taken_port} is in use by another program; stop it or choose another port. "
        f"端口 {taken_port} 已被其他程序占用,请停止该程序或换一个端口。"
    )
    for server in (
        EmbeddedPostgres(folder / "postgres", taken_port),
        EmbeddedRedis(folder / "redis", taken_port),
    ):
        with pytest.raises(EmbeddedError) as caught:
            server.start()
        assert str(caught.value) == sentence
        assert server.pid is None


def test_two_servers_do_not_share_one_folder(folder: Path) -> None:
    first = EmbeddedPostgres(folder / "postgres", fsync=False)
    dsn = first.start()
    second = EmbeddedPostgres(folder / "postgres", fsync=False, patience=0.2)
    with pytest.raises(EmbeddedError, match="A server is already running on"):
        second.start()
    assert ask(dsn, "select 1") == 1
    first.stop()


def test_data_of_another_version_are_left_alone(folder: Path) -> None:
    cluster = folder / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match=r"belong to PostgreSQL 9, this is PostgreSQL \d+"):
        EmbeddedPostgres(folder / "postgres").start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_an_unwritable_folder_is_said_in_one_sentence(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    for server in (EmbeddedPostgres(folder / "file" / "postgres"), EmbeddedRedis(folder / "file" / "redis")):
        with pytest.raises(EmbeddedError, match=r"Cannot write to .+: Not a directory\."):
            server.start()


def test_a_full_disk_is_said_in_one_sentence(folder: Path) -> None:
    with pytest.raises(EmbeddedError, match="is full; free some space"):
        process.require_space(folder, at_least=2**60)
    full = OSError(28, "No space left on device")
    assert str(errors.unwritable(folder, full)) == str(errors.disk_full(folder))


def test_a_parent_folder_nobody_may_enter_is_named(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    stranger = process.Account("stranger", 54321, 54321)
    with pytest.raises(
        EmbeddedError, match=f"runs as user stranger, which may not enter {closed} on the way"
    ):
        process.require_passage(closed / "postgres" / "cluster", stranger)
    closed.chmod(0o711)
    process.require_passage(closed / "postgres" / "cluster", stranger)
