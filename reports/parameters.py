"""The parameters of the figures: what counts as a response in time, and as a repeat. Counts nothing."""

from dataclasses import dataclass

from core import parameters
from core.parameters import Parameter

_SOURCE = "国办发〔2020〕53号：闭环管理；具体口径由医院约定"
RESPONSE_HOURS = parameters.declare(
    Parameter("statistics.response_hours", "统计：多少小时内联系算及时响应", int, 24, 1, 720, "小时", _SOURCE)
)
REPEAT_DAYS = parameters.declare(
    Parameter(
        "statistics.repeat_days", "统计：同一电话多少天内再次反映算重复", int, 30, 1, 365, "天", _SOURCE
    )
)
TOP = parameters.declare(
    Parameter("statistics.top", "统计：分类与科室排名显示前几名", int, 10, 3, 50, "名", "院内约定")
)


@dataclass(frozen=True, slots=True)
class Measures:
    """The parameters with which facts are counted."""

    response_hours: int
    repeat_days: int


async def in_force() -> Measures:
    """As an administrator has set them."""
    return Measures(await parameters.number(RESPONSE_HOURS), await parameters.number(REPEAT_DAYS))
