"""What people upload is checked by its bytes; what is kept comes back as it was, from a folder and from a bucket."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from PIL import Image

from core import storage, stores
from core.errors import Invalid, NotFound
from core.filetypes import MOST_BYTES, kind_of
from core.settings import settings


def picture(width: int = 4, height: int = 4, form: str = "PNG") -> bytes:
    """A small picture."""
    kept = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(kept, form)
    return kept.getvalue()


def packed(**parts: bytes) -> bytes:
    """A zip with these parts; "__" in a name is "/", "_dot_" is "."."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as pack:
        for name, data in parts.items():
            pack.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("a.png", picture(), "image/png"),
        ("a.JPG", picture(form="JPEG"), "image/jpeg"),
        ("a.pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("a.txt", "说明".encode(), "text/plain"),
        ("a.amr", b"#!AMR\n0000", "audio/amr"),
        (
            "a.docx",
            packed(word__document_dot_xml=b"<w/>"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_files_we_take_are_known_by_their_bytes(name: str, data: bytes, mime: str) -> None:
    assert kind_of(name, data) == mime


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.png", b"", "是空文件"),
        ("a.exe", b"MZ\x90\x00" + bytes(60), "不是可以上传的文件类型"),
        ("a.html", b"<script>alert(1)</script>", "不是可以上传的文件类型"),
        ("a.svg", b"<svg onload='x'/>", "不是可以上传的文件类型"),
        ("a.pdf", picture(), "内容与扩展名不符"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "不是完好的图片"),
        ("a.docx", b"PK\x03\x04broken", "已损坏"),
        ("a.zip", packed(a=b"x"), "不是可以上传的文件类型"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "超过 20 MB"),
    ],
)
def test_files_we_do_not_take_are_refused_with_the_reason(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        kind_of(name, data)
    assert caught.value.details[0].field == "file"


@given(st.binary(max_size=400), st.sampled_from(["a.png", "b.docx", "c.csv", "d", "e.mp4", "..", "f.webp"]))
def test_any_bytes_are_taken_or_refused_and_nothing_else(data: bytes, name: str) -> None:
    try:
        told = kind_of(name, data)
    except Invalid as refused:
        told = refused.details[0].reason
    assert told


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An S3-compatible store on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "STORAGE": "s3",
        "S3_ENDPOINT": f"{host}:{port}",
        "S3_ACCESS_KEY": "testing",
        "S3_SECRET_KEY": "testing",
        "S3_SECURE": "false",
    }.items():
        monkeypatch.setenv(f"HUIYIN_{name}", value)
    settings.cache_clear()
    store = stores.S3Store(settings())
    store.client.make_bucket(store.bucket)
    yield
    server.stop()
    settings.cache_clear()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder for files."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


async def test_a_file_comes_back_from_a_folder_as_it_was_and_the_same_bytes_lie_there_once(
    database: object, folder: Path
) -> None:
    first = await storage.keep("../../etc/照片.png", picture(), by="测试甲")
    second = await storage.keep("另一张.png", picture(), by="测试乙")
    assert (first.name, second.sha256) == ("照片.png", first.sha256)
    assert await storage.read(await storage.find(first.id)) == picture()
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


async def test_a_file_that_was_changed_behind_our_back_is_not_served(database: object, folder: Path) -> None:
    kept = await storage.keep("a.png", picture(), by="测试甲")
    next(path for path in folder.rglob("*") if path.is_file()).write_bytes(b"other")
    with pytest.raises(NotFound, match="摘要不符"):
        await storage.read(kept)


async def test_a_file_comes_back_from_a_bucket_as_it_was(database: object, bucket: None) -> None:
    kept = await storage.keep("a.png", picture(), by="测试甲")
    assert await storage.read(await storage.find(kept.id)) == picture()
    kept.sha256 = "0" * 64
    with pytest.raises(NotFound):
        await storage.read(kept)
