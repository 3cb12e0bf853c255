"""What handling reports and annual reports may quote: the figures of a period, and tables of them.

Values only, already in words ("93.5%", "1,204"); who counts them is the package of statistics.
"""

from tickets.word.values import Values
from tickets.word.values import text as _text


class Statistics(Values):
    """The period and its main figures."""

    period: str = _text("统计期间", "2026年11月")
    first_day: str = _text("期间首日", "2026年11月1日")
    last_day: str = _text("期间末日", "2026年11月30日")
    scope: str = _text("统计范围", "全部院区")
    received: str = _text("受理量", "278")
    received_before: str = _text("上期受理量", "260")
    received_year: str = _text("去年同期受理量", "301")
    received_change: str = _text("受理量环比", "+6.9%")
    received_year_change: str = _text("受理量同比", "-7.6%")
    concluded: str = _text("办结率", "96.4%")
    on_time: str = _text("按时率", "98.1%")
    responded: str = _text("响应率", "99.0%")
    solved: str = _text("解决率", "91.2%")
    satisfied: str = _text("满意率", "93.5%")
    reworked: str = _text("重办率", "2.1%")
    returned: str = _text("退单率", "1.4%")
    extended: str = _text("延期率", "3.0%")
    repeated: str = _text("重复率", "4.2%")
    per_visits: str = _text("万诊疗人次诉求量", "5.78")
    summary: str = _text("总体情况（填写）", "本期诉求总量平稳，按时率较上期提高。")
    causes: str = _text("原因分析（填写）", "挂号与候诊类诉求集中在周一上午。")
    measures: str = _text("改进措施（填写）", "增设周一上午分诊窗口。")
    examples: str = _text("典型案例（填写）", "某门诊叫号流程改进后，同类诉求下降。")


class FigureLine(Values):
    """A figure with what it was and how it is computed."""

    name: str = _text("指标", "按时率")
    value: str = _text("数值", "98.1%")
    parts: str = _text("分子 ÷ 分母", "341 ÷ 348")
    before: str = _text("上期", "97.5%")
    year: str = _text("去年同期", "96.0%")
    formula: str = _text("计算方法", "到期前完成的时限 ÷ 应完成的时限")


class ShareLine(Values):
    """A line of a table: how many, and which share of all."""

    name: str = _text("名称", "投诉")
    received: str = _text("受理量", "118")
    share: str = _text("占比", "42.4%")
    concluded: str = _text("办结率", "96.0%")


class DepartmentLine(Values):
    """A department's line."""

    name: str = _text("科室", "东院区 · 心血管内科")
    received: str = _text("受理量", "23")
    share: str = _text("占比", "8.3%")
    hours: str = _text("平均答复用时（小时）", "26.8")
    on_time: str = _text("按时率", "97.0%")
    satisfied: str = _text("满意率", "92.3%")
    reworked: str = _text("重办率", "4.3%")


class MonthLine(Values):
    """A month's line."""

    name: str = _text("月份", "2026年11月")
    received: str = _text("受理量", "278")
    replied: str = _text("已答复", "268")
    satisfied: str = _text("满意率", "93.5%")
    solved: str = _text("解决率", "91.2%")


class LimitLine(Values):
    """A kind of limit."""

    name: str = _text("时限", "医院时限")
    on_time: str = _text("按时率", "98.1%")
    met: str = _text("按时完成", "341")
    late: str = _text("超期完成", "5")
    overdue: str = _text("超期未完成", "2")


class AuthenticityLine(Values):
    """Whether what was raised proved true."""

    name: str = _text("是否属实", "部分属实")
    amount: str = _text("件次", "46")
    share: str = _text("占比", "30.1%")
