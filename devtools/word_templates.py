"""Writes the Word templates shipped with the product into templates/word/.

    python devtools/word_templates.py

They follow the look of a Chinese hospital's red-head document: name in red, number, rule, title, a table of
basic facts, sections in 仿宋, signature with date. The same run gives the same bytes, so a change of this
script shows as a change of the files. Never run by the product itself.
"""

from pathlib import Path
from typing import Final

from docx.document import Document

from devtools import petition_templates, statistics_templates, survey_templates
from devtools.word_parts import (
    Pair,
    add_attachments,
    add_facts,
    add_head,
    add_loop_table,
    add_section,
    add_signature,
    add_tickets,
    add_wide_rows,
    as_bytes,
    new_document,
)

TARGET: Final = Path(__file__).resolve().parent.parent / "templates" / "word"


def build() -> dict[str, bytes]:
    """File name → bytes of every template."""
    return {
        "event_report.docx": as_bytes(event_report()),
        "final_report.docx": as_bytes(final_report()),
        "handling_form.docx": as_bytes(handling_form()),
        **petition_templates.build(),
        **statistics_templates.build(),
        **survey_templates.build(),
    }


def event_report() -> Document:
    """事件报告: what happened, what each department says, what the centre found and decided."""
    document = new_document("事件报告")
    add_head(document)
    add_facts(document, *_BASICS)
    add_section(document, "一、诉求内容", "{{ case.content }}")
    add_section(document, "二、相关就诊情况")
    add_loop_table(document, ("就诊时间", "就诊类别", "就诊科室", "接诊医生", "诊断"), "v in visits",
                ("{{ v.visited_at }}", "{{ v.kind }}", "{{ v.department }}", "{{ v.doctor }}", "{{ v.diagnosis }}"), (40, 22, 34, 26, 36))  # fmt: skip
    add_section(document, "三、科室办理情况")
    add_tickets(document)
    add_section(document, "四、调查核实情况", "{{ event.facts }}")
    add_section(document, "五、原因分析", "{{ event.cause|default('无') }}")
    add_section(document, "六、处理意见", "{{ event.opinion }}")
    add_section(document, "七、整改措施", "{{ event.measures|default('无') }}")
    add_attachments(document)
    add_signature(document)
    return document


def final_report() -> Document:
    """终结报告: the whole road of the case, what the caller was told and what the caller said to it."""
    document = new_document("终结报告")
    add_head(document)
    add_facts(
        document,
        *_BASICS,
        ("是否属实", "{{ event.verified }}"),
        ("首次联系", "{{ case.contacted_at }} {{ case.contact_way }}"),
    )
    add_section(document, "一、诉求内容", "{{ case.content }}")
    add_section(document, "二、调查核实情况", "{{ event.facts|default('见各科室答复') }}")
    add_section(document, "三、科室办理情况")
    add_tickets(document)
    add_section(document, "四、处理意见", "{{ event.opinion }}")
    add_section(document, "五、答复内容", "{{ reply.text }}")
    add_facts(document, ("答复时间", "{{ reply.at }}"), ("答复方式", "{{ reply.way }}"), ("答复人", "{{ reply.by }}"),
           ("是否解决 / 是否满意", "{{ reply.solved|default('未回访') }} / {{ reply.satisfied|default('未评价') }}"))  # fmt: skip
    add_section(document, "六、历次办理与回访")
    add_loop_table(document, ("轮次", "起止时间", "答复", "回访结果", "重办原因"), "r in rounds",
                ("{{ r.number }}", "{{ r.opened_at|day }} 至 {{ r.closed_at|day }}", "{{ r.reply }}",
                 "{{ r.solved }} {{ r.satisfied }}", "{{ r.reason }}"), (14, 38, 52, 24, 30))  # fmt: skip
    add_attachments(document)
    add_signature(document)
    return document


def handling_form() -> Document:
    """办理单: goes out with the order; departments see what is asked and by when."""
    document = new_document("办理单")
    add_head(document, "诉求办理单", "院内编号：{{ case.number }}")
    add_facts(document, *_BASICS)
    add_wide_rows(document, ("诉求标题", "{{ case.title }}"), ("诉求内容", "{{ case.content }}"))
    add_section(document, "承办科室")
    add_loop_table(document, ("科室", "主办/协办", "联络员", "派发时间", "办结期限"), "t in tickets",
                ("{{ t.department }}", "{{ t.role }}", "{{ t.liaison }}", "{{ t.sent_at }}", "{{ t.deadline }}"), (36, 26, 26, 35, 35))  # fmt: skip
    add_section(document, "批示与办理")
    add_wide_rows(document, ("拟办意见", "\n\n"), ("领导批示", "\n\n"), ("办理结果", "\n\n\n"))
    add_attachments(document)
    add_signature(document)
    return document


_BASICS: Final[tuple[Pair, ...]] = (
    ("工单编号", "{{ case.order_no }}"), ("院内编号", "{{ case.number }}"),
    ("来源渠道", "{{ case.source }} {{ case.channel }}"), ("诉求类型", "{{ case.appeal_type }}"),
    ("来电人", "{% if case.confidential %}要求保密{% else %}{{ case.caller_name }} {{ case.caller_gender }}{% endif %}"),
    ("联系电话", "{% if case.confidential %}要求保密{% else %}{{ case.contact_phone or case.caller_phone }}{% endif %}"),
    ("患者姓名", "{{ case.patient_name|default('—') }}"), ("紧急程度", "{{ case.urgency }}"),
    ("收到时间", "{{ case.received_at }}"), ("院内办结期限", "{{ case.hospital_deadline }}"),
    ("问题分类", "{{ case.category }}"), ("上级办结期限", "{{ case.upstream_deadline }}"),
)  # fmt: skip


def main() -> None:
    """Write the files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, data in build().items():
        (TARGET / name).write_bytes(data)
        print(f"templates/word/{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
