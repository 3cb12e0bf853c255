"""Shows a .docx in the browser: clean HTML with headings, paragraphs and tables, or its plain text.

The HTML holds no script, no style, no address outside itself: elements and attributes come from a list,
pictures are embedded or go through the caller's `image_url`. It is a reading copy; the file is the truth.
"""

import base64
import io
import zipfile
from collections.abc import Callable
from typing import Any, Final

import mammoth
import nh3
from defusedxml import ElementTree

from tickets.word.package import TemplateError, check_package

_TAGS: Final = {
    "p", "br", "h1", "h2", "h3", "h4", "strong", "em", "u", "s", "sup", "sub", "ul", "ol", "li", "table",
    "thead", "tbody", "tr", "td", "th", "img", "a", "div",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "a": {"id", "href"},
    "p": {"class"},
    "h1": {"class"},
    "h2": {"class"},
    "div": {"class"},
}
# The paragraph styles of the shipped templates; other templates fall back to plain paragraphs.
STYLES: Final = {
    "红头": "word-head",
    "文号": "word-number",
    "文书标题": "word-title",
    "落款": "word-sign",
    "小节": "word-section",
    "正文段": "word-text",
}
_ELEMENTS: Final = {"word-title": "h1", "word-section": "h2"}
_STYLE_MAP: Final = "\n".join(
    f"p[style-name='{name}'] => {_ELEMENTS.get(css, 'p')}.{css}:fresh" for name, css in STYLES.items()
)
_CLASSES: Final = frozenset({*STYLES.values(), "word-preview"})
_PICTURES: Final = ("image/png", "image/jpeg", "image/gif")
_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKS: Final = {f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}tab": "\t"}
_SPOKEN: Final = frozenset({f"{_WORD}t", *_MARKS})

ImageUrl = Callable[[bytes, str], str]  # picture bytes and MIME type → the address to show it from


def to_html(data: bytes, *, image_url: ImageUrl | None = None) -> str:
    """Clean HTML in one `div.word-preview`; raises `TemplateError` for a file that is not harmless."""
    check_package(data)
    addresses: set[str] = set()

    def source(image: Any) -> dict[str, str]:
        with image.open() as stream:
            content = stream.read()
        if image.content_type not in _PICTURES:
            return {"src": "", "alt": "（此图片格式无法预览）"}
        if image_url is not None:
            address = image_url(content, image.content_type)
        else:
            address = f"data:{image.content_type};base64,{base64.b64encode(content).decode()}"
        addresses.add(address)
        return {"src": address}

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLE_MAP, convert_image=mammoth.images.img_element(source)
        )
    except (KeyError, ValueError, AttributeError, TypeError, IndexError):
        raise TemplateError("文件内容损坏，无法预览") from None

    def keep(_tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if value.startswith("#") else None
        if attribute == "src":
            return value if value in addresses else None
        if attribute == "class":
            return value if value in _CLASSES else None
        return value

    body = nh3.clean(
        f'<div class="word-preview">{result.value}</div>',
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes={"data"} if image_url is None else {"data", "http", "https"},
        link_rel=None,
    )
    return str(body)


def to_text(data: bytes) -> str:
    """The readable text of the body: one line per paragraph, table cell or line break, no blank lines."""
    check_package(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"), forbid_dtd=True)
    lines = []
    for paragraph in root.iter(f"{_WORD}p"):
        text = "".join(
            _MARKS.get(node.tag, node.text or "") for node in paragraph.iter() if node.tag in _SPOKEN
        )
        lines += [line.strip() for line in text.split("\n") if line.strip()]
    return "\n".join(lines)
