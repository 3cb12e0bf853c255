"""The doors of the 12345 platform: orders and call-backs, signed, each taken once (design.md section 7).

What cannot be taken is kept raw and parked with the reason, so that an operator repairs and replays it. Writes no
case itself: `tickets.receiving` and the actions do.
"""

from typing import Literal

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from core import clock, db, inbound
from core.actions import REGISTER
from core.actor import Actor
from core.errors import Fault, GiveUp, HuiyinError, Invalid, NotFound
from core.inbound import Inbound
from core.logs import trace_id
from core.settings import settings
from core.web import json_answer
from intake.doors import MOST_MESSAGE, MOST_ORDER, digest, named_platform, platform, signed_body
from intake.gathering import take
from tickets.actions.forms import Satisfied, Solved
from tickets.models import Case
from tickets.orders import LABELS, Order, faults_of
from tickets.receiving import Incoming, Outcome, Received, keep_files, receive
from tickets.states import CaseState

routes = web.RouteTableDef()
ORDER = "order"
CALLBACK = "hotline.callback"


def read_order(body: bytes) -> Order:
    """The order in a body.

    Raises:
        Invalid: with every fault, named by JSON key and by the word on the screen.
    """
    try:
        return Order.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Invalid(f"请求体不是合法的 JSON：{error}") from None
    except ValidationError as error:
        raise Invalid("工单内容有误", details=[Fault(**fault) for fault in faults_of(error)]) from None


@routes.post("/api/v1/hotline/orders")
async def orders(request: web.Request) -> web.Response:
    """Take one order: 201 new, 200 the same again or a declared update, 409 other content, 422 its faults."""
    body = await signed_body(request, settings().hotline_secret.get_secret_value(), MOST_ORDER)
    by = platform(request)
    try:
        order = read_order(body)
        received = await take(Incoming(order, body, await keep_files(order, by)), by)
    except HuiyinError as error:
        await inbound.refuse(ORDER, f"{_number_in(body)}#{digest(body)}", body, said(error))
        raise
    return json_answer(_answer(received), 201 if received.outcome is Outcome.NEW else 200)


def _answer(received: Received) -> dict[str, object]:
    answer: dict[str, object] = {
        "case_id": received.case_id,
        "case_number": received.number,
        "duplicate": received.outcome is Outcome.SAME,
    }
    if received.outcome is Outcome.CHANGED:
        answer["updated"] = True
    return answer


def said(error: HuiyinError) -> str:
    """The error with all its faults in one text, for the operator."""
    faults = "；".join(f"{fault.label or fault.field}：{fault.reason}" for fault in error.details)
    return f"{error.message}（{faults}）" if faults else error.message


def _number_in(body: bytes) -> str:
    """The order number that a refused body names, as far as it can be read."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    number = data.get("order_no", "") if isinstance(data, dict) else ""
    return "".join(sign for sign in str(number)[:64] if sign.isprintable())


async def take_repaired_order(message: Inbound) -> None:
    """Inbound source "order": a refused body that an operator has repaired and replays.

    Raises:
        GiveUp: it cannot be taken as it stands.
    """
    by = named_platform("12345")
    try:
        await receive(read_order(message.body), by=by, raw=message.body)
    except HuiyinError as error:
        raise GiveUp(said(error)) from error


class CallBackMessage(BaseModel):
    """A call-back that the platform itself made; unknown keys are kept in the raw row."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    order_no: str
    called_at: str = ""
    way: Literal["电话", "短信", "网络", "当面"] = "电话"
    solved: Literal["解决", "已解决", "部分解决", "未解决"] = "解决"
    satisfied: Satisfied
    remark: str = ""


_LABELS = {
    "order_no": LABELS["order_no"],
    "called_at": "回访时间",
    "way": "回访方式",
    "solved": "是否解决",
    "satisfied": "是否满意",
    "remark": "回访记录",
}
_SOLVED = {
    "解决": Solved.YES,
    "已解决": Solved.YES,
    "部分解决": Solved.PARTLY,
    "未解决": Solved.NO,
}


def read_call_back(body: bytes) -> CallBackMessage:
    """The call-back in a body.

    Raises:
        Invalid: with its faults.
    """
    try:
        return CallBackMessage.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Invalid(f"请求体不是合法的 JSON：{error}") from None
    except ValidationError as error:
        faults = [
            Fault(**{**fault, "label": _LABELS.get(fault["field"], fault["label"])})
            for fault in faults_of(error)
        ]
        raise Invalid("回访内容有误", details=faults) from None


@routes.post("/api/v1/hotline/callbacks")
async def call_backs(request: web.Request) -> web.Response:
    """Take one call-back: 201 taken, 200 the same again, 404 no such order, 409 not in this state, 422 its faults."""
    body = await signed_body(request, settings().hotline_secret.get_secret_value(), MOST_MESSAGE)
    by = platform(request)
    key = f"{_number_in(body)}#{digest(body)}"
    try:
        message = read_call_back(body)
        async with db.transaction():
            fresh = await _keep_once(key, body)
            case = await _called_back(message, by) if fresh else await _case_of(message.order_no)
    except HuiyinError as error:
        await inbound.refuse(CALLBACK, key, body, said(error))
        raise
    answer = {"case_id": case.id, "case_number": case.number, "round": case.round, "duplicate": not fresh}
    return json_answer(answer, 201 if fresh else 200)


async def _keep_once(key: str, body: bytes) -> bool:
    """Keep the raw message as done; False when it was done before. One that is parked may be sent again."""
    kept = await db.fetchval(
        "insert into inbound (source, external_id, body, sealed, state, done_at, trace_id)"
        " values ($1, $2, $3, true, 'done', $4, $5)"
        " on conflict (source, external_id) do update set state = 'done', done_at = $4, error = ''"
        " where inbound.state = 'parked' returning id",
        CALLBACK,
        key,
        inbound.sealed(CALLBACK, key, body),
        clock.now(),
        trace_id(),
    )
    return kept is not None


async def _case_of(order_no: str) -> Case:
    case = await Case.get_or_none(source="hotline", external_no=order_no)
    if case is None:
        raise NotFound(f"没有编号为 {order_no[:64]} 的工单")
    return case


async def _called_back(message: CallBackMessage, by: Actor) -> Case:
    """Write the call-back into the case; "not satisfied" and "not solved" open the next round (重办)."""
    case = await _case_of(message.order_no)
    solved, satisfied = _SOLVED[message.solved], message.satisfied
    again = satisfied is Satisfied.NOT or solved is Solved.NO
    if case.state in (CaseState.CALLED_BACK, CaseState.CLOSED):  # our own call-back came first
        if again:
            because = f"平台回访：{solved}，{satisfied}。{message.remark}"[:1000]
            await _do("rework", case.id, by, reason=because)
        return await Case.get(id=case.id)
    form = {"way": message.way, "solved": solved, "satisfied": satisfied, "remark": message.remark}
    await _do("call_back", case.id, by, **form)
    if again and satisfied is not Satisfied.NOT:
        await _do("rework", case.id, by, reason=f"平台回访：{solved}。{message.remark}"[:1000])
    return await Case.get(id=case.id)


async def _do(verb: str, case_id: int, by: Actor, **data: object) -> None:
    action = REGISTER[f"case.{verb}"]
    await action.run(case_id, action.parse(data), by=by)


async def take_repaired_call_back(message: Inbound) -> None:
    """Inbound source "hotline.callback": one that was refused and is replayed by an operator.

    Raises:
        GiveUp: it cannot be taken as it stands.
    """
    try:
        await _called_back(read_call_back(message.body), named_platform("12345"))
    except HuiyinError as error:
        raise GiveUp(said(error)) from error
