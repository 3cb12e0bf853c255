"""The OpenAPI 3.1 document of `/api/v1/`, drawn from the register of actions and from the models the doors read with.

Writes no sentence about an action that the register does not hold, so that document and buttons cannot disagree.
"""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core import actions
from core.actions import Action, Nothing
from core.errors import Fault
from core.settings import settings
from intake import openapi_doors, openapi_feedback
from intake.views import CaseList, CaseView, Done, TicketList, TicketView
from integrations.signing import MOST_SKEW
from staff.sessions import COOKIE, CSRF_HEADER
from tickets.actions.forms import Satisfied
from tickets.orders import LABELS, Order

Schema = dict[str, Any]  # a part of an OpenAPI document: JSON by its nature
VERSION = "1"
SUBJECTS: dict[str, tuple[str, str, type[BaseModel]]] = {
    "case": ("cases", "诉求", CaseView),
    "ticket": ("tickets", "科室工单", TicketView),
}
ERRORS = {
    400: "请求的格式不对",
    401: "未登录，或签名不正确",
    403: "没有权限，或缺少 CSRF 令牌",
    404: "没有，或无权查看",
    409: "当前状态不允许，或编号已登记而内容不同",
    413: "内容过大",
    422: "内容有误，details 逐项说明",
}


class ErrorBody(BaseModel):
    """Why not."""

    code: str
    message: str
    details: tuple[Fault, ...]
    trace_id: str


class ErrorAnswer(BaseModel):
    """Every error of this API."""

    error: ErrorBody


class OrderTaken(BaseModel):
    """The case an order belongs to."""

    case_id: int
    case_number: str
    duplicate: bool
    updated: bool = False


class CallBackTaken(BaseModel):
    """The case a call-back belongs to and the round it is in now."""

    case_id: int
    case_number: str
    round: int
    duplicate: bool


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _answers(good: dict[int, tuple[str, type[BaseModel]]], *bad: int) -> Schema:
    found: Schema = {
        str(status): {"description": words, "content": _json(_ref(model))}
        for status, (words, model) in good.items()
    }
    for status in bad:
        found[str(status)] = {"description": ERRORS[status], "content": _json(_ref(ErrorAnswer))}
    return found


_SIGNED: list[Schema] = [{"signature": [], "timestamp": []}]
_STAFF: list[Schema] = [{"session": []}]
_ACTS: list[Schema] = [{"session": [], "csrf": []}]


def _call_back_schema() -> Schema:
    return {
        "type": "object",
        "required": ["order_no", "satisfied"],
        "properties": {
            "order_no": {"type": "string", "title": LABELS["order_no"]},
            "called_at": {"type": "string", "title": "回访时间"},
            "way": {"enum": ["电话", "短信", "网络", "当面"], "title": "回访方式"},
            "solved": {"enum": ["解决", "部分解决", "未解决"], "title": "是否解决"},
            "satisfied": {"enum": [word.value for word in Satisfied], "title": "是否满意"},
            "remark": {"type": "string", "title": "回访记录"},
        },
    }


def _hotline() -> Schema:
    platform = {
        "name": "X-Platform",
        "in": "header",
        "required": False,
        "description": "平台代码，缺省 12345",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"},
    }
    return {
        "/api/v1/hotline/orders": {
            "post": {
                "operationId": "push_order",
                "tags": ["热线平台"],
                "summary": "推送工单",
                "description": "按工单编号幂等；同一编号内容不同须声明 update。未列出的字段原样留存。",
                "security": _SIGNED,
                "parameters": [platform],
                "requestBody": {"required": True, "content": _json(_ref(Order))},
                "responses": _answers(
                    {201: ("新工单", OrderTaken), 200: ("同一工单，或声明的更新", OrderTaken)},
                    401,
                    409,
                    413,
                    422,
                ),
            }
        },
        "/api/v1/hotline/callbacks": {
            "post": {
                "operationId": "push_call_back",
                "tags": ["热线平台"],
                "summary": "推送回访结果",
                "description": "不满意或未解决即转入下一轮办理。",
                "security": _SIGNED,
                "parameters": [platform],
                "requestBody": {"required": True, "content": _json(_call_back_schema())},
                "responses": _answers(
                    {201: ("已登记", CallBackTaken), 200: ("同一回访", CallBackTaken)},
                    401,
                    404,
                    409,
                    413,
                    422,
                ),
            }
        },
    }


def _id(words: str) -> Schema:
    return {"name": "id", "in": "path", "required": True, "description": words, "schema": {"type": "integer"}}


def _listing(subject: str, words: str, model: type[BaseModel]) -> Schema:
    queries = [
        {"name": "state", "in": "query", "description": "状态", "schema": {"type": "string"}},
        {"name": "before", "in": "query", "description": "上一页的 next", "schema": {"type": "integer"}},
        {"name": "limit", "in": "query", "description": "每页条数，最多 100", "schema": {"type": "integer"}},
    ]
    return {
        "operationId": f"list_{subject}",
        "tags": [words],
        "summary": f"{words}列表，新的在前",
        "security": _STAFF,
        "parameters": queries,
        "responses": _answers({200: ("一页", model)}, 401, 422),
    }


def _reading() -> Schema:
    found: Schema = {}
    for subject, (plural, words, model) in SUBJECTS.items():
        pages = CaseList if subject == "case" else TicketList
        found[f"/api/v1/{plural}"] = {"get": _listing(plural, words, pages)}
        found[f"/api/v1/{plural}/{{id}}"] = {
            "get": {
                "operationId": f"get_{subject}",
                "tags": [words],
                "summary": f"一件{words}，和现在可以做的操作",
                "security": _STAFF,
                "parameters": [_id(words)],
                "responses": _answers({200: (words, model)}, 401, 404),
            }
        }
    return found


def _acting(action: Action) -> Schema:
    plural, words, _ = SUBJECTS[action.subject]
    operation: Schema = {
        "operationId": action.name.replace(".", "_"),
        "tags": [words],
        "summary": action.label,
        "security": _ACTS,
        "parameters": [_id(words)],
        "responses": _answers({200: ("已完成", Done)}, 401, 403, 404, 409, 422),
    }
    if action.help:
        operation["description"] = action.help
    if action.form is not Nothing:
        operation["requestBody"] = {"required": True, "content": _json(_ref(action.form))}
    return {f"/api/v1/{plural}/{{id}}/{action.verb}": {"post": operation}}


def _schemas(forms: list[type[BaseModel]]) -> Schema:
    wanted: list[type[BaseModel]] = [
        Order,
        OrderTaken,
        CallBackTaken,
        ErrorAnswer,
        CaseList,
        TicketList,
        Done,
        *openapi_feedback.MODELS,
        *openapi_doors.MODELS,
        *forms,
    ]
    _, found = models_json_schema(
        [(model, "validation") for model in wanted], ref_template="#/components/schemas/{model}"
    )
    schemas: Schema = found["$defs"]
    return schemas


@cache
def document() -> Schema:
    """The whole document; the register is complete once the process is wired."""
    known = [action for subject in SUBJECTS for action in actions.of(subject)]
    paths = (
        _hotline()
        | openapi_feedback.paths(_answers, _SIGNED)
        | openapi_doors.paths(_answers, _SIGNED)
        | _reading()
    )
    for action in known:
        paths |= _acting(action)
    headers = {
        "signature": ("X-Signature", 'sha256=hex(HMAC_SHA256(密钥, X-Timestamp + "." + 请求体原文))'),
        "timestamp": ("X-Timestamp", f"Unix 秒，与本系统相差不超过 {MOST_SKEW} 秒"),
        "csrf": (CSRF_HEADER, "页面给出的 CSRF 令牌"),
    }
    schemes: Schema = {
        name: {"type": "apiKey", "in": "header", "name": header, "description": words}
        for name, (header, words) in headers.items()
    }
    schemes[openapi_doors.TOKEN] = {
        "type": "http",
        "scheme": "bearer",
        "description": "链路令牌，在“接口链路”页生成",
    }
    schemes["session"] = {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "职工登录会话"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "回音 Huiyin",
            "version": VERSION,
            "description": "工单推送与办理、患者反馈、院内系统与短信平台的接口",
        },
        "servers": [{"url": settings().path_prefix or "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(
                [action.form for action in dict.fromkeys(known) if action.form is not Nothing]
            ),
            "securitySchemes": schemes,
        },
    }
