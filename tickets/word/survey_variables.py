"""What analysis reports of questionnaires may quote: figures and tables, already in words; who counts is another package."""

from tickets.word.values import Values
from tickets.word.values import text as _text


class Survey(Values):
    """The questionnaire, the period and the main figures; the two charts stand where their mark is written."""

    title: str = _text("问卷名称", "门诊患者满意度调查")
    period: str = _text("统计期间", "2026-01-01 至 2026-11-30")
    scope: str = _text("统计范围", "全部院区")
    received: str = _text("答卷份数", "1,204")
    clean: str = _text("剔除存疑后份数", "1,150")
    rate: str = _text("应答率", "42.1%")
    score_name: str = _text("主要得分名称", "总体满意度")
    score: str = _text("主要得分", "88.4")
    interval: str = _text("主要得分的 95% 区间", "87.2–89.6")
    clean_score: str = _text("剔除存疑后的主要得分", "87.9")
    formula: str = _text("主要得分的计算方法", "第 1、2 题平均；x 换算为 (x − 1) ÷ 4 × 100")
    nps: str = _text("推荐度 NPS", "46")
    words: str = _text("文字意见中的常见字词", "候诊时间（31）、停车（22）")
    summary: str = _text("总体评价（填写）", "本期满意度平稳，环境与标识得分偏低。")
    causes: str = _text("原因分析（填写）", "门诊楼标识更换期间指引不足。")
    measures: str = _text("改进措施（填写）", "增设导诊岗和地面标线。")
    scores_chart: str = _text("各项得分图（图表）", "（图）")
    trend_chart: str = _text("逐月趋势图（图表）", "（图）")


class SurveyScoreLine(Values):
    """A score."""

    name: str = _text("得分", "护士沟通")
    dimension: str = _text("国家维度", "护士沟通")
    n: str = _text("份数", "1,180")
    mean: str = _text("均值", "91.0")
    interval: str = _text("95% 区间", "90.1–91.9")
    clean: str = _text("剔除存疑后", "90.6")
    formula: str = _text("计算方法", "第 8、9 题平均；x 换算为 (x − 1) ÷ 4 × 100")


class SurveyQuestionLine(Values):
    """A question."""

    name: str = _text("题目", "护士态度好吗")
    category: str = _text("分类", "护士沟通")
    n: str = _text("作答", "1,180")
    mean: str = _text("均值", "4.62")
    top: str = _text("最高档占比", "71.3%")
    low: str = _text("低分占比", "2.1%")


class SurveyUnitLine(Values):
    """A department."""

    name: str = _text("科室", "东院区 · 心血管内科")
    n: str = _text("份数", "120")
    mean: str = _text("均值", "89.2")
    interval: str = _text("95% 区间", "86.9–91.5")
    verdict: str = _text("与其余相比", "无明显差异")


class SurveyMonthLine(Values):
    """A month."""

    name: str = _text("月份", "2026-11")
    n: str = _text("份数", "102")
    mean: str = _text("均值", "88.0")
    limits: str = _text("控制限", "84.1–92.0")
    signal: str = _text("信号", "—")
