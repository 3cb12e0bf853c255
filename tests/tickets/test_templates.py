"""Word templates in versions: what is unknown or missing is told before one is taken, and old ones stay."""

import asyncio
import io
from pathlib import Path

import docx
import pytest

from core import db
from core.errors import Fault, Forbidden, Invalid
from core.settings import settings
from tests.tickets.conftest import Cast
from tickets import templating
from tickets.templating import Version
from tickets.word.variables import Kind

FORM = Kind.HANDLING_FORM
GOOD = ("编号 {{ case.number }}", "{{ case.content }}", "期限 {{ case.hospital_deadline }}")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


def word(*lines: str) -> bytes:
    document, target = docx.Document(), io.BytesIO()
    for line in lines:
        document.add_paragraph(line)
    document.save(target)
    return target.getvalue()


async def listed(kind: Kind = FORM) -> list[tuple[int, str, bool]]:
    return [(entry.version, entry.name, entry.active) for entry in await templating.versions(kind)]


async def test_a_new_house_begins_with_the_shipped_templates_loaded_once(cast: Cast) -> None:
    loaded = [await templating.load_defaults(), await templating.load_defaults()]
    assert loaded == [len(Kind), 0]
    found = {kind: await listed(kind) for kind in Kind}
    assert found == {kind: [(1, f"{kind.label}（出厂）", True)] for kind in Kind}
    for kind in Kind:
        shipped = (templating.SHIPPED / f"{kind}.docx").read_bytes()
        assert await templating.content(await templating.in_use(kind)) == shipped


async def test_a_taken_template_is_the_next_version_and_the_old_one_stays(cast: Cast) -> None:
    data = word(*GOOD)
    entry = await templating.upload(FORM, "新抬头", "办理单.docx", data, by=cast.chief)
    assert await listed() == [(1, "新抬头", True)]  # nobody had asked for the shipped one yet
    second = await templating.upload(
        FORM, "", "办理单二.docx", word(*GOOD, "{{ case.title }}"), by=cast.admin
    )
    assert await listed() == [(2, "办理单二.docx", True), (1, "新抬头", False)]
    assert second.variables == ("case.content", "case.hospital_deadline", "case.number", "case.title")
    assert await templating.content(entry) == data


async def test_what_is_unknown_missing_or_forbidden_is_listed_and_nothing_is_kept(cast: Cast) -> None:
    await templating.load_defaults()
    before = await db.fetchval("select count(*) from stored_file")
    data = word("{{ case.nummer }} {{ case.content }}", "{{ case.title.upper() }}")
    with pytest.raises(Invalid) as caught:
        await templating.upload(FORM, "", "坏.docx", data, by=cast.chief)
    told = [(fault.label, fault.value) for fault in caught.value.details]
    assert told == [
        ("不能使用", ""),
        ("未知变量", "case.nummer"),
        ("缺少变量", "case.number"),
        ("缺少变量", "case.hospital_deadline"),
    ]
    assert "是否要写：case.number" in next(
        fault.reason for fault in caught.value.details if fault.value == "case.nummer"
    )
    assert await listed() == [(1, "办理单（出厂）", True)]
    assert await db.fetchval("select count(*) from stored_file") == before


@pytest.mark.parametrize("data", [b"", b"not a document", b"PK\x03\x04broken"])
async def test_what_is_no_document_is_refused_in_a_sentence(cast: Cast, data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        await templating.upload(FORM, "", "假.docx", data, by=cast.chief)
    assert [(fault.field, fault.label) for fault in caught.value.details] == [("file", "不能使用")]


async def test_an_old_version_is_put_back_into_use_and_exactly_one_is_in_use(cast: Cast) -> None:
    first: Version = await templating.in_use(FORM)
    await templating.upload(FORM, "第二版", "二.docx", word(*GOOD), by=cast.chief)
    await templating.activate(first.id, by=cast.chief)
    await templating.activate(first.id, by=cast.chief)
    assert await listed() == [(2, "第二版", False), (1, "办理单（出厂）", True)]
    audited = await db.fetch(
        "select action, actor_name from audit where subject = 'word_template' order by id"
    )
    shipped = [("template.upload", "出厂模板")] * len(Kind)
    assert [tuple(row) for row in audited] == [
        *shipped,
        ("template.upload", "测试中心主任"),
        ("template.activate", "测试中心主任"),
    ]


async def test_two_who_upload_at_once_get_two_versions_of_which_one_is_in_use(cast: Cast) -> None:
    await templating.load_defaults()
    await asyncio.gather(
        *(
            templating.upload(FORM, f"同时 {who}", f"{who}.docx", word(*GOOD, who), by=cast.people[who])
            for who in ("chief", "admin")
        )
    )
    found = await listed()
    assert [number for number, _, _ in found] == [3, 2, 1]
    assert [active for _, _, active in found].count(True) == 1


async def test_who_may_not_manage_templates_changes_none(cast: Cast) -> None:
    entry = await templating.in_use(FORM)
    for who in (cast.liaison, cast.centre):
        with pytest.raises(Forbidden):
            await templating.upload(FORM, "", "x.docx", word(*GOOD), by=who)
        with pytest.raises(Forbidden):
            await templating.activate(entry.id, by=who)
    assert await listed() == [(1, "办理单（出厂）", True)]


async def test_a_template_is_tried_with_samples(cast: Cast) -> None:
    html = await templating.tried(word(*GOOD))
    assert "编号 A-2026-000123" in html
    assert templating.faults(await templating.check(word(*GOOD), FORM)) == []
    assert templating.faults(await templating.check(word(*GOOD[:2]), FORM)) == [
        Fault(
            field="file",
            label="缺少变量",
            reason="必须用到 case.hospital_deadline",
            value="case.hospital_deadline",
        )
    ]
