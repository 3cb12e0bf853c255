"""What a draft changes against the version that is answered, in sentences for the reviewer. Values in, words out."""

from collections.abc import Iterator

from surveys.definition import Definition
from surveys.questions import KINDS
from surveys.questions.base import Question

FIELDS = {
    "kind": "题型",
    "title": "题目",
    "required": "必填",
    "hint": "提示",
    "counted": "计入统计",
    "category": "类别",
    "dimension": "国家维度",
    "loinc": "LOINC 编码",
    "step": "就诊环节",
    "show_if": "显示条件",
    "jumps": "跳题",
    "options": "选项",
    "rows": "各行",
    "blanks": "各空",
}
TELLS = {"title", "hint", "category"}  # their words are short enough to stand in a sentence


def changes(before: Definition | None, after: Definition) -> list[str]:
    """One sentence for each question that is new, gone, moved or different; for the first version the number of them."""
    if before is None:
        return [f"首次发布，共 {len(after.questions)} 项"]
    return [*_whole(before, after), *_questions(before, after), *_scores(before, after)]


def _whole(before: Definition, after: Definition) -> Iterator[str]:
    if before.title != after.title:
        yield f"问卷名称由“{before.title}”改为“{after.title}”"
    if before.intro != after.intro:
        yield "填写说明有改动"
    if len(before.pages) != len(after.pages):
        yield f"由 {len(before.pages)} 页改为 {len(after.pages)} 页"
    if before.languages != after.languages:
        yield "译文有改动"


def _questions(before: Definition, after: Definition) -> Iterator[str]:
    old, new = before.by_code, after.by_code
    for item in before.questions:
        if item.code not in new:
            yield f"删去“{item.title}”"
    stayed = [item.code for item in before.questions if item.code in new]
    now = [item.code for item in after.questions if item.code in old]
    if stayed != now:
        yield "题目顺序有调整"
    for item in after.questions:
        if item.code not in old:
            yield f"新增“{item.title}”（{KINDS[item.kind].label}）"
        elif old[item.code] != item:
            yield from _different(old[item.code], item)


def _different(old: Question, new: Question) -> Iterator[str]:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    named, other = [], False
    for field in {**before, **after}:
        if before.get(field) == after.get(field):
            continue
        if field in TELLS:
            yield f"“{old.title}”的{FIELDS[field]}由“{before[field]}”改为“{after[field]}”"
        elif field in FIELDS:
            named.append(FIELDS[field])
        else:
            other = True
    if named or other:
        yield f"“{new.title}”改动了{'、'.join([*named, *(['其他设置'] if other else [])])}"


def _scores(before: Definition, after: Definition) -> Iterator[str]:
    old = {rule.key: rule for rule in before.scores}
    new = {rule.key: rule for rule in after.scores}
    for key, rule in old.items():
        if key not in new:
            yield f"不再计算得分“{rule.label}”"
    for key, rule in new.items():
        if key not in old:
            yield f"新增得分“{rule.label}”（{rule.formula}）"
        elif old[key] != rule:
            yield f"得分“{rule.label}”的算法有改动（{rule.formula}）"
