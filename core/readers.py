"""A few connections of their own for one shape of question, whose limit of time and planner settings hold for the session.

A list of cases or of patients wants plans of one shape and an end in time. Said with `set local` that is a transaction
and three more round trips for every page; said once to a connection that nobody else uses, it costs nothing. A reader
writes nothing and sees what is committed, also when the caller has a transaction open.
"""

import asyncpg

from core import db

MOST = 2  # connections of one reader in one process: few, so that what one has prepared is met again
STATEMENTS = 300  # kept prepared on each; lists differ by filter and by what a person may see


class Reader:
    """Connections with `settings` of PostgreSQL (name=value); `patience` in milliseconds ends a statement."""

    def __init__(self, name: str, *, patience: int, **settings: str) -> None:
        self.name, self.patience = name, patience
        self._settings = {"statement_timeout": str(patience), **settings}

    async def fetch(self, sql: str, *values: object, patience: int | None = None) -> "list[asyncpg.Record]":
        """Rows of one statement.

        Raises:
            asyncpg.QueryCanceledError: it took longer than `patience`, the reader's own unless another is given.
        """
        pool = await db.pool_of(self.name, self._settings, most=MOST, statements=STATEMENTS)
        async with pool.acquire() as raw:
            if patience is None or patience == self.patience:
                rows: list[asyncpg.Record] = await raw.fetch(sql, *values)
                return rows
            async with raw.transaction(readonly=True):
                await raw.execute(f"set local statement_timeout = {patience}")
                bounded: list[asyncpg.Record] = await raw.fetch(sql, *values)
            return bounded
