"""The Word template of the analysis report on a questionnaire; `word_templates` writes it."""

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
    return {"survey_report.docx": as_bytes(analysis())}


def analysis() -> Document:
    """问卷分析报告: figures, scores with formulas and charts, trend, departments, questions, what a person concludes."""
    document = new_document("问卷分析报告")
    add_head(document)
    add_facts(
        document,
        ("问卷", "{{ survey.title }}"),
        ("统计期间", "{{ survey.period }}"),
        ("统计范围", "{{ survey.scope }}"),
        ("成文日期", "{{ report.date }}"),
    )
    add_section(document, "一、总体情况", _RECEIVED, "{{ survey.summary|default('') }}")
    add_section(document, "二、各项得分")
    document.add_paragraph("{{ survey.scores_chart }}")
    add_loop_table(document, ("得分", "份数", "均值", "95% 区间", "剔除存疑后", "计算方法"), "e in survey_scores",
                   ("{{ e.name }}", "{{ e.n }}", "{{ e.mean }}", "{{ e.interval }}", "{{ e.clean }}", "{{ e.formula }}"), (30, 18, 18, 26, 22, 44))  # fmt: skip
    add_section(document, "三、逐月趋势")
    document.add_paragraph("{{ survey.trend_chart }}")
    add_loop_table(document, ("月份", "份数", "均值", "控制限", "信号"), "b in survey_months",
                   ("{{ b.name }}", "{{ b.n }}", "{{ b.mean }}", "{{ b.limits }}", "{{ b.signal }}"), (34, 26, 26, 36, 36))  # fmt: skip
    add_section(document, "四、科室情况")
    add_loop_table(document, ("科室", "份数", "均值", "95% 区间", "与其余相比"), "h in survey_units",
                   ("{{ h.name }}", "{{ h.n }}", "{{ h.mean }}", "{{ h.interval }}", "{{ h.verdict }}"), (58, 20, 20, 30, 30))  # fmt: skip
    add_section(document, "五、各题结果")
    add_loop_table(document, ("题目", "作答", "均值", "最高档", "低分"), "n in survey_questions",
                   ("{{ n.name }}", "{{ n.n }}", "{{ n.mean }}", "{{ n.top }}", "{{ n.low }}"), (74, 21, 21, 21, 21))  # fmt: skip
    add_section(document, "六、文字意见", "常见字词（出现的答卷数）：{{ survey.words|default('无') }}。")
    add_section(document, "七、原因分析", "{{ survey.causes|default('无') }}")
    add_section(document, "八、改进措施", "{{ survey.measures|default('无') }}")
    add_signature(document)
    return document


_RECEIVED = (
    "{{ survey.period }}，共收到答卷 {{ survey.received }} 份，剔除质量存疑后 {{ survey.clean }} 份，应答率 {{ survey.rate }}。"
    "{{ survey.score_name }} {{ survey.score }}（95% 区间 {{ survey.interval }}，剔除存疑后 {{ survey.clean_score }}；计算方法："
    "{{ survey.formula }}），推荐度 NPS {{ survey.nps }}。"
)
