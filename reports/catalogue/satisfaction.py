"""Resolution and satisfaction (解决率、满意率) as call-backs tell them; no answer is no answer, and is not counted."""

from reports.catalogue.base import Figure, Statistic, Table

SOLVED = Figure(
    "solved",
    "解决率",
    "回访答“已解决”的件次 ÷ 回访有明确答复的件次",
    ("case.solved",),
    ("case.solved_asked",),
    better=1,
)
SATISFIED = Figure(
    "satisfied",
    "满意率",
    "（满意 + 基本满意）÷（满意 + 基本满意 + 不满意）；未评价不计",
    ("case.satisfied",),
    ("case.satisfied_asked",),
    better=1,
)
CALLED = Figure("called", "回访率", "已回访件次 ÷ 已答复件次", ("case.called",), ("case.replied",), better=1)
SATISFACTION = Statistic(
    "satisfaction",
    "解决与满意",
    tiles=(SOLVED, SATISFIED),
    figures=(
        SOLVED,
        SATISFIED,
        CALLED,
        Figure("dissatisfied", "不满意", "回访不满意的件次", ("case.dissatisfied",), better=-1),
    ),
    tables=(Table("months", "逐月解决与满意", "month", (SATISFIED, SOLVED), "line"),),
)
