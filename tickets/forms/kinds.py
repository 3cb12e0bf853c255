"""The kinds of feedback that have forms."""

from enum import StrEnum


class FormKind(StrEnum):
    """What a form is for; the values are those of `cases.appeal_type`."""

    COMPLAINT = "投诉"
    SUGGESTION = "建议"
    INQUIRY = "咨询"
    REPORT = "举报"
    PRAISE = "表扬"
