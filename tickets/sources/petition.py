"""Petitions (信访): 《信访工作条例》 (in force 2022-05-01); the three categories are those of Art. 29-31."""

from tickets.sources.base import Source

PETITION = Source(
    name="petition",
    label="信访",
    reports_back=False,
    appeal_types=("申诉求决", "建议意见", "检举控告"),
    clocks=(
        "notice",
        "objection",
        "decision",
        "department",
        "review_window",
        "review",
        "rereview_window",
        "rereview",
    ),
    person="信访人",
)
