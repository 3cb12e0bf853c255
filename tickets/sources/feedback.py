"""What patients and families tell the hospital itself: 投诉 建议 咨询 举报 表扬 (《医疗机构投诉管理办法》).

Beside the road of every case: settled on the spot (首诉负责制), praise passed on, and what is written down on the
way. Nothing goes back to a platform, so nothing is returned or extended there.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.actor import Permission
from tickets.sources.base import Source
from tickets.states import CASE_TABLE, CaseState, CaseVerb, Step

PRIVACY = "个人信息"  # a person asks about their own data: tickets/privacy
_UPSTREAM = (CaseVerb.RETURN_UPSTREAM, CaseVerb.EXTEND_UPSTREAM)
_FRESH = (CaseState.RECEIVED, CaseState.ACCEPTED)
_OPEN = (*_FRESH, CaseState.IN_PROGRESS, CaseState.UNDER_REVIEW, CaseState.REPLIED, CaseState.CALLED_BACK)
_KEPT = (*_OPEN, CaseState.CLOSED)
_HANDLE, _REVIEW = Permission.CASE_HANDLE, Permission.CASE_REVIEW

# verb: from which states, who may; the state stays
_NOTES: dict[CaseVerb, tuple[tuple[CaseState, ...], tuple[Permission, ...]]] = {
    CaseVerb.NOTE_HANDLING: (_KEPT, (_HANDLE,)),
    CaseVerb.CLASSIFY: (_KEPT, (_HANDLE,)),
    CaseVerb.FLAG_RISK: (_OPEN, (_HANDLE, _REVIEW)),
    CaseVerb.STUDY_TOGETHER: ((CaseState.IN_PROGRESS,), (_HANDLE, _REVIEW)),
    CaseVerb.PLAN_RECTIFICATION: (_KEPT, (_HANDLE, _REVIEW)),
    CaseVerb.FINISH_RECTIFICATION: (_KEPT, (_HANDLE,)),
    CaseVerb.VERIFY_RECTIFICATION: (_KEPT, (_HANDLE, _REVIEW)),
    CaseVerb.TELL_DUTIES: (_KEPT, (_HANDLE,)),
    CaseVerb.RECORD_ROUTE: (_KEPT, (_HANDLE,)),
    CaseVerb.JUDGE: (_KEPT, (_REVIEW,)),
}


def _table() -> Mapping[tuple[StrEnum, StrEnum], Step]:
    table = {key: step for key, step in CASE_TABLE.items() if key[1] not in _UPSTREAM}
    for state in _FRESH:
        table[state, CaseVerb.SETTLE] = Step(CaseState.CLOSED, (_HANDLE,))
        table[state, CaseVerb.PASS_ON] = Step(CaseState.CLOSED, (_HANDLE,))
    for verb, (states, permissions) in _NOTES.items():
        for state in states:
            table[state, verb] = Step(state, permissions)
    return MappingProxyType(table)


FEEDBACK = Source(
    name="feedback",
    label="院内反馈",
    reports_back=False,
    appeal_types=("投诉", "建议", "咨询", "举报", "表扬", PRIVACY),
    clocks=("hospital", "joint", "department"),
    person="反映人",
    table=_table(),
    untimed=frozenset({"表扬"}),
)
