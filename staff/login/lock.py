"""Counts failed attempts to prove who one is, per account and per address, and locks for a while.

An attempt is counted before it is checked and forgiven when it succeeds, so that a hundred guesses sent at
once are not all checked. A lock ends by itself: it holds while the window has too many failures in it. Failures from
elsewhere do not lock an account where its owner was signed in lately, so that nobody locks others out by guessing.
"""

from datetime import datetime, timedelta

from prometheus_client import Counter

from core import clock, db
from core.errors import TooMany
from core.networks import counted
from core.parameters import Parameter, declare, number

REFUSED = Counter("huiyin_login_refused_total", "Log-ins refused by a lock", ("by",))
HOME = timedelta(days=30)  # so long an address is one of the owner's after a log-in
SOURCE = "GB/T 22239-2019 8.1.4.1 身份鉴别：登录失败处理"
PER_ACCOUNT = declare(
    Parameter(
        "login.failures_account",
        "同一工号连续失败次数上限",
        int,
        5,
        low=3,
        high=20,
        unit="次",
        source=SOURCE,
        what="达到后锁定这个工号；本人近 30 天登录过的地址只计该地址的失败，免得别人乱试把本人锁在外面",
    )
)
PER_ADDRESS = declare(  # a whole hospital may come from one address, so this is wide
    Parameter(
        "login.failures_address",
        "同一地址失败次数上限",
        int,
        60,
        low=10,
        high=1000,
        unit="次",
        source=SOURCE,
        what="全院共用出口地址时应调大，以免一人输错锁住全院",
    )
)
WINDOW_MINUTES = declare(
    Parameter(
        "login.lock_minutes",
        "锁定时间",
        int,
        15,
        low=5,
        high=1440,
        unit="分钟",
        source=SOURCE,
        what="失败达到上限后锁定多久；管理员可提前解锁",
    )
)


async def attempt(name: str, address: str) -> None:
    """Count an attempt under `name` from `address` ("" when not known).

    Raises:
        TooMany: locked; the attempt is then neither counted nor to be checked.
    """
    address = counted(address)
    minutes = await number(WINDOW_MINUTES)
    most_name, most_address = await number(PER_ACCOUNT), await number(PER_ADDRESS)
    now = clock.now()
    since = now - timedelta(minutes=minutes)
    async with db.transaction():
        for whose in filter(None, (f"name {name}", f"address {address}" if address else "")):
            await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 12))", whose)
        of_name = await _of_name(name, address, since, most_name)
        of_address = (
            await db.fetchval(
                "select count(*) from login_failure where address = $1 and at > $2", address, since
            )
            if address
            else 0
        )
        if of_name >= most_name or of_address >= most_address:
            REFUSED.labels("account" if of_name >= most_name else "address").inc()
            raise TooMany(f"失败次数过多，请在 {minutes} 分钟后再试，或联系系统管理员解锁")
        await db.execute(
            "insert into login_failure (number, address, at) values ($1, $2, $3)", name, address, now
        )


async def _of_name(name: str, address: str, since: datetime, most: int) -> int:
    """The failures that count against `name` here: all, but where the owner was signed in lately those from here."""
    everywhere: int = await db.fetchval(
        "select count(*) from login_failure where number = $1 and at > $2", name, since
    )
    if everywhere < most or not address:
        return everywhere
    at_home = await db.fetch(
        "select distinct e.address from session e join staff s on s.id = e.staff_id"
        " where s.number = $1 and e.created_at > $2 limit 500",
        name.removeprefix("second:"),
        clock.now() - HOME,
    )
    if address not in {counted(row["address"]) for row in at_home}:
        return everywhere
    here: int = await db.fetchval(
        "select count(*) from login_failure where number = $1 and address = $3 and at > $2",
        name,
        since,
        address,
    )
    return here


async def failures(name: str, address: str) -> int:
    """The failed attempts within the window: those under `name`, or those from `address` beyond half its limit."""
    address = counted(address)
    since = clock.now() - timedelta(minutes=await number(WINDOW_MINUTES))
    of_name: int = await db.fetchval(
        "select count(*) from login_failure where number = $1 and at > $2", name, since
    )
    of_address: int = await db.fetchval(
        "select count(*) from login_failure where address = $1 and $1 <> '' and at > $2", address, since
    )
    return max(of_name, of_address - await number(PER_ADDRESS) // 2)


async def left(name: str) -> int:
    """How many more attempts this account has before it is locked."""
    since = clock.now() - timedelta(minutes=await number(WINDOW_MINUTES))
    used: int = await db.fetchval(
        "select count(*) from login_failure where number = $1 and at > $2", name, since
    )
    return max(0, await number(PER_ACCOUNT) - used)


async def forgive(name: str) -> None:
    """The account has proven itself: its failures are forgotten, those of other accounts at its address stand."""
    await db.execute("delete from login_failure where number = $1", name)


async def tidy() -> int:
    """Forget failures that are a day old and more (the audit log keeps its own lines); how many."""
    return await db.execute("delete from login_failure where at < $1", clock.now() - timedelta(days=1))
