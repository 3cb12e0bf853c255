"""The part of the OpenAPI document that tells of feedback, drawn from the models its doors read and answer with."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from intake.feedback import FeedbackTaken, FormView, ProgressView, RatingForm
from tickets.feedback.given import Raised
from tickets.sources.feedback import FEEDBACK

Schema = dict[str, Any]  # a part of an OpenAPI document: JSON by its nature
Answers = Callable[..., Schema]
MODELS: tuple[type[BaseModel], ...] = (Raised, FeedbackTaken, FormView, ProgressView, RatingForm)
TAG = "患者反馈"
_CODE: Schema = {
    "name": "query_code",
    "in": "path",
    "required": True,
    "description": "登记时返回的查询码",
    "schema": {"type": "string", "pattern": "^[0-9A-Za-z]{12}$"},
}
_TAIL: Schema = {
    "name": "tail",
    "in": "query",
    "required": True,
    "description": "手机号后四位；没有留电话的填 0000",
    "schema": {"type": "string", "pattern": r"^\d{4}$"},
}
_KIND: Schema = {
    "name": "kind",
    "in": "path",
    "required": True,
    "description": "反馈类型",
    "schema": {"enum": list(FEEDBACK.appeal_types)},
}


def _body(model: type[BaseModel]) -> Schema:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def paths(answers: Answers, signed: list[Schema]) -> Schema:
    """The paths; `answers` makes the responses as the rest of the document does, `signed` is its security."""
    return {
        "/api/v1/feedback": {
            "post": {
                "operationId": "hand_in_feedback",
                "tags": [TAG],
                "summary": "提交反馈",
                "description": "按登记编号幂等。分类、风险、严重程度由医院填写，患者端不能提交。",
                "security": signed,
                "requestBody": _body(Raised),
                "responses": answers(
                    {201: ("新反馈", FeedbackTaken), 200: ("同一反馈", FeedbackTaken)}, 401, 409, 413, 422
                ),
            }
        },
        "/api/v1/feedback/forms/{kind}": {
            "get": {
                "operationId": "feedback_form",
                "tags": [TAG],
                "summary": "某类反馈现行的表单",
                "parameters": [_KIND],
                "responses": answers({200: ("表单", FormView)}, 404),
            }
        },
        "/api/v1/feedback/{query_code}": {
            "get": {
                "operationId": "feedback_progress",
                "tags": [TAG],
                "summary": "查询进度",
                "description": "查询码与手机号后四位须相符；错误次数过多暂停查询（429）。",
                "parameters": [_CODE, _TAIL],
                "responses": answers({200: ("进度", ProgressView)}, 404),
            }
        },
        "/api/v1/feedback/{query_code}/rating": {
            "post": {
                "operationId": "rate_feedback",
                "tags": [TAG],
                "summary": "评价办理结果",
                "description": "每轮一次；回访前评价“不满意”即转入下一轮办理。",
                "parameters": [_CODE],
                "requestBody": _body(RatingForm),
                "responses": answers({200: ("评价后的进度", ProgressView)}, 404, 409, 422),
            }
        },
    }
