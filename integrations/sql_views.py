"""Reads views of other databases by a watermark, in batches, with a cursor at the server: memory stays flat.

PostgreSQL by asyncpg; Oracle, SQL Server and MySQL by their DB-API drivers (optional extras) in a thread. Reads only,
in a transaction that is never committed; with `tls` encrypted, the server's certificate and name checked by `trust`, or not
at all. Knows no patient and no mapping. Names of views and columns come from an
administrator's form, where they were checked; values are always bound.
"""

import asyncio
import importlib
import importlib.util
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import asyncpg

from core.error_words import without_values
from integrations import addresses, trust
from integrations.addresses import NotAllowed

Cell = str | int | float | bool | None
Row = dict[str, Cell]
Mark = datetime | date | int | str | bytes
PATIENCE = 30.0  # seconds to connect
SLOW = 300.0  # seconds for one batch
NO_TLS = re.compile(r"rejected SSL upgrade|SSL is required but|doesn't support SSL", re.IGNORECASE)
STRANGE_TEXT = "视图中有不属于数据库字符集的文字，请对方核对数据库字符集或在视图中转换"
NO_DAY = "0000-00-00"  # MySQL's day that is none


class ViewFailed(Exception):
    """The view could not be read; the message says why, in Chinese, without address or password."""


class MarkChanged(ViewFailed):
    """The watermark is of another type than it was: how far we were means nothing any more."""

    def __init__(self) -> None:
        super().__init__("水位列的类型变了，下次从头读取（重复的会自动去掉）")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: rows whose watermark is at least `since` (None: all that have one), in its order."""

    view: str
    mark_column: str
    key_columns: tuple[str, ...]
    since: Mark | None
    batch: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by column names in small letters, plain values; and the watermark of the last."""

    rows: tuple[Row, ...]
    mark: Mark


class View(Protocol):
    """A database that is read."""

    def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        """The rows, batch by batch.

        Raises:
            ViewFailed: it cannot be reached or read.
        """
        ...


def statement(wanted: Wanted, placeholder: str) -> str:
    """The one statement that is sent; every dialect takes it."""
    order = ", ".join((wanted.mark_column, *wanted.key_columns))
    condition = (
        f"{wanted.mark_column} is not null"
        if wanted.since is None
        else f"{wanted.mark_column} >= {placeholder}"
    )
    return f"select * from {wanted.view} where {condition} order by {order}"  # noqa: S608 - names were checked


def written(mark: Mark) -> str:
    """A watermark as it is kept."""
    if isinstance(mark, datetime):
        return f"t:{mark.isoformat()}"
    if isinstance(mark, date):
        return f"d:{mark.isoformat()}"
    if isinstance(mark, bytes):
        return f"b:{mark.hex()}"
    return f"{'i' if isinstance(mark, int) else 's'}:{mark}"


def read_mark(text: str) -> Mark | None:
    """A watermark that was kept; None for ""."""
    sort, _, value = text.partition(":")
    match sort:
        case "t":
            return datetime.fromisoformat(value)
        case "d":
            return date.fromisoformat(value)
        case "b":
            return bytes.fromhex(value)
        case "i":
            return int(value)
        case "s":
            return value
    return None


def back(mark: Mark, overlap: int) -> Mark:
    """The watermark, `overlap` seconds (or units of a counting one) earlier; texts and row versions as they are."""
    if isinstance(mark, datetime):
        return mark - timedelta(seconds=overlap)
    if isinstance(mark, date):
        return mark - timedelta(days=-(-overlap // 86_400))
    return mark - overlap if isinstance(mark, int) else mark


def held_back(mark: Mark, now: datetime) -> Mark:
    """The watermark, but no later than now: a row of tomorrow (a clock gone wrong) would hide all that is written until
    then. `now` with its zone; a watermark without one is the hospital's wall clock."""
    if isinstance(mark, datetime):
        here = now if mark.tzinfo else now.replace(tzinfo=None)
        return min(mark, here)
    if isinstance(mark, date):
        return min(mark, now.date())
    return mark


def _same_sort(mark: Mark, other: Mark) -> bool:
    if isinstance(mark, datetime) and isinstance(other, datetime):
        return (mark.tzinfo is None) == (other.tzinfo is None)
    return type(mark) is type(other)


def _mark_of(value: object) -> Mark:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, (datetime, date, int, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise ViewFailed("水位列应为时间、整数或文本")


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, timedelta):  # a TIME of MySQL: "08:05:00", not "8:05:00"
        hours, rest = divmod(int(value.total_seconds()), 3600)
        return f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    text = str(value).rstrip().replace("\x00", "")  # CHAR columns are filled with blanks
    return None if text.startswith(NO_DAY) else text


def _batch(names: Sequence[str], rows: Sequence[Sequence[object]], wanted: Wanted) -> Batch:
    column = wanted.mark_column.rsplit(".", 1)[-1].lower()
    low = [name.lower() for name in names]
    for needed in (column, *(name.lower() for name in wanted.key_columns)):
        if needed not in low:
            raise ViewFailed(f"视图中没有 {needed} 这一列")
    told = tuple(dict(zip(low, map(_cell, row), strict=True)) for row in rows)
    mark = _mark_of(rows[-1][low.index(column)])
    if wanted.since is not None and not _same_sort(mark, wanted.since):
        raise MarkChanged
    return Batch(told, mark)


@dataclass(frozen=True, slots=True)
class PostgresView:
    """PostgreSQL (and what speaks its protocol)."""

    host: str
    port: int
    database: str
    user: str
    password: str
    tls: bool = False

    async def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        """As `View.batches`."""
        try:
            raw = await asyncpg.connect(
                host=self.host, port=self.port, database=self.database, user=self.user,
                password=self.password or None, timeout=PATIENCE, command_timeout=SLOW,
                ssl=trust.context() if self.tls else "prefer",
            )  # fmt: skip
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _unreachable(error) from error
        since = () if wanted.since is None else (wanted.since,)
        try:
            async with raw.transaction(readonly=True):
                cursor = await raw.cursor(statement(wanted, "$1"), *since)
                while rows := await cursor.fetch(wanted.batch):
                    yield _batch(list(rows[0].keys()), [tuple(row.values()) for row in rows], wanted)
        except UnicodeError as error:
            raise ViewFailed(STRANGE_TEXT) from error
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if since and _about_mark(error):
                raise MarkChanged from error
            raise _unreadable(error) from error
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await raw.close(timeout=5)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A DB-API driver: its module, how it binds one value, how a connection is opened with a streaming cursor."""

    module: str
    placeholder: str
    open: Callable[[ModuleType, "DbApiView"], Any]
    cursor: Callable[[ModuleType, Any], Any]
    leave: Callable[[Any], None] = lambda _: (
        None
    )  # a cursor that has rows left, before its connection is closed


def _oracle(driver: ModuleType, at: "DbApiView") -> Any:
    driver.defaults.fetch_lobs = False  # a CLOB is text; else each one is read by a call of its own
    connection = driver.connect(
        user=at.user,
        password=at.password,
        host=at.host,
        port=at.port,
        service_name=at.database,
        tcp_connect_timeout=PATIENCE,
        **({"protocol": "tcps", "ssl_context": trust.context()} if at.tls else {}),
    )
    connection.call_timeout = int(SLOW * 1000)
    return connection


def _mssql(driver: ModuleType, at: "DbApiView") -> Any:
    return driver.connect(
        dsn=at.host, port=at.port, database=at.database, user=at.user, password=at.password, timeout=SLOW,
        login_timeout=PATIENCE, readonly=True, cafile=_authorities() if at.tls else None,
    )  # fmt: skip


def _mysql(driver: ModuleType, at: "DbApiView") -> Any:
    return driver.connect(
        host=at.host, port=at.port, database=at.database, user=at.user, password=at.password, charset="utf8mb4",
        connect_timeout=int(PATIENCE), read_timeout=int(SLOW), ssl=trust.context() if at.tls else None,
    )  # fmt: skip


def _authorities() -> str:
    """The file of authorities; python-tds encrypts only when it is given one, and by pyOpenSSL.

    Raises:
        ViewFailed: one of the two is missing; nothing is sent unencrypted that was to be encrypted.
    """
    if importlib.util.find_spec("OpenSSL") is None:
        raise ViewFailed("没有安装加密连接所需的 pyOpenSSL，见运维手册")
    found = trust.file()
    if not found:
        raise ViewFailed("没有可用的 CA 证书：请配置 HUIYIN_OUTWARD_CA_FILE")
    return found


def _plain_cursor(_: ModuleType, connection: Any) -> Any:
    return connection.cursor()


def _streaming_cursor(driver: ModuleType, connection: Any) -> Any:
    return connection.cursor(importlib.import_module(f"{driver.__name__}.cursors").SSCursor)


def _leave_unread(cursor: Any) -> None:
    """Closing PyMySQL's streaming cursor reads all that is left, a million rows perhaps; forgotten, it tries so later."""
    if (result := getattr(cursor, "_result", None)) is not None:
        result.unbuffered_active = False


DIALECTS = {
    "oracle": Dialect("oracledb", ":1", _oracle, _plain_cursor),
    "mssql": Dialect("pytds", "%s", _mssql, _plain_cursor),
    "mysql": Dialect("pymysql", "%s", _mysql, _streaming_cursor, _leave_unread),
}
PORTS = {"postgresql": 5432, "oracle": 1521, "mssql": 1433, "mysql": 3306}


@dataclass(frozen=True, slots=True)
class DbApiView:
    """A database with a DB-API driver (PEP 249), each call in a thread."""

    dialect: Dialect
    host: str
    port: int
    database: str
    user: str
    password: str
    tls: bool = False

    async def batches(self, wanted: Wanted) -> AsyncIterator[Batch]:
        """As `View.batches`."""
        try:
            driver = importlib.import_module(self.dialect.module)
        except ImportError as error:
            raise ViewFailed(f"没有安装数据库驱动 {self.dialect.module}，见运维手册") from error
        failures = (driver.Error, OSError, TimeoutError)
        try:
            connection = await asyncio.to_thread(self.dialect.open, driver, self)
        except failures as error:
            raise _unreachable(error) from error
        cursor = None
        try:
            cursor = await asyncio.to_thread(self.dialect.cursor, driver, connection)
            cursor.arraysize = wanted.batch
            bound = [] if wanted.since is None else [(wanted.since,)]
            await asyncio.to_thread(cursor.execute, statement(wanted, self.dialect.placeholder), *bound)
            names = [column[0] for column in cursor.description]
            while rows := await asyncio.to_thread(cursor.fetchmany, wanted.batch):
                yield _batch(names, rows, wanted)
        except UnicodeError as error:
            raise ViewFailed(STRANGE_TEXT) from error
        except failures as error:
            raise _unreadable(error) from error
        finally:
            self.dialect.leave(cursor)
            with suppress(*failures):
                await asyncio.to_thread(connection.close)


def _about_mark(error: Exception) -> bool:
    """Whether the database would not compare its column with our watermark, rather than stumble over a row."""
    return "query argument" in str(error) or isinstance(
        error, (asyncpg.UndefinedFunctionError, asyncpg.DatatypeMismatchError)
    )


def _unreachable(error: Exception) -> ViewFailed:
    """What kind of failure, with the server's number where it gives one: its words may name the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ViewFailed(f"数据库的证书未通过校验（{cause.verify_message}）")
        cause = cause.__cause__ or cause.__context__
    if NO_TLS.search(str(error)):
        return ViewFailed("数据库没有开启加密连接：请在数据库上开启 TLS，或将“加密连接”改为否")
    number = error.args[0] if error.args and isinstance(error.args[0], int) else ""
    return ViewFailed(f"无法连接数据库（{' '.join(filter(None, (type(error).__name__, str(number))))}）")


def _unreadable(error: Exception) -> ViewFailed:
    if isinstance(error, (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)):
        return ViewFailed(STRANGE_TEXT)
    return ViewFailed(f"读取视图失败：{without_values(str(error))[:200] or type(error).__name__}")


async def opened(address: str, secret: str, *, tls: bool) -> View:
    """The view's database at `scheme://host:port/database`, with "user:password".

    Raises:
        ViewFailed: the address is none, or our calls do not go there (integrations/addresses.py).
    """
    parts = urlsplit(address)
    host, database = parts.hostname or "", unquote(parts.path.strip("/"))
    port = parts.port or PORTS.get(parts.scheme, 0)
    user, _, password = secret.partition(":")
    if parts.scheme not in PORTS or not host or not database:
        raise ViewFailed("数据库地址有误")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port)
        for entry in found:
            addresses.check(ipaddress.ip_address(str(entry[4][0]).split("%", 1)[0]), "https")
    except NotAllowed as error:
        raise ViewFailed(str(error)) from error
    except OSError as error:
        raise ViewFailed("找不到数据库的主机名") from error
    if parts.scheme == "postgresql":
        # A certificate is for a name; without one, what was checked above is what is called.
        return PostgresView(host if tls else str(found[0][4][0]), port, database, user, password, tls)
    return DbApiView(DIALECTS[parts.scheme], host, port, database, user, password, tls)
