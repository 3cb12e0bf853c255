"""Fills a checked Word template with the values of one report.

Inspects the template again (an old version may predate a rule), fills it in the closed environment, and
writes the file so that the same input gives the same bytes. It fetches nothing and keeps nothing.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import TemplateError as JinjaError
from PIL import Image, ImageOps, UnidentifiedImageError

from tickets.word.check import Inspection, inspect
from tickets.word.environment import ClosedEnvironment
from tickets.word.package import TemplateError
from tickets.word.variables import LOOP_NAMES, Kind, ReportContext

MAX_WIDTH_MM: Final = 150.0
MAX_HEIGHT_MM: Final = 190.0
MAX_IMAGE_PIXELS: Final = 60_000_000
_SHOWN_PIXELS: Final = 1_600  # longest side kept; more is invisible on paper and swells the file
_DOTS_PER_MM: Final = 96 / 25.4
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


class FillError(Exception):
    """The document cannot be written; the text is the sentence shown to who asked for it."""


def fill(
    data: bytes,
    context: ReportContext,
    images: Mapping[str, bytes] | None = None,
    kind: Kind = Kind.EVENT_REPORT,
) -> bytes:
    """The filled .docx; `images` are the files that `context.photos` name. Raises `FillError`.

    `kind` is the document's: an event report may use every group of what is no petition.
    """
    _require_fillable(inspect(data, kind))
    template = DocxTemplate(io.BytesIO(data))
    values = context.model_dump()
    for plural in LOOP_NAMES:
        values[plural] = list(values[plural])
    for photo in values["photos"]:
        photo["image"] = _picture(template, photo["image"], images or {})
    try:
        template.render(values, jinja_env=ClosedEnvironment(), autoescape=True)
    except (JinjaError, TemplateError, KeyError, ValueError) as error:
        raise FillError(f"文书生成失败：{error}") from error
    target = io.BytesIO()
    template.save(target)
    return _repacked(target.getvalue())


def _require_fillable(inspection: Inspection) -> None:
    if inspection.fillable:
        return
    names = "、".join(item.name for item in inspection.unknown)
    reasons = [f"模板中有不认识的变量：{names}"] if names else []
    raise FillError("；".join([*reasons, *inspection.syntax_errors, *inspection.forbidden]))


def _picture(template: DocxTemplate, name: str, images: Mapping[str, bytes]) -> Any:
    if name not in images:
        raise FillError(f"找不到照片“{name}”")
    content, width, height = prepare_image(images[name], name)
    scale = min(MAX_WIDTH_MM / width, MAX_HEIGHT_MM / height, 1.0)
    return InlineImage(template, io.BytesIO(content), width=Mm(width * scale))


def prepare_image(data: bytes, name: str = "") -> tuple[bytes, float, float]:
    """A JPEG upright, without metadata (where it was taken), and its size in mm at 96 dots per inch."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "BMP", "GIF")) as opened:
            if opened.width * opened.height > MAX_IMAGE_PIXELS:
                raise FillError(f"照片“{name}”太大，请缩小后再用")
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise FillError(f"照片“{name}”打不开，可能已损坏") from None
    upright.thumbnail((_SHOWN_PIXELS, _SHOWN_PIXELS))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    target = io.BytesIO()
    paper.save(target, "JPEG", quality=85)
    return target.getvalue(), paper.width / _DOTS_PER_MM, paper.height / _DOTS_PER_MM


def _repacked(data: bytes) -> bytes:
    """The same archive with fixed times, so that equal documents are equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(part, date_time=_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(part))
    return target.getvalue()
