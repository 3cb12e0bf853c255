"""The doors of the patients' side: feedback handed in, its progress, and what the person says of the result.

Handing in is signed like a platform's push, by whoever shows patients their pages. Progress and rating are open to
whoever knows the query code and the last digits of the phone; wrong tries are counted. Decides nothing.
"""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core import db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Invalid, NotFound
from core.settings import settings
from core.web import client_address, json_answer, read_json
from intake.doors import MOST_MESSAGE, MOST_ORDER, read_body, signed_body
from tickets.actions.forms import Satisfied, Solved
from tickets.feedback import asking, registering
from tickets.feedback.asking import Progress
from tickets.feedback.given import Feedback, Raised, faults_of
from tickets.forms import queries as forms
from tickets.receiving import Outcome

routes = web.RouteTableDef()
_GRANTS = (Grant(Permission.CASE_REGISTER, "/"), Grant(Permission.CASE_HANDLE, "/"))
_CODE = r"{code:[0-9A-Za-z]{12}}"
Tail = Annotated[str, Field(pattern=r"^\d{4}$", title="手机号后四位")]


class FeedbackTaken(BaseModel):
    """The case of what was handed in, and the code to ask its progress with."""

    model_config = ConfigDict(frozen=True)

    case_number: str
    query_code: str
    duplicate: bool


class ProgressView(BaseModel):
    """How far a feedback is; `reply` is "" until there is one for the person."""

    model_config = ConfigDict(frozen=True)

    number: str
    kind: str
    title: str
    state: str
    state_label: str
    received_at: datetime
    closed_at: datetime | None
    reply: str
    may_rate: bool
    rated: str


class RatingForm(BaseModel):
    """What the person says of the result."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    tail: Tail
    satisfied: Satisfied = Field(title="是否满意")
    solved: Solved = Field(default=Solved.YES, title="是否解决")
    remark: str = Field(default="", max_length=1000, title="意见")


class FormView(BaseModel):
    """The form of a kind of feedback as it is in force: send its `version` back with the answers."""

    model_config = ConfigDict(frozen=True)

    version: int
    kind: str
    definition: dict[str, Any]
    conditions: dict[str, Any]


def patient(request: web.Request) -> Actor:
    """Whoever hands something in or rates: the person themselves, through the patients' side."""
    return Actor(ActorKind.PLATFORM, None, "反映人本人", Door.API, _GRANTS, client_address(request))


def read_feedback(body: bytes) -> Feedback:
    """The feedback in a body: what a patient may say, nothing of what the desk makes of it.

    Raises:
        Invalid: with every fault, named by JSON key and by the word on the screen.
    """
    try:
        raised = Raised.model_validate(orjson.loads(body))
        return Feedback.model_validate(raised.model_dump() | {"channel": raised.channel or "公众号"})
    except orjson.JSONDecodeError as error:
        raise Invalid(f"请求体不是合法的 JSON：{error}") from None
    except ValidationError as error:
        raise Invalid("填写的内容有误", details=faults_of(error)) from None


@routes.post("/api/v1/feedback")
async def hand_in(request: web.Request) -> web.Response:
    """Take one feedback: 201 new, 200 the same again, 409 other content under its key, 422 its faults."""
    body = await signed_body(request, settings().portal_secret.get_secret_value(), MOST_ORDER)
    received = await registering.register(read_feedback(body), by=patient(request))
    code: str = await db.fetchval("select query_code from feedback where case_id = $1", received.case_id)
    answer = FeedbackTaken(
        case_number=received.number, query_code=code, duplicate=received.outcome is not Outcome.NEW
    )
    return json_answer(answer, 201 if received.outcome is Outcome.NEW else 200)


@routes.get("/api/v1/feedback/forms/{kind}")
async def form(request: web.Request) -> web.Response:
    """The form in force for a kind of feedback; 404 when the hospital asks nothing more."""
    found = await forms.in_force(unquote(request.match_info["kind"]))
    if found is None:
        raise NotFound("此类反馈没有表单")
    view = FormView(
        version=found.id,
        kind=found.kind,
        definition=found.definition.model_dump(mode="json"),
        conditions=forms.CONDITIONS.dump_python(found.conditions, mode="json"),
    )
    return json_answer(view)


@routes.get(f"/api/v1/feedback/{_CODE}")
async def progress(request: web.Request) -> web.Response:
    """How far it is, by the code and `?tail=` the last four digits of the phone."""
    found = await asking.progress(
        request.match_info["code"], request.query.get("tail", ""), address=client_address(request)
    )
    return json_answer(_view(found))


def _view(found: Progress) -> ProgressView:
    return ProgressView(**{name: getattr(found, name) for name in ProgressView.model_fields})


@routes.post(f"/api/v1/feedback/{_CODE}/rating")
async def rating(request: web.Request) -> web.Response:
    """What the person says of the result, once a round; not satisfied before the call-back opens the next round."""
    await read_body(request, MOST_MESSAGE)
    said = await read_json(request, RatingForm)
    found = await asking.rate(
        request.match_info["code"], said.tail, said.satisfied, said.solved, said.remark, by=patient(request)
    )
    return json_answer(_view(found))
