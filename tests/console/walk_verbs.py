"""The written table of every verb: which permissions it takes, for the unit it concerns. A new verb needs a line.

`SAID` fills in the form of each verb, so that what refuses is the permission and not a field.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from core.actions import Action

HANDLE, REVIEW, ARCHIVE = "case:handle", "case:review", "case:archive"
OWN, ENDORSE, MANAGE = "ticket:handle", "ticket:endorse", "ticket:manage"

VERBS: Mapping[str, str] = {
    "ticket.sign": OWN,
    "ticket.answer": OWN,
    "ticket.ask": OWN,
    "ticket.ask_extension": OWN,
    "ticket.ask_pause": OWN,
    "ticket.return": OWN,
    "ticket.note_handling": OWN,
    "ticket.resume": f"{OWN} {MANAGE}",
    "ticket.transfer": f"{OWN} {MANAGE}",
    "ticket.endorse": ENDORSE,
    "ticket.send_back": f"{ENDORSE} {MANAGE}",
    "ticket.approve": MANAGE,
    "ticket.approve_extension": MANAGE,
    "ticket.refuse_extension": MANAGE,
    "ticket.approve_pause": MANAGE,
    "ticket.refuse_pause": MANAGE,
    "ticket.urge": MANAGE,
    "ticket.withdraw": MANAGE,
    "case.accept": HANDLE,
    "case.return_upstream": HANDLE,
    "case.assign": HANDLE,
    "case.write_record": HANDLE,
    "case.submit": HANDLE,
    "case.extend_upstream": HANDLE,
    "case.call_back": HANDLE,
    "case.rework": HANDLE,
    "case.close": HANDLE,
    "case.approve": REVIEW,
    "case.send_back": REVIEW,
    "case.archive": ARCHIVE,
    # feedback
    "case.settle": HANDLE,
    "case.pass_on": HANDLE,
    "case.note_handling": HANDLE,
    "case.classify": HANDLE,
    "case.flag_risk": f"{HANDLE} {REVIEW}",
    "case.study_together": f"{HANDLE} {REVIEW}",
    "case.plan_rectification": f"{HANDLE} {REVIEW}",
    "case.finish_rectification": HANDLE,
    "case.verify_rectification": f"{HANDLE} {REVIEW}",
    "case.tell_duties": HANDLE,
    "case.record_route": HANDLE,
    "case.judge": REVIEW,
    # petitions
    "case.take_up": HANDLE,
    "case.decline": HANDLE,
    "case.object": HANDLE,
    "case.objection_upheld": HANDLE,
    "case.objection_refused": HANDLE,
    "case.forward": HANDLE,
    "case.draft_opinion": HANDLE,
    "case.issue_opinion": REVIEW,
    "case.prolong": REVIEW,
    "case.notify": HANDLE,
    "case.deliver": HANDLE,
    "case.ask_review": HANDLE,
    "case.decide_review": REVIEW,
    "case.ask_rereview": HANDLE,
    "case.begin_hearing": HANDLE,
    "case.end_hearing": HANDLE,
    "case.decide_rereview": REVIEW,
    "case.reopen": HANDLE,
    "case.take_back": HANDLE,
    "case.conclude": HANDLE,
    "case.file": ARCHIVE,
    "case.propose_disposal": ARCHIVE,
    "case.approve_disposal": ARCHIVE,
    "case.record_disposal": ARCHIVE,
    # one matter
    "case.join": HANDLE,
    "case.leave": HANDLE,
    "case.merge": HANDLE,
    "case.split": HANDLE,
    # 检举控告
    "case.make_secret": f"{HANDLE} case:secret",
    "case.lift_secret": "case:secret",
}

SAID: Mapping[str, object] = {"unit": "骨科", "units": ["骨科"], "due_on": "2099-12-31", "reason": "测试原因"}


OF_A_VERB: Mapping[str, Mapping[str, object]] = {
    "case.classify": {"severity": "较大"},
    "case.flag_risk": {"risks": ["媒体"]},
    "case.record_disposal": {"witnesses": "测试甲、测试乙"},
}


def filled(action: Action, other: str) -> dict[str, object]:
    """A form that is whole: what must be filled in, and the number of another case where one is asked for."""
    given: dict[str, object] = dict(OF_A_VERB.get(action.name, {}))
    for name, field in action.form.model_fields.items():
        if name in ("other", "main"):
            given[name] = other
        elif field.is_required() and name not in given:
            given[name] = SAID.get(name) or _any(field.annotation)
    return given


def _any(annotation: Any) -> object:
    kind = get_origin(annotation)
    if kind is Literal:
        return get_args(annotation)[0]
    if kind is tuple:
        return [_any(get_args(annotation)[0])]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return next(iter(annotation)).value
    simple: dict[Any, object] = {int: 1, bool: True}
    return simple.get(annotation, "测试内容甲乙丙")
