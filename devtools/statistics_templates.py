"""The Word templates of reports on statistics, drawn from the parts every template is made of; `word_templates` writes them."""

from docx.document import Document

from devtools.word_parts import (
    add_facts,
    add_head,
    add_loop_table,
    add_section,
    add_signature,
    as_bytes,
    new_document,
)


def build() -> dict[str, bytes]:
    """File name → bytes."""
    return {
        "statistics_report.docx": as_bytes(handling()),
        "statistics_annual.docx": as_bytes(annual()),
    }


def handling() -> Document:
    """办理情况报告: of a month or quarter."""
    document = new_document("办理情况报告")
    add_head(document)
    _overview(document)
    add_section(document, "一、总体情况", _RECEIVED, "{{ statistics.summary|default('') }}")
    _figures(document, "二、主要指标")
    _shares(document, "三、来源与类型")
    _categories(document, "四、问题分类")
    _departments(document, "五、主办科室情况")
    _limits(document, "六、时限执行情况")
    add_section(
        document,
        "七、原因分析与改进措施",
        "{{ statistics.causes|default('无') }}",
        "{{ statistics.measures|default('无') }}",
    )
    add_signature(document)
    return document


def annual() -> Document:
    """年度投诉分析报告: summary and analysis with improvement (《医疗机构投诉管理办法》)."""
    document = new_document("年度投诉分析报告")
    add_head(document)
    _overview(document)
    add_section(document, "一、全年总体情况", _RECEIVED, "{{ statistics.summary|default('') }}")
    add_section(document, "二、逐月情况")
    add_loop_table(document, ("月份", "受理量", "已答复", "满意率", "解决率"), "m in months",
                   ("{{ m.name }}", "{{ m.received }}", "{{ m.replied }}", "{{ m.satisfied }}", "{{ m.solved }}"), (38, 30, 30, 30, 30))  # fmt: skip
    _figures(document, "三、主要指标")
    _shares(document, "四、来源与类型")
    _categories(document, "五、问题分类")
    _departments(document, "六、主办科室情况")
    add_section(document, "七、是否属实")
    add_loop_table(document, ("核实结果", "件次", "占比"), "u in authenticity",
                   ("{{ u.name }}", "{{ u.amount }}", "{{ u.share }}"), (58, 50, 50))  # fmt: skip
    _limits(document, "八、时限执行情况")
    add_section(document, "九、原因分析", "{{ statistics.causes|default('无') }}")
    add_section(document, "十、改进措施", "{{ statistics.measures|default('无') }}")
    add_section(document, "十一、典型案例", "{{ statistics.examples|default('无') }}")
    add_signature(document)
    return document


_RECEIVED = (
    "{{ statistics.period }}（{{ statistics.first_day }}至{{ statistics.last_day }}），共受理诉求 {{ statistics.received }} 件，"
    "上期 {{ statistics.received_before }} 件（环比 {{ statistics.received_change }}），去年同期 {{ statistics.received_year }} 件"
    "（同比 {{ statistics.received_year_change }}）。办结率 {{ statistics.concluded }}，按时率 {{ statistics.on_time }}，"
    "响应率 {{ statistics.responded }}，解决率 {{ statistics.solved }}，满意率 {{ statistics.satisfied }}。"
)


def _overview(document: Document) -> None:
    add_facts(
        document,
        ("统计期间", "{{ statistics.period }}"),
        ("统计范围", "{{ statistics.scope }}"),
        ("成文日期", "{{ report.date }}"),
        ("万诊疗人次诉求量", "{{ statistics.per_visits }}"),
    )


def _figures(document: Document, heading: str) -> None:
    add_section(document, heading)
    add_loop_table(document, ("指标", "数值", "分子÷分母", "上期", "去年同期"), "f in figures",
                   ("{{ f.name }}", "{{ f.value }}", "{{ f.parts }}", "{{ f.before }}", "{{ f.year }}"), (46, 26, 36, 25, 25))  # fmt: skip


def _shares(document: Document, heading: str) -> None:
    add_section(document, heading)
    for title, loop, name in (("来源", "s in sources", "s"), ("诉求类型", "y in types", "y")):
        add_loop_table(document, (title, "受理量", "占比", "办结率"), loop,
                       tuple(f"{{{{ {name}.{field} }}}}" for field in ("name", "received", "share", "concluded")), (58, 34, 33, 33))  # fmt: skip
        document.add_paragraph().paragraph_format.line_spacing = 0.5


def _categories(document: Document, heading: str) -> None:
    add_section(document, heading)
    add_loop_table(document, ("问题分类", "受理量", "占比"), "g in categories",
                   ("{{ g.name }}", "{{ g.received }}", "{{ g.share }}"), (90, 34, 34))  # fmt: skip


def _departments(document: Document, heading: str) -> None:
    add_section(document, heading)
    add_loop_table(document, ("科室", "受理量", "占比", "平均用时", "按时率", "满意率", "重办率"), "k in departments",
                   ("{{ k.name }}", "{{ k.received }}", "{{ k.share }}", "{{ k.hours }}", "{{ k.on_time }}", "{{ k.satisfied }}", "{{ k.reworked }}"),
                   (44, 19, 19, 19, 19, 19, 19))  # fmt: skip


def _limits(document: Document, heading: str) -> None:
    add_section(document, heading)
    add_loop_table(document, ("时限", "按时率", "按时完成", "超期完成", "超期未完成"), "l in limits",
                   ("{{ l.name }}", "{{ l.on_time }}", "{{ l.met }}", "{{ l.late }}", "{{ l.overdue }}"), (46, 28, 28, 28, 28))  # fmt: skip
