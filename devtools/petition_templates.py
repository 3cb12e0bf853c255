"""The Word templates of petitions, drawn from the parts every template is made of; `word_templates` writes them.

Which documents there are and what each must say: 《信访工作条例》 Art. 22, 23, 31-36; the layout of the opinion letter
follows common practice (date received, organ, requests one by one, facts and basis, remedy with its 30 days).
"""

from docx.document import Document

from devtools.word_parts import (
    Pair,
    add_attachments,
    add_facts,
    add_head,
    add_loop_table,
    add_section,
    add_tickets,
    add_wide_rows,
    as_bytes,
    new_document,
)

_BASICS: tuple[Pair, ...] = (
    ("信访编号", "{{ petition.number }}"),
    ("信访形式", "{{ petition.form }}"),
    ("事项类别", "{{ petition.category }}"),
    ("内容分类", "{{ petition.topic }}"),
    ("收到日期", "{{ petition.received_on }}"),
    ("涉及人数", "{{ petition.people }}"),
)
_RECEIVED = (
    "{{ petition.received_on }}，我单位收到"
    "{% if petition.transferred_by %}{{ petition.transferred_by }}转送的{% endif %}"
    "您{{ petition.form }}提出的信访事项（信访编号：{{ petition.number }}）。"
)


def build() -> dict[str, bytes]:
    """File name → bytes."""
    made = {
        "petition_register": _register(),
        "petition_accepted": _letter(
            "信访事项受理告知书",
            _RECEIVED,
            "经审查，您反映的事项属于我单位职权范围，依据《信访工作条例》第二十三条、第三十一条的规定，决定自 {{ petition.accepted_on }} 起予以受理。办理途径：{{ petition.route }}",
            "{% if petition.due_on %}我单位将自受理之日起 60 日内（{{ petition.due_on }} 前）作出处理；情况复杂的，经批准可延长不超过 30 日，并告知您延期理由。{% endif %}",
            "您可凭信访编号查询办理情况，联系电话：{{ hospital.phone }}。特此告知。",
        ),
        "petition_declined": _letter(
            "信访事项不予受理告知书",
            _RECEIVED,
            "经审查，您反映的事项{{ petition.ground }}，依据《信访工作条例》的规定，决定不予受理。",
            "{{ petition.told_route }}。",
            "特此告知。",
        ),
        "petition_ended": _letter(
            "信访事项不再受理告知书",
            _RECEIVED,
            "经审查，您反映的事项{{ petition.ground }}。依据《信访工作条例》第三十六条的规定，各级党委和政府信访部门和其他机关、单位不再受理。{{ petition.told_route }}。",
            "特此告知。",
        ),
        "petition_transfer": _transfer(),
        "petition_extension": _letter(
            "信访事项延期办理告知书",
            "您反映的信访事项（信访编号：{{ petition.number }}）我单位已于 {{ petition.accepted_on }} 受理。",
            "因{{ petition.extension_reason }}，不能在规定期限内办结。依据《信访工作条例》第三十四条的规定，经 {{ petition.extension_by }} 批准，延长办理期限 {{ petition.extension_days }} 日，至 {{ petition.due_on }}。",
            "特此告知。",
        ),
        "petition_hearing": _letter(
            "信访事项听证通知",
            "您反映的信访事项（信访编号：{{ petition.number }}），现决定举行听证。",
            "听证时间：　　　　　年　　月　　日　　时",
            "听证地点：{{ hospital.address }}",
            "请您持本人有效身份证件按时参加；多人提出共同信访事项的，推选的代表不超过五人。依据《信访工作条例》第三十六条的规定，听证所需时间不计算在复核期限内。",
        ),
        "petition_opinion": _opinion(),
        "petition_review": _reviewed("review", "复查", "第三十五条", "您如不服本复查意见，可以自收到本意见书之日起 30 日内，向复查机关的上一级机关、单位申请复核。"),
        "petition_rereview": _reviewed("rereview", "复核", "第三十六条", "本意见为信访事项的终结性意见。以同一事实和理由再次提出的，不再受理。"),
        "petition_receipt": _receipt(),
        "petition_closing": _closing(),
        "petition_catalogue": _catalogue(),
    }  # fmt: skip
    return {f"{name}.docx": as_bytes(document) for name, document in made.items()}


def _letter(title: str, *texts: str) -> Document:
    """A notice to the petitioner."""
    document = new_document(title)
    add_head(document, title)
    document.add_paragraph("{{ petition.addressee }}：")
    for text in texts:
        document.add_paragraph(text, style="正文段")
    _seal(document)
    return document


def _seal(document: Document) -> None:
    """The unit signs with its own seal, no department does."""
    document.add_paragraph()
    for text in ("{{ hospital.name }}（印章）", "{{ report.date }}"):
        document.add_paragraph(text, style="落款").paragraph_format.keep_with_next = True


def _register() -> Document:
    document = new_document("信访登记表")
    add_head(document, "信访登记表")
    add_facts(
        document,
        *_BASICS,
        ("信访目的", "{{ petition.purpose }}"),
        ("重复信访", "{{ petition.repeat|default('否') }}"),
        ("转交机关", "{{ petition.transferred_by }}"),
        ("来文文号", "{{ petition.transfer_no }}"),
        ("院内编号", "{{ case.number }}"),
        ("上级期限", "{{ case.upstream_deadline }}"),
    )
    add_section(document, "信访人")
    add_loop_table(
        document,
        ("姓名", "证件种类", "证件号码", "联系电话", "住址"),
        "q in petitioners",
        (
            "{{ q.name }}",
            "{{ q.id_kind }}",
            "{{ q.id_number }}",
            "{{ q.phone }}",
            "{{ q.address }}",
        ),
        (22, 28, 42, 30, 36),
    )
    add_section(document, "请求、事实和理由", "{{ case.content }}")
    document.add_paragraph("{%p if petition.oral_record %}")
    add_section(document, "口述记录", "{{ petition.oral_record }}")
    document.add_paragraph("{%p endif %}")
    add_wide_rows(document, ("拟办意见", "\n\n"), ("领导批示", "\n\n"))
    add_attachments(document)
    document.add_paragraph("登记人：{{ report.author }}　{{ report.date }}", style="落款")
    return document


def _transfer() -> Document:
    title = "信访事项转送（交还）函"
    document = new_document(title)
    add_head(document, title)
    document.add_paragraph("{{ petition.organ }}：")
    for text in (
        (
            "{{ petition.received_on }}，我单位收到{{ petition.addressee }}{{ petition.form }}反映“{{ case.title }}”的信访事项"
            "（信访编号：{{ petition.number }}{% if petition.transfer_no %}，来文：{{ petition.transfer_no }}{% endif %}）。"
        ),
        "经研究，该事项不属于我单位职权范围，依据《信访工作条例》第二十二条、第二十三条的规定，现将有关材料转送（交还）你单位，请依法处理，并将处理情况告知信访人。",
    ):
        document.add_paragraph(text, style="正文段")
    add_attachments(document)
    _seal(document)
    return document


def _opinion() -> Document:
    document = new_document("信访处理意见书")
    add_head(document)
    document.add_paragraph("{{ petition.addressee }}：")
    document.add_paragraph(
        f"{_RECEIVED}我单位于 {{{{ petition.accepted_on }}}} 受理，现已办理完毕。依据《信访工作条例》第三十二条的规定，答复如下：",
        style="正文段",
    )
    add_section(document, "一、您的请求", "{{ petition.claims }}")
    add_section(document, "二、查明的事实和理由", "{{ petition.facts }}")
    add_section(document, "三、处理意见（{{ petition.outcome }}）", "{{ petition.opinion }}")
    add_section(document, "四、依据", "{{ petition.basis }}")
    document.add_paragraph("{%p if petition.agreement %}")
    add_section(document, "五、调解、和解协议", "{{ petition.agreement }}")
    document.add_paragraph("{%p endif %}")
    document.add_paragraph(
        "如不服本处理意见，可以自收到本意见书之日起 30 日内，向{{ petition.review_organ }}申请复查。逾期不申请的，以同一事实和理由再次提出的不再受理。",
        style="正文段",
    )
    _seal(document)
    return document


def _reviewed(stage: str, word: str, article: str, remedy: str) -> Document:
    title = f"信访事项{word}意见书"
    document = new_document(title)
    add_head(document, title)
    document.add_paragraph("{{ petition.addressee }}：")
    document.add_paragraph(
        f"您因{{{{ petition.{stage}_reason }}}}，就信访事项（信访编号：{{{{ petition.number }}}}）向{{{{ petition.{stage}_organ }}}}申请{word}。"
        f"依据《信访工作条例》{article}的规定，{word}意见如下：",
        style="正文段",
    )
    add_section(document, f"一、{word}结论", f"{{{{ petition.{stage}_outcome }}}}")
    add_section(document, f"二、{word}意见", f"{{{{ petition.{stage}_opinion }}}}")
    add_section(document, "三、依据", f"{{{{ petition.{stage}_basis }}}}")
    document.add_paragraph(remedy, style="正文段")
    _seal(document)
    return document


def _receipt() -> Document:
    document = new_document("送达回证")
    add_head(document, "送达回证")
    add_wide_rows(
        document,
        ("信访编号", "{{ petition.number }}"),
        ("受送达人", "{{ petition.addressee }}"),
    )
    document.add_paragraph()
    add_loop_table(
        document,
        ("文书", "文号", "送达方式", "送达日期", "签收人", "送达人"),
        "d in deliveries",
        (
            "{{ d.document }}",
            "{{ d.number }}",
            "{{ d.way }}",
            "{{ d.delivered_on }}",
            "{{ d.receiver }}",
            "{{ d.recorded_by }}",
        ),
        (34, 36, 24, 28, 18, 18),
    )
    document.add_paragraph()
    add_wide_rows(
        document,
        ("签收人签名", "\n　　　　　　　　　　　　　　年　　月　　日\n"),
        ("拒收事由", "\n\n"),
        ("见证人", "\n"),
        ("备注", "复查、复核的申请期限自信访人收到书面意见之日起计算。"),
    )
    return document


def _closing() -> Document:
    document = new_document("办结报告")
    add_head(document)
    add_facts(
        document,
        *_BASICS,
        ("受理日期", "{{ petition.accepted_on }}"),
        ("处理结果", "{{ petition.outcome }}"),
        ("延期", "{% if petition.extension_days %}{{ petition.extension_days }} 日{% else %}无{% endif %}"),
        ("复查 / 复核", "{{ petition.review_outcome|default('未申请') }} / {{ petition.rereview_outcome|default('未申请') }}"),
    )  # fmt: skip
    add_section(document, "一、信访事项", "{{ case.content }}")
    add_section(document, "二、调查核实情况", "{{ petition.facts|default('见科室办理情况') }}")
    add_section(document, "三、科室办理情况")
    add_tickets(document)
    add_section(document, "四、处理意见", "{{ petition.opinion|default('无') }}")
    add_section(document, "五、送达情况")
    add_loop_table(
        document,
        ("文书", "送达方式", "送达日期", "签收人"),
        "d in deliveries",
        ("{{ d.document }}", "{{ d.way }}", "{{ d.delivered_on }}", "{{ d.receiver }}"),
        (58, 34, 40, 26),
    )
    add_section(document, "六、办结情况", "{{ petition.settled }}")
    _seal(document)
    return document


def _catalogue() -> Document:
    document = new_document("卷内目录")
    add_head(document, "卷 内 目 录", "{{ petition.archive_no|default('（未归档）') }}")
    add_facts(
        document,
        ("信访编号", "{{ petition.number }}"),
        ("保管期限", "{{ petition.retention }}"),
        ("信访人", "{{ petition.addressee }}"),
        ("事由", "{{ case.title }}"),
    )
    add_loop_table(
        document,
        ("顺序号", "文件名称", "文号", "责任者", "日期", "备注"),
        "c in catalogue",
        (
            "{{ c.place }}",
            "{{ c.name }}",
            "{{ c.number }}",
            "{{ c.author }}",
            "{{ c.on }}",
            "{{ c.note }}",
        ),
        (14, 42, 34, 24, 24, 20),
    )
    document.add_paragraph("立卷人：{{ report.author }}　{{ report.date }}", style="落款")
    return document
