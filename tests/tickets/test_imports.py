"""Imports of sheets: preview, mapping, taking over, once whatever happens, and the faulty rows back."""

import io
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from openpyxl import load_workbook

from core import db, inbound, jobs, storage
from core.errors import Forbidden, Invalid, NotFound, Refused
from core.settings import settings
from tests.sheets.exports import BEIJING, DISTRICT, DISTRICT_ROW, beijing_csv, district_xlsx
from tests.tickets.conftest import Cast
from tickets.imports import actions, queries, taking
from tickets.imports.queries import Import
from tickets.imports.states import BAD, ImportState, RowOutcome
from tickets.receiving import receive_many

SENDER = "测试区热线平台"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are kept where the test ends."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


def row(number: str, **more: object) -> list[object]:
    """A row of a district export; fields by their headers."""
    given = dict(zip(DISTRICT, DISTRICT_ROW, strict=True)) | {"工单编号": number} | more
    return [given[header] for header in DISTRICT]


def sheet(tmp_path: Path, *rows: Sequence[object]) -> bytes:
    return district_xlsx(tmp_path / "export.xlsx", rows=rows).read_bytes()


async def work() -> None:
    """Do every job of imports that waits."""
    for waiting in await db.fetch(
        "select id from job where kind like 'import.%' and state = 'due' order by id"
    ):
        await jobs.run_job(waiting["id"])
    assert await db.fetch("select error from job where kind like 'import.%' and state <> 'done'") == []


async def previewed(cast: Cast, data: bytes, name: str = "导出.xlsx", sender: str = SENDER) -> Import:
    number = await actions.upload(name, data, sender, by=cast.centre)
    await work()
    return await queries.one(number, cast.centre)


async def confirmed(cast: Cast, entry: Import, *, with_changed: bool = False) -> Import:
    await actions.confirm(entry.id, with_changed=with_changed, by=cast.centre)
    await work()
    return await queries.one(entry.id, cast.centre)


def counts(entry: Import) -> tuple[ImportState, int, int, int, int, int]:
    return entry.state, entry.total, entry.fresh, entry.changed, entry.same, entry.faulty


async def test_a_preview_shows_what_is_new_changed_double_and_faulty_and_takes_nothing(
    cast: Cast, tmp_path: Path
) -> None:
    first = await previewed(cast, sheet(tmp_path, row("A-1"), row("A-2")))
    await confirmed(cast, first)
    entry = await previewed(
        cast,
        sheet(
            tmp_path,
            row("A-1"),
            row("A-2", 工单标题="改了标题"),
            row("A-3"),
            row("A-3"),
            row("A-3", 工单标题="另一件事"),
            row("A-4", 求助号码="不是电话", 紧急程度="马上"),
        ),
    )
    assert counts(entry) == (ImportState.PREVIEW, 6, 1, 1, 2, 2)
    bad = await queries.rows(entry.id, BAD, cast.centre)
    assert [
        (
            line.row_no,
            [(fault.column_letter, fault.header, fault.value, fault.reason) for fault in line.faults],
        )
        for line in bad
    ] == [
        (9, [("", "工单编号", "A-3", "与第 7 行的工单编号相同而内容不同，请保留一行")]),
        (
            10,
            [
                ("I", "紧急程度", "马上", "只能是：一般、紧急、特急"),
                ("L", "求助号码", "不是电话", "不是电话号码，应为手机号或带区号的固定电话"),
            ],
        ),
    ]
    assert await db.fetchval("select count(*) from cases") == 2


async def test_good_rows_become_cases_with_their_raw_row_and_the_same_sheet_again_is_all_double(
    cast: Cast, tmp_path: Path
) -> None:
    data = sheet(tmp_path, *(row(f"A-{at}") for at in range(120)))
    done = await confirmed(cast, await previewed(cast, data))
    assert (done.state, done.taken, done.failed) == (ImportState.DONE, 120, 0)
    lines = await queries.rows(done.id, (RowOutcome.TAKEN,), cast.centre, limit=500)
    cases = await db.fetch("select id, external_no, import_id from cases")
    assert {line.case_id: line.order_no for line in lines} == {
        case["id"]: case["external_no"] for case in cases
    }
    assert {case["import_id"] for case in cases} == {done.id}
    raw = await inbound.body_of(await db.fetchval("select inbound_id from cases limit 1"))
    assert raw is not None
    assert '"求助号码":"13800000001"' in raw.decode()
    assert await db.fetchval("select count(*) from clock where kind = 'upstream'") == 120
    again = await previewed(cast, data)
    assert counts(again) == (ImportState.PREVIEW, 120, 0, 0, 120, 0)
    with pytest.raises(Refused, match="没有可以导入的工单"):
        await actions.confirm(again.id, with_changed=True, by=cast.centre)


async def test_changed_rows_are_taken_as_declared_updates_only_when_that_is_wanted(
    cast: Cast, tmp_path: Path
) -> None:
    await confirmed(cast, await previewed(cast, sheet(tmp_path, row("A-1"))))
    changed = sheet(tmp_path, row("A-1", 工单标题="改了标题"), row("A-2"))
    left = await confirmed(cast, await previewed(cast, changed))
    assert (left.taken, await titles()) == (1, ["挂号排队太久", "挂号排队太久"])
    taken = await confirmed(cast, await previewed(cast, changed), with_changed=True)
    assert (taken.taken, await titles()) == (1, ["改了标题", "挂号排队太久"])
    assert await db.fetchval("select count(*) from history where verb = 'update'") == 1


async def titles() -> list[str]:
    return [row["title"] for row in await db.fetch("select title from cases order by external_no")]


async def test_faulty_rows_come_back_as_a_sheet_with_reasons_that_can_be_corrected_and_imported(
    cast: Cast, tmp_path: Path
) -> None:
    data = sheet(tmp_path, row("A-1"), row("A-2", 求助号码="不是电话"), row("A-3", 诉求内容=""))
    done = await confirmed(cast, await previewed(cast, data))
    assert (done.taken, done.faulty) == (1, 2)
    back = await faulty_of(done)
    found = list(load_workbook(io.BytesIO(back)).worksheets[0].iter_rows(values_only=True))
    assert [cell for cell in found[0] if cell] == [*DISTRICT, "导入失败原因"]
    assert [(line[0], line[-1]) for line in found[1:]] == [
        ("A-2", "L 列“求助号码”：不是电话号码，应为手机号或带区号的固定电话"),
        ("A-3", "C 列“诉求内容”：没有填写"),
    ]
    again = await previewed(cast, back, name="改正.xlsx")
    assert counts(again) == (ImportState.PREVIEW, 2, 0, 0, 0, 2)


async def faulty_of(entry: Import) -> bytes:
    assert isinstance(entry.faulty_file_id, UUID)
    return await storage.read(await storage.find(entry.faulty_file_id))


async def test_a_mapping_that_a_clerk_corrects_is_kept_for_the_sender_and_for_no_other(
    cast: Cast, tmp_path: Path
) -> None:
    headers = ["流水", *BEIJING[1:]]  # the number's column has a name that nobody knows
    data = beijing_csv(tmp_path / "a.csv", encoding="gb18030").read_bytes()
    data = data.replace("工单编号".encode("gb18030"), "流水".encode("gb18030"))
    entry = await previewed(cast, data, name="导出.csv")
    assert (entry.state, entry.total, entry.error) == (
        ImportState.PREVIEW,
        0,
        "没有找到“工单编号”这一列，请在下面指定是哪一列",
    )
    assert entry.mapping is not None
    fields = {item.column: item.field.value for item in entry.mapping.columns}
    await actions.remap(entry.id, {**fields, headers.index("流水"): "order_no"}, by=cast.centre)
    await work()
    assert counts(await queries.one(entry.id, cast.centre)) == (ImportState.PREVIEW, 1, 1, 0, 0, 0)
    assert counts(await previewed(cast, data, name="次日.csv"))[1:3] == (1, 1)
    assert counts(await previewed(cast, data, name="别家.csv", sender="另一平台"))[1:3] == (0, 0)


async def test_a_mapping_with_one_field_twice_or_an_unknown_field_is_refused_with_the_column(
    cast: Cast, tmp_path: Path
) -> None:
    entry = await previewed(cast, sheet(tmp_path, row("A-1")))
    with pytest.raises(Invalid) as told:
        await actions.remap(
            entry.id, {0: "order_no", 1: "order_no", 2: "colour", 999: "title"}, by=cast.centre
        )
    assert [(fault.label, fault.reason) for fault in told.value.details] == [
        ("工单标题", "“工单编号”已对应另一列"),
        ("诉求内容", "没有这个字段"),
    ]
    assert (await queries.one(entry.id, cast.centre)).state is ImportState.PREVIEW


async def test_an_import_that_dies_between_two_chunks_goes_on_where_it_stopped(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await previewed(cast, sheet(tmp_path, *(row(f"A-{at}") for at in range(250))))
    await actions.confirm(entry.id, with_changed=False, by=cast.centre)
    job = await db.fetchval("select job_id from import_file where id = $1", entry.id)
    calls = 0

    async def dying(*args: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        found = await receive_many(*args, **more)  # type: ignore[arg-type]  # passed on as it came
        if calls == 2:
            raise ConnectionError("the process is gone, the chunk not committed")
        return found

    monkeypatch.setattr(taking, "receive_many", dying)
    assert await jobs.run_job(job) == "again"
    assert await db.fetchval("select count(*) from cases") == 100
    await db.execute("update job set due_at = now() - interval '1 second' where id = $1", job)
    assert await jobs.run_job(job) == "done"
    done = await queries.one(entry.id, cast.centre)
    assert (done.state, done.taken) == (ImportState.DONE, 250)
    assert await db.fetchval("select count(*) from cases") == 250
    assert await db.fetchval("select count(*) from history where verb = 'receive'") == 250
    progress = await queries.progress(done)
    assert (progress.done, progress.total) == (250, 250)


async def test_reading_twice_gives_the_same_preview(cast: Cast, tmp_path: Path) -> None:
    entry = await previewed(cast, sheet(tmp_path, row("A-1"), row("A-2")))
    await db.execute("update import_file set state = 'reading' where id = $1", entry.id)
    await db.execute("update job set state = 'due' where id = $1", entry.job_id)
    await work()
    assert counts(await queries.one(entry.id, cast.centre)) == counts(entry)


async def test_what_was_registered_meanwhile_is_told_row_by_row(cast: Cast, tmp_path: Path) -> None:
    entry = await previewed(cast, sheet(tmp_path, row("A-1"), row("A-2")))
    other = await previewed(cast, sheet(tmp_path, row("A-1", 工单标题="别的内容")))
    await confirmed(cast, other)
    done = await confirmed(cast, entry)
    assert (done.taken, done.failed) == (1, 1)
    (line,) = await queries.rows(done.id, (RowOutcome.FAILED,), cast.centre)
    assert (line.order_no, "内容不同" in line.faults[0].reason) == ("A-1", True)
    assert "内容不同" in str(list(load_workbook(io.BytesIO(await faulty_of(done))).worksheets[0].values))


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("空.xlsx", b"", "文件是空的"),
        ("图.xlsx", b"\x89PNG\r\n\x1a\n", "这是图片，不是表格"),
        ("宏.xlsm", b"PK", "不接受带宏的表格（.xlsm），请在 Excel 中另存为 .xlsx 后再导入"),
        ("半.xlsx", b"PK\x03\x04half", "表格文件不完整，可能没有下载完，请重新下载后再导入"),
        (
            "网页.xls",
            b"<html><table></table></html>",
            "这个文件其实是网页，不是 Excel 表格，请在 Excel 中打开后另存为 .xlsx 再导入",
        ),
    ],
)
async def test_what_is_no_sheet_is_refused_at_the_door_with_one_sentence(
    cast: Cast, name: str, data: bytes, sentence: str
) -> None:
    with pytest.raises(Invalid) as told:
        await actions.upload(name, data, SENDER, by=cast.centre)
    assert told.value.message == sentence
    assert (
        await db.fetchval("select (select count(*) from import_file) + (select count(*) from stored_file)")
        == 0
    )


async def test_a_sheet_without_a_header_says_so_and_is_over(cast: Cast) -> None:
    entry = await previewed(cast, "甲,乙\n1,2\n".encode(), name="a.csv")
    assert (entry.state, entry.error[:6]) == (ImportState.REFUSED, "没有找到表头")


async def test_only_the_centre_imports_and_an_import_is_asked_for_by_a_number_that_exists(
    cast: Cast, tmp_path: Path
) -> None:
    entry = await previewed(cast, sheet(tmp_path, row("A-1")))
    with pytest.raises(Forbidden):
        await actions.upload("a.xlsx", sheet(tmp_path, row("A-1")), SENDER, by=cast.liaison)
    with pytest.raises(Forbidden):
        await queries.one(entry.id, cast.liaison)
    with pytest.raises(NotFound):
        await queries.one(entry.id + 1, cast.centre)
    with pytest.raises(Invalid, match="来源"):
        await actions.upload("a.xlsx", sheet(tmp_path, row("A-1")), "  ", by=cast.centre)
    assert [found.id for found in await queries.listed(cast.centre)] == [entry.id]
    assert await queries.senders(cast.centre) == [SENDER]


async def test_pressed_twice_the_rows_are_taken_once(cast: Cast, tmp_path: Path) -> None:
    entry = await previewed(cast, sheet(tmp_path, row("A-1")))
    await actions.confirm(entry.id, with_changed=False, by=cast.centre)
    with pytest.raises(Refused, match="正在导入"):
        await actions.confirm(entry.id, with_changed=False, by=cast.centre)
    await work()
    assert await db.fetchval("select count(*) from cases") == 1
