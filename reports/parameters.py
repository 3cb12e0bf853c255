"""The parameters of the figures: what counts as a response in time, and as a repeat. Counts nothing."""

from dataclasses import dataclass

from core import parameters
from core.parameters import Parameter

_SOURCE = "国办发〔2020〕53号：闭环管理；具体口径由医院约定"
RESPONSE_HOURS = parameters.declare(
    Parameter(
        "statistics.response_hours",
        "多少小时内联系算及时响应",
        int,
        24,
        1,
        720,
        "小时",
        _SOURCE,
        what="及时响应率的口径",
    )
)
REPEAT_DAYS = parameters.declare(
    Parameter(
        "statistics.repeat_days",
        "同一电话多少天内再次反映算重复",
        int,
        30,
        1,
        365,
        "天",
        _SOURCE,
        what="重复反映率的口径",
    )
)
TOP = parameters.declare(
    Parameter("statistics.top", "分类与科室排名显示前几名", int, 10, 3, 50, "名", what="其余的合并为“其他”")
)


@dataclass(frozen=True, slots=True)
class Measures:
    """The parameters with which facts are counted."""

    response_hours: int
    repeat_days: int


async def in_force() -> Measures:
    """As an administrator has set them."""
    return Measures(await parameters.number(RESPONSE_HOURS), await parameters.number(REPEAT_DAYS))
