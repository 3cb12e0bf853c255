"""What patients and families tell the hospital itself: 投诉 建议 咨询 举报 表扬 (《医疗机构投诉管理办法》)."""

from tickets.sources.base import Source

FEEDBACK = Source(
    name="feedback",
    label="院内反馈",
    reports_back=False,
    appeal_types=("投诉", "建议", "咨询", "举报", "表扬"),
    clocks=("hospital", "department"),
    person="反映人",
)
