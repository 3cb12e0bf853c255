"""The one database: the pool, the transaction wrapper, and plain SQL where the ORM is too slow or too weak.

Everything that writes goes through `transaction()`; nothing outward may happen while one is open.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.connection import get_connections
from tortoise.context import TortoiseContext

MODELS = (
    "core.models",
    "staff.models",
    "patients.models",
    "im.models",
    "channels.models",
    "tickets.models",
    "tickets.petitions.models",
    "bot.models",
    "console.models",
)

AWAY = (  # a database that is not there, is going, or is coming up
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
)

Hook = Callable[[], Awaitable[None]]

_openings = [0]
_address: dict[str, Any] = {}
_pools: "dict[str, asyncpg.Pool[asyncpg.Record]]" = {}  # of readers (core/readers.py), beside the ORM's own
_CLOSING = 10  # seconds for what is under way, as the ORM gives its own pool
_after: ContextVar[list[Hook] | None] = ContextVar("after_commit", default=None)


def is_away(error: BaseException) -> bool:
    """Whether the database is away, which is no statement's fault (asyncpg counts a value that does not fit as
    InterfaceError too)."""
    return isinstance(error, AWAY) and not isinstance(error, asyncpg.DataError)


async def open_db(url: str, *, pool_min: int = 1, pool_max: int = 10) -> TortoiseContext:
    """Connect; the pool opens at the first query. Close with `close_db()`."""
    _openings[0] += 1
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    _address.update(
        host=query.get("host", parts.hostname or "127.0.0.1"),
        port=parts.port or 5432,
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
    )
    return await Tortoise.init(
        config={
            "connections": {
                "default": {
                    "engine": "tortoise.backends.asyncpg",
                    "credentials": {
                        **_address,
                        # Two settings: whoever lowers the one need not know the other.
                        "minsize": min(pool_min, pool_max),
                        "maxsize": pool_max,
                        "command_timeout": 60,
                        "reset": _nothing_to_reset,
                    },
                }
            },
            "apps": {"models": {"models": list(MODELS), "default_connection": "default"}},
            "use_tz": True,
            "timezone": "UTC",
        },
        _enable_global_fallback=True,
    )


async def _nothing_to_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nobody leaves session state behind (locks and settings are the transaction's), so the round trip of asyncpg's
    own reset at every release is saved; what an interrupted task left open is still rolled back by asyncpg."""


def opening() -> int:
    """Which opening of a database this is: what a process keeps by the id of a row is of one opening only."""
    return _openings[0]


async def close_db() -> None:
    """Close the pools."""
    await Tortoise.close_connections()
    pools = list(_pools.values())
    _pools.clear()
    for pool in pools:
        try:
            await asyncio.wait_for(pool.close(), _CLOSING)
        except TimeoutError:
            pool.terminate()


async def pool_of(
    name: str, settings: dict[str, str], *, most: int, statements: int
) -> "asyncpg.Pool[asyncpg.Record]":
    """The pool of a reader on the database that is open, opened at its first question."""
    found = _pools.get(name)
    if found is None:
        made = asyncpg.create_pool(
            **_address,
            min_size=0,
            max_size=most,
            command_timeout=60,
            statement_cache_size=statements,
            server_settings=settings,
            reset=_nothing_to_reset,
        )
        found = _pools.setdefault(name, made)  # before the first wait: two questions at once open one pool
    await found
    return found


async def _pool(client: AsyncpgDBClient) -> "asyncpg.Pool[asyncpg.Record]":
    if client._pool is None:
        async with client._pool_init_lock:
            if client._pool is None:
                await client.create_connection(with_db=True)
    assert client._pool is not None  # noqa: S101 - create_connection raises or sets it
    return client._pool


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """One transaction; a nested block is a savepoint.

    Tortoise 1.1 loses a pool connection when the task is cancelled while a transaction opens, so the
    connection is taken and given back here. What was asked for with `after_commit` runs once the
    outermost block has committed, and is forgotten when the block that asked is rolled back.
    """
    hooks = _after.get()
    if hooks is not None:
        async with _savepoint(hooks):
            yield
        return
    hooks = []
    mark = _after.set(hooks)
    try:
        async with _outermost():
            yield
    finally:
        _after.reset(mark)
    for hook in hooks:
        await hook()


@asynccontextmanager
async def _outermost() -> AsyncIterator[None]:
    handler = get_connections()
    client = handler.get("default")
    if not isinstance(client, AsyncpgDBClient):
        raise TypeError("the database is not PostgreSQL")
    pool = await _pool(client)
    connection = await pool.acquire()
    try:
        wrapper = TransactionWrapper(client)
        wrapper._connection = connection
        token = handler.set("default", wrapper)
        try:
            async with connection.transaction():
                yield
        finally:
            handler.reset(token)
    finally:
        await pool.release(connection)


@asynccontextmanager
async def _savepoint(hooks: list[Hook]) -> AsyncIterator[None]:
    kept = len(hooks)
    client = get_connections().get("default")
    try:
        async with client._connection.transaction():
            yield
    except BaseException:
        del hooks[kept:]
        raise


def in_transaction() -> bool:
    """Whether this task has a transaction open."""
    return _after.get() is not None


async def after_commit(hook: Hook) -> None:
    """Run `hook` once the present transaction has committed, or at once when none is open.

    For bells only: the process may die between commit and hook, so what must happen is a row.
    """
    hooks = _after.get()
    if hooks is None:
        await hook()
    else:
        hooks.append(hook)


@asynccontextmanager
async def connection() -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The asyncpg connection of the open transaction, or one from the pool for the block."""
    async with get_connections().get("default").acquire_connection() as raw:
        yield raw


async def fetch(sql: str, *values: Any) -> "list[asyncpg.Record]":
    """Rows of one statement ($1, $2 … are `values`)."""
    async with connection() as raw:
        rows: list[asyncpg.Record] = await raw.fetch(sql, *values)
    return rows


async def fetchrow(sql: str, *values: Any) -> "asyncpg.Record | None":
    """The first row of one statement, or None."""
    async with connection() as raw:
        return await raw.fetchrow(sql, *values)


async def fetchval(sql: str, *values: Any) -> Any:
    """The first column of the first row of one statement, or None."""
    async with connection() as raw:
        return await raw.fetchval(sql, *values)


async def execute(sql: str, *values: Any) -> int:
    """Run one statement; the number of rows it touched."""
    async with connection() as raw:
        status = await raw.execute(sql, *values)
    tail = status.rsplit(" ", 1)[-1]
    return int(tail) if tail.isdigit() else 0


async def executemany(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Run one statement for each row of values, in one round trip."""
    async with connection() as raw:
        await raw.executemany(sql, rows)
