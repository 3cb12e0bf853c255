"""The life of an import and the meaning of its rows, as words. Values only."""

from enum import StrEnum


class ImportState(StrEnum):
    """Where an import stands."""

    READING = "reading"
    PREVIEW = "preview"
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"


class RowOutcome(StrEnum):
    """What a row is, or what became of it."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    FAULTY = "faulty"
    TAKEN = "taken"
    FAILED = "failed"


IMPORT_LABELS = {
    ImportState.READING: "正在读取",
    ImportState.PREVIEW: "待确认",
    ImportState.IMPORTING: "正在导入",
    ImportState.DONE: "已完成",
    ImportState.REFUSED: "无法读取",
}
ROW_LABELS = {
    RowOutcome.NEW: "新工单",
    RowOutcome.CHANGED: "内容有变",
    RowOutcome.SAME: "重复",
    RowOutcome.FAULTY: "有误",
    RowOutcome.TAKEN: "已导入",
    RowOutcome.FAILED: "未导入",
}
BAD = (RowOutcome.FAULTY, RowOutcome.FAILED)
