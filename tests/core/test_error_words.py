"""Whatever fails, no log line, of ours or of a library, and no word kept of it tells whom it was about."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress

import asyncpg
import pytest
import structlog
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, ValidationError

from core import db, jobs
from core.error_words import told, traced
from core.jobs import Job
from core.logs import logger, set_up
from core.web import make_app

PHONE, ID, NAME, WORDS = "13800000917", "990000202002290035", "欧阳测试娜", "被护士辱骂\n两小时无人理睬"
PERSONAL = (PHONE, ID, NAME, "138-0000-0917", "１３８００００09１7", "被护士辱骂", "无人理睬")


class Told(BaseModel):
    """What somebody might send."""

    name: int
    phone: int


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Logs as the programs write them, and afterwards as the tests do."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    set_up("INFO", "json", "test")
    (handler,), written = root.handlers, io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def wrong(name: str = NAME) -> ValidationError:
    """An error of pydantic that quotes what it was given."""
    with pytest.raises(ValidationError) as caught:
        Told.model_validate({"name": name, "phone": f"{PHONE}转"})
    return caught.value


async def refused(sql: str, *values: object) -> Exception:
    """What the database says to this."""
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as caught:
        await db.execute(sql, *values)
    error: Exception = caught.value
    return error


@pytest.fixture
async def kept(database: str) -> str:
    """A table with somebody in it."""
    await db.execute(
        "create table said (name text unique, words text not null, phone text check (phone <> '0'))"
    )
    await db.execute("insert into said values ($1, $2, $3)", NAME, WORDS, PHONE)
    return database


AT_FAULT: tuple[tuple[str, tuple[object, ...], str], ...] = (
    ("insert into said values ($1, $2, '')", (NAME, "x"), "said_name_key"),
    ("insert into said values ($1, null, $2)", (NAME + "二", PHONE), '"words"'),
    ("insert into said values ('', $1, '0')", (WORDS,), "said_phone_check"),
    ("select $1::int", (NAME,), "query argument $1: … ('str' object cannot be interpreted as an integer)"),
    ("select ('x' || $1::text)::int", (NAME,), "for type integer"),
    ("select ($1::text)::date", (f"{NAME}\n{PHONE}",), "for type date"),
    ("select ($1::text)::jsonb", (f"{{{WORDS}",), "for type json"),
)


@pytest.mark.parametrize(
    ("sql", "values", "says"), AT_FAULT, ids=("twice", "null", "check", "parameter", "number", "date", "json")
)
async def test_the_database_quotes_rows_and_we_do_not(
    kept: str, sql: str, values: tuple[object, ...], says: str
) -> None:
    error = await refused(sql, *values)
    assert [one for one in PERSONAL if one in str(error)], "nothing was quoted, so that nothing was seen"
    for words in (told(error), traced(error)):
        assert says in words
        assert [one for one in PERSONAL if one in words] == []


async def test_no_log_line_tells_of_a_person_whatever_was_handed_over(kept: str, lines: io.StringIO) -> None:
    log = logger("test")
    row = await refused(*AT_FAULT[1][:1], *AT_FAULT[1][1])
    try:
        try:
            raise wrong()
        except ValidationError as error:
            raise RuntimeError(f"order of {ID}: {error}") from row
    except RuntimeError as error:
        log.error("failed", exc_info=error)
        logging.getLogger("aiohttp.server").exception("Error handling %s", f"/patients?phone={PHONE}")
        log.warning(
            "failed",
            error=str(row),
            reason=error,
            path=f"/patients/{ID}",
            told={"phone": PHONE, "n": [int(PHONE)]},
        )
    log.info("hello 138-0000-0917", id_number=ID, password="Test-1234", text="１３８００００09１7")
    with suppress(ExceptionGroup):
        raise ExceptionGroup("several", [wrong(), row])
    log.error("group", exc_info=ExceptionGroup("several", [wrong(), row]))
    text = lines.getvalue()
    written = [json.loads(line) for line in text.splitlines()]
    assert [line["event"].split()[0] for line in written] == ["failed", "Error", "failed", "hello", "group"]
    assert [one for one in (*PERSONAL, "Test-1234") if one in text] == []
    assert "test_error_words.py" in written[0]["exception"]
    assert "NotNullViolationError" in written[0]["exception"]
    assert "phone: int_parsing" in written[4]["exception"]
    assert written[2]["path"] == "/patients/990000********0035"


async def test_a_search_by_a_number_is_in_no_log_line_whether_it_ends_well_or_not(lines: io.StringIO) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.query["phone"].endswith("18"):
            raise RuntimeError(str(request.rel_url))
        return web.Response(text="here")

    app = make_app()
    app.router.add_get("/api/v1/patients", answer)
    async with TestServer(app) as server, ClientSession() as session:
        async with session.get(server.make_url(f"/api/v1/patients?phone={PHONE}")) as got:
            assert got.status == 200
        assert lines.getvalue() == ""  # no line for each request: those are the audit log's, veiled
        async with session.get(server.make_url("/api/v1/patients?phone=13800000918")) as got:
            assert (got.status, "1380000" in await got.text()) == (500, False)
    (line,) = lines.getvalue().splitlines()
    assert json.loads(line)["path"] == "/api/v1/patients"
    assert json.loads(line)["exception"].endswith("RuntimeError: /api/v1/patients?phone=138****0918")


async def test_a_job_that_fails_keeps_no_row_in_its_error(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(_: Job) -> None:
        await db.execute(AT_FAULT[1][0], *AT_FAULT[1][1])

    monkeypatch.setitem(jobs.KINDS, "test.fails", work)
    number = await db.fetchval(
        "insert into job (kind, payload, state) values ('test.fails', '{}', 'due') returning id"
    )
    assert await jobs.run_job(number) == "again"
    error = await db.fetchval("select error from job where id = $1", number)
    assert error.startswith("NotNullViolationError: null value in column")
    assert [one for one in PERSONAL if one in error] == []
