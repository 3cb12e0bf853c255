"""Shows a caller's hidden values, and an order as it came, to one person for a reason; each look is an audit line.

Source: GB/T 35273-2020 7.2 (personal information is masked on screens). Decides who may: `may_reveal`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from core import inbound, looking
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from tickets.models import Case
from tickets.queries import access, secrecy


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, whole; "" where nothing is known."""

    name: str
    phone: str
    contact: str
    content: str = ""  # what was told, where numbers in it are hidden elsewhere


def may_reveal(case: Case, by: Actor) -> bool:
    """Whether this person may see the caller whole: who asked for secrecy is known to the centre alone.

    Who accuses somebody is known to discipline inspection alone.
    """
    if case.secret:
        return by.can(Permission.CASE_SECRET) and secrecy.whole(case, by)
    if case.confidential or case.anonymous:
        return by.can(Permission.CASE_HANDLE)
    return by.can(Permission.PATIENT_REVEAL)


async def reveal(case_id: int, reason: str, *, by: Actor) -> Caller:
    """The caller's name and phones in full.

    Raises:
        NotFound, Forbidden: out of reach, or not permitted.
        Invalid, TooMany: no reason given, or too many looks within the hour.
    """
    case = await access.case(case_id, by)
    if not may_reveal(case, by):
        raise Forbidden
    told = await Case.get(id=case_id)
    fields = ["姓名", "电话", *(["反映内容"] if told.content != case.content else [])]
    await looking.note(by, "case.reveal", "case", case.id, reason=reason, fields=fields)
    return Caller(
        case.caller_name,
        case.caller_phone or "",
        case.contact_phone or "",
        told.content if told.content != case.content else "",
    )


async def callers(case_ids: Sequence[int], *, by: Actor) -> dict[int, Caller]:
    """The callers whole, of those cases whose callers this person may see; for an export that another person agreed to.

    That the export is allowed, and written down, is the caller's question.
    """
    cases = await Case.filter(id__in=list(case_ids))
    return {
        case.id: Caller(case.caller_name, case.caller_phone or "", case.contact_phone or "")
        for case in cases
        if may_reveal(case, by)
    }


async def raw(case_id: int, reason: str, *, by: Actor) -> str:
    """The order as it came: JSON is laid out to be read, other text as it is.

    Raises:
        NotFound: out of reach, or nothing was kept.
        Forbidden, Invalid, TooMany: as `reveal`.
    """
    case = await access.case(case_id, by)
    if not by.can(Permission.CASE_HANDLE) or not secrecy.whole(case, by):
        raise Forbidden
    body = await inbound.body_of(case.inbound_id)
    if body is None:
        raise NotFound("没有保存这张工单的原文")
    await looking.note(by, "case.raw", "case", case.id, reason=reason, fields=["来单原文"])
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
    if isinstance(data, dict):  # a file's bytes are no reading matter; they lie among the material
        for attachment in data.get("attachments") or ():
            if isinstance(attachment, dict) and "base64" in attachment:
                attachment["base64"] = f"（{len(str(attachment['base64']))} 个字符，略）"
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
