"""From how many responses on a number is shown. Counts nothing."""

from core import parameters
from core.parameters import Parameter

LEAST = parameters.declare(
    Parameter(
        "survey.least",
        "问卷统计：一组至少多少份才显示",
        int,
        5,
        1,
        100,
        "份",
        source="自定；人数太少的组不单列，并再隐藏一组以防用总数相减推出",
        what="科室、医生、渠道、交叉表中份数少于此数的组不显示结果",
    )
)
RANKED = parameters.declare(
    Parameter(
        "survey.ranked",
        "问卷统计：科室至少多少份才参加比较",
        int,
        30,
        5,
        1000,
        "份",
        source="自定；样本太少时名次只是偶然",
        what="份数少于此数的科室只列数值，不参加差异检验",
    )
)
