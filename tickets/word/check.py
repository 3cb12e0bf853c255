"""Inspects an uploaded Word template and says in plain Chinese what is wrong with it, before it is accepted.

Lists what it uses, what is unknown (with the paragraph and the likely name), what it lacks, what does not
parse and what is not allowed; then fills it once with samples to see that the result is sound. Stores
nothing and accepts nothing by itself.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from html import unescape
from typing import Final

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from docxtpl import DocxTemplate
from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError
from pydantic import BaseModel, ConfigDict

from tickets.word.environment import ClosedEnvironment
from tickets.word.grammar import Unknown, outside_loop, read_tree
from tickets.word.package import TemplateError, check_package
from tickets.word.variables import REQUIRED, Kind, ReportContext, catalogue, sample_context

_TAG = re.compile(r"\{\{|\{%|\{#")
_FOOTNOTES: Final = ("footnotes+xml", "endnotes+xml", "comments+xml")
_PROPERTIES: Final = ("author", "comments", "identifier", "language", "subject", "title")


class UnknownVariable(BaseModel):
    """A name no variable has, the paragraph it stands in, and what may have been meant."""

    model_config = ConfigDict(frozen=True)

    name: str
    paragraph: str
    suggestions: tuple[str, ...]
    hint: str = ""


class Inspection(BaseModel):
    """What an administrator is told about a template."""

    model_config = ConfigDict(frozen=True)

    used: tuple[str, ...] = ()
    unknown: tuple[UnknownVariable, ...] = ()
    missing_required: tuple[str, ...] = ()
    syntax_errors: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def acceptable(self) -> bool:
        """Whether the template may be taken into use."""
        return not (self.unknown or self.missing_required or self.syntax_errors or self.forbidden)

    @property
    def fillable(self) -> bool:
        """Whether filling can succeed; a missing variable is a matter of taste by then."""
        return not (self.unknown or self.syntax_errors or self.forbidden)


@dataclass(frozen=True, slots=True)
class _Source:
    """The Jinja text of one part; `body` is the part whose XML can be tried on its own."""

    text: str
    body: bool

    def paragraph(self, line: int) -> str:
        """The readable text of the paragraph at a line; each paragraph begins a line."""
        lines = self.text.split("\n")
        text = _readable(lines[min(line, len(lines)) - 1])
        return text if len(text) <= 80 else text[:79] + "…"


def inspect(data: bytes, kind: Kind) -> Inspection:
    """Inspect the bytes of a .docx as a template of this kind; a refused file is one `forbidden` line."""
    try:
        check_package(data)
        sources = list(_sources(data))
    except TemplateError as refused:
        return Inspection(forbidden=(str(refused),))
    environment = ClosedEnvironment()
    used: set[str] = set()
    unknown: list[UnknownVariable] = []
    syntax_errors: list[str] = []
    forbidden: list[str] = []
    for source in sources:
        if unpaired := _unpaired(source):
            syntax_errors += unpaired
            continue
        try:
            tree = environment.parse(source.text)
        except TemplateSyntaxError as error:
            syntax_errors.append(_where(source, error.lineno, _plain(error.message or "")))
            continue
        reading = read_tree(tree, kind)
        used |= reading.used
        unknown += [_explained(item, source, kind) for item in reading.unknown]
        forbidden += [_where(source, line, sentence) for line, sentence in reading.forbidden]
        if source.body and not (reading.unknown or reading.forbidden):
            syntax_errors += _tried(source, environment)
    missing = tuple(path for path in REQUIRED[kind] if path not in used)
    return Inspection(
        used=tuple(sorted(used)),
        unknown=tuple(dict.fromkeys(unknown)),
        missing_required=missing if not syntax_errors else (),
        syntax_errors=tuple(dict.fromkeys(syntax_errors)),
        forbidden=tuple(dict.fromkeys(forbidden)),
    )


def _sources(data: bytes) -> Iterator[_Source]:
    """Every text that docxtpl will run as a template: body, headers, footers, document properties."""
    template = DocxTemplate(io.BytesIO(data))
    try:
        template.init_docx()
        parts = list(template.docx.part.package.iter_parts())
        if any(part.content_type.endswith(_FOOTNOTES) and _TAG.search(_text_of(part.blob)) for part in parts):
            raise TemplateError("脚注、尾注和批注里不能写变量，请移到正文")
        yield _Source(_lines(template.patch_xml(template.get_xml())), body=True)
        for uri in (template.HEADER_URI, template.FOOTER_URI):
            for _, part in template.get_headers_footers(uri):
                yield _Source(_lines(template.patch_xml(template.get_part_xml(part))), body=False)
        for name in _PROPERTIES:
            yield _Source(str(getattr(template.docx.core_properties, name)), body=False)
    except (KeyError, ValueError, AttributeError, TypeError, SyntaxError):
        raise TemplateError("Word 文件内容损坏，请用 Word 打开并另存为 .docx 后再上传") from None


def _readable(xml: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", xml)).split())


def _text_of(blob: bytes) -> str:
    return re.sub(r"<[^>]+>", "", blob.decode("utf-8", "replace"))


def _lines(xml: str) -> str:
    """One paragraph, or one tag that replaces a paragraph, per line, so that a line number means a place."""
    xml = re.sub(r"<w:p([ >])", r"\n<w:p\1", xml)
    return re.sub(r"(</w:p>|</w:tr>|%\})\s*(?=\{%)", r"\1\n", xml)


def _tried(source: _Source, environment: ClosedEnvironment) -> list[str]:
    """Fill the body with samples and with nothing: tags that tear rows or paragraphs apart show as broken XML."""
    for context in (sample_context(), ReportContext()):
        try:
            filled = environment.from_string(source.text).render(context.model_dump())
            ElementTree.fromstring(filled)
        except JinjaError as error:
            return [f"试填失败：{_plain(error.message or '')}"]
        except (ElementTree.ParseError, DefusedXmlException):
            return ["标签位置不对：表格行的循环要用 {%tr … %}，整段的循环或判断要用 {%p … %}，并各占一行"]
    return []


def _unpaired(source: _Source) -> list[str]:
    """Brackets left open; told per paragraph, because Jinja would complain of the XML that follows."""
    errors = []
    for line, written in enumerate(source.text.split("\n"), start=1):
        text = _readable(written)
        for opening, closing in (("{{", "}}"), ("{%", "%}"), ("{#", "#}")):
            if text.count(opening) != text.count(closing):
                errors.append(_where(source, line, f"“{opening}”与“{closing}”没有成对"))
    return errors


def _explained(item: Unknown, source: _Source, kind: Kind) -> UnknownVariable:
    hint = ""
    group = outside_loop(item.name)
    if group is not None and not item.name.startswith("loop"):
        short = item.name.partition(".")[0]
        hint = f"“{short}”只能写在 {{%tr for {short} in {group} %}} 与 {{%tr endfor %}} 之间"
    return UnknownVariable(
        name=item.name,
        paragraph=source.paragraph(item.line),
        suggestions=() if hint and item.name in _tags(kind) else suggestions(item.name, kind),
        hint=hint,
    )


def suggestions(name: str, kind: Kind) -> tuple[str, ...]:
    """Up to three variables that a mistyped or Chinese name may have meant."""
    known = catalogue(kind)
    tags = _tags(kind)
    described = [
        tag
        for tag, variable in zip(tags, known, strict=True)
        if name in variable.description or variable.description.partition("：")[2] == name
    ]
    if described:
        return tuple(described[:3])
    last = name.rpartition(".")[2]
    same_end = [tag for tag in tags if tag.rpartition(".")[2] == last]
    return tuple(dict.fromkeys([*get_close_matches(name, tags, n=3, cutoff=0.7), *same_end]))[:3]


def _tags(kind: Kind) -> list[str]:
    return [variable.tag.strip("{} ") for variable in catalogue(kind)]


def _where(source: _Source, line: int, sentence: str) -> str:
    paragraph = source.paragraph(line)
    return f"{sentence}（在“{paragraph}”附近）" if paragraph else sentence


def _plain(message: str) -> str:
    """Jinja's complaint in words an administrator knows."""
    rules = (
        (
            r"unknown tag '(\w+)'.*(?:innermost block that needs to be closed is '(\w+)')",
            r"不认识的标签“\1”，或者“\2”没有结束",
        ),
        (r"unknown tag '(end\w+)'", r"多了一个“\1”，前面没有对应的开始"),
        (r"unknown tag '(\w+)'", r"不认识的标签“\1”"),
        (
            r"Unexpected end of template.*innermost block that needs to be closed is '(\w+)'",
            r"“\1”没有结束，请补上 end\1",
        ),
        (r"expected token 'end of print statement', got '(.+)'", r"变量后面多了“\1”，或者变量名中间有空格"),
        (r"expected token 'end of statement block', got '(.+)'", r"标签里多了“\1”"),
        (r"unexpected '(.+)'", r"多了“\1”，或者少了一半括号"),
        (r"unexpected char '(.+)' at", r"不能出现“\1”，请检查是否用了全角符号"),
        (r"No filter named '(\w+)'", r"不能使用“|\1”"),
        (r"No test named '(\w+)'", r"不能使用判断“is \1”"),
        (r"Missing end of (?:comment|raw).*", r"注释 {# 没有结束，请补上 #}"),
        (r"expected token '(.+)', got '(.+)'", r"应为“\1”，却写成了“\2”"),
        (r"Expected an expression, got '(.+)'", r"这里少了变量名（遇到“\1”）"),
    )
    for pattern, sentence in rules:
        if match := re.search(pattern, message, re.DOTALL):
            return (
                match.expand(sentence)
                .replace("end of print statement", "}}")
                .replace("end of statement block", "%}")
            )
    return "标签写法不对，请检查括号与拼写"
