"""The 12345 hotline (国办发〔2020〕53号): orders with a printed limit, returns, extensions and call-backs."""

from tickets.sources.base import Source

HOTLINE = Source(
    name="hotline",
    label="12345 热线",
    reports_back=True,
    appeal_types=("咨询", "求助", "投诉", "举报", "建议", "表扬"),
)
