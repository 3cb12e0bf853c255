"""Charts put into a finished Word document where its marks stand: native ones, drawn by Word with its own fonts.

A chart holds its numbers as literal values (ECMA-376 part 1, 21.2), so no picture is drawn on the server and no
workbook is embedded. Fetches nothing.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
WIDE, HIGH = 5_600_000, 2_700_000  # EMU: 15.5 × 7.5 cm


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a set of bars; `colour` as RRGGBB, `dashed` for limits. None: no value there."""

    name: str
    values: Sequence[float | None]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars lying down, or lines over time. `title` stands above it; `most` is where the scale ends, None as it comes."""

    bars: bool
    labels: Sequence[str]
    series: Sequence[Series]
    title: str = ""
    most: float | None = None


def placed(data: bytes, charts: Mapping[str, Chart]) -> bytes:
    """The document with each mark replaced by its chart; a chart without a single value becomes words."""
    document = docx.Document(io.BytesIO(data))
    number = 0
    for paragraph in document.paragraphs:
        mark = next((mark for mark in charts if mark in paragraph.text), None)
        if mark is None:
            continue
        chart = charts[mark]
        for run in paragraph.runs[1:]:
            run.text = ""
        if not any(value is not None for one in chart.series for value in one.values):
            paragraph.runs[0].text = "（数据不足，无图）"
            continue
        number += 1
        package: Any = document.part.package
        part = Part(PackURI(f"/word/charts/chart{number}.xml"), CONTENT_TYPE, _xml(chart).encode(), package)
        rid = document.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
        paragraph.runs[0].text = ""
        paragraph.runs[0]._r.append(parse_xml(_drawing(rid, number)))  # noqa: SLF001 - python-docx has no charts
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _drawing(rid: str, number: int) -> str:
    return (
        f'<w:drawing xmlns:w="{_W}" xmlns:wp="{_WP}" xmlns:a="{_A}" xmlns:c="{_C}" xmlns:r="{_R}">'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{WIDE}" cy="{HIGH}"/>'
        f'<wp:docPr id="{900 + number}" name="chart{number}"/>'
        f'<a:graphic><a:graphicData uri="{_C}"><c:chart r:id="{rid}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )


def _xml(chart: Chart) -> str:
    series = "".join(_series(at, one, chart) for at, one in enumerate(chart.series))
    if chart.bars:
        plot = (
            f'<c:barChart><c:barDir val="bar"/><c:grouping val="clustered"/><c:varyColors val="0"/>{series}'
            '<c:gapWidth val="60"/><c:axId val="1"/><c:axId val="2"/></c:barChart>'
        )
    else:
        plot = (
            f'<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>{series}<c:marker val="1"/>'
            '<c:axId val="1"/><c:axId val="2"/></c:lineChart>'
        )
    across, along = ("l", "b") if chart.bars else ("b", "l")
    turned = "maxMin" if chart.bars else "minMax"
    # The schema wants the greatest before the least.
    ends = f"{_end('max', chart.most)}{_end('min', 0 if chart.bars else None)}"
    title = (
        f'<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1050" b="0"/></a:pPr><a:r><a:rPr lang="zh-CN"'
        f' sz="1050" b="0"/><a:t>{escape(chart.title)}</a:t></a:r></a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'
        '<c:autoTitleDeleted val="0"/>'
        if chart.title
        else '<c:autoTitleDeleted val="1"/>'
    )
    legend = (
        "" if len(chart.series) == 1 else '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<c:chartSpace xmlns:c="{_C}" xmlns:a="{_A}" xmlns:r="{_R}"><c:roundedCorners val="0"/><c:chart>'
        f"{title}<c:plotArea><c:layout/>{plot}"
        f'<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="{turned}"/></c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{across}"/><c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/>'
        '<c:minorTickMark val="none"/><c:tickLblPos val="low"/><c:crossAx val="2"/></c:catAx>'
        f'<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/>{ends}</c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{along}"/><c:numFmt formatCode="0" sourceLinked="0"/><c:majorTickMark val="none"/>'
        '<c:minorTickMark val="none"/><c:tickLblPos val="low"/><c:crossAx val="1"/></c:valAx></c:plotArea>'
        f'{legend}<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart></c:chartSpace>'
    )


def _end(name: str, value: float | None) -> str:
    return "" if value is None else f'<c:{name} val="{value:g}"/>'


def _series(at: int, one: Series, chart: Chart) -> str:
    labels = "".join(
        f'<c:pt idx="{i}"><c:v>{escape(label)}</c:v></c:pt>' for i, label in enumerate(chart.labels)
    )
    values = "".join(
        f'<c:pt idx="{i}"><c:v>{value:.2f}</c:v></c:pt>'
        for i, value in enumerate(one.values)
        if value is not None
    )
    count = f'<c:ptCount val="{len(chart.labels)}"/>'
    fill = f'<a:solidFill><a:srgbClr val="{one.colour}"/></a:solidFill>'
    dash = '<a:prstDash val="dash"/>' if one.dashed else ""
    width = 12_700 if one.dashed else 28_575
    look = (
        f"<c:spPr>{fill}</c:spPr>"
        if chart.bars
        else f'<c:spPr><a:ln w="{width}">{fill}{dash}</a:ln></c:spPr>'
    )
    told = (
        '<c:dLbls><c:numFmt formatCode="0.0" sourceLinked="0"/><c:showLegendKey val="0"/><c:showVal val="1"/>'
        '<c:showCatName val="0"/><c:showSerName val="0"/><c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
        if chart.bars
        else ""
    )
    marker = (
        "" if chart.bars else f'<c:marker><c:symbol val="{"none" if one.dashed else "circle"}"/></c:marker>'
    )
    extra = '<c:invertIfNegative val="0"/>' if chart.bars else ""
    return (
        f'<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:v>{escape(one.name)}</c:v></c:tx>{look}{marker}{extra}{told}'
        f"<c:cat><c:strLit>{count}{labels}</c:strLit></c:cat>"
        f"<c:val><c:numLit><c:formatCode>General</c:formatCode>{count}{values}</c:numLit></c:val>"
        f"{'' if chart.bars else '<c:smooth val=' + chr(34) + '0' + chr(34) + '/>'}</c:ser>"
    )
