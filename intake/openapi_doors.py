"""The part of the OpenAPI document that tells of the doors of other systems: receipts and replies of the SMS platform,
and FHIR, JSON and SOAP of the hospital's own systems, whose bodies are what their standards or mapping files say.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from integrations.sms import Report, Uplink
from patients.feeds.kinds import FHIR_TYPES

Schema = dict[str, Any]  # a part of an OpenAPI document: JSON by its nature
Answers = Callable[..., Schema]
TOKEN = "link"  # noqa: S105 - the name of a way to be known
_SMS, _SYSTEMS = "短信平台", "院内系统"


class Pushed(BaseModel):
    """How many messages were kept, and what is wrong with which; faulty ones are kept too, set aside."""

    kept: int
    parked: int
    faults: tuple[dict[str, str | int], ...]


class Counted(BaseModel):
    """What the SMS platform takes for "received"."""

    code: int
    msg: str
    count: int


MODELS: tuple[type[BaseModel], ...] = (Report, Uplink, Pushed, Counted)


def _of(mime: str, schema: Schema) -> Schema:
    return {"required": True, "content": {mime: {"schema": schema}}}


def _list_of(model: type[BaseModel]) -> Schema:
    return _of(
        "application/json", {"type": "array", "items": {"$ref": f"#/components/schemas/{model.__name__}"}}
    )


def paths(answers: Answers, signed: list[Schema]) -> Schema:
    """The paths; `answers` makes the responses as the rest of the document does, `signed` is the platform's security."""
    return {
        "/api/v1/sms/receipts": {
            "post": {
                "operationId": "push_receipts",
                "tags": [_SMS],
                "summary": "推送短信回执",
                "description": "原文先留存再应答，按内容幂等。",
                "security": signed,
                "requestBody": _list_of(Report),
                "responses": answers({200: ("已收下", Counted)}, 401, 413, 422),
            }
        },
        "/api/v1/sms/replies": {
            "post": {
                "operationId": "push_replies",
                "tags": [_SMS],
                "summary": "推送短信回复",
                "description": "退订类回复登记为拒收。",
                "security": signed,
                "requestBody": _list_of(Uplink),
                "responses": answers({200: ("已收下", Counted)}, 401, 413, 422),
            }
        },
        **_fhir(),
        **_feeds(answers),
    }


def _parameter(name: str, words: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": words, "schema": schema}


def _fhir() -> Schema:
    mime, resource = "application/fhir+json", {"type": "object"}
    good = {"description": "已收下", "content": {mime: {"schema": resource}}}
    told = {
        str(status): {"description": words, "content": {mime: {"schema": resource}}}
        for status, words in (
            (400, "请求的格式不对"),
            (401, "令牌不正确"),
            (405, "不支持的操作（查询、修补、按条件）"),
            (412, "不支持按条件创建或更新"),
            (415, "只接收 UTF-8 的 JSON"),
            (413, "内容过大"),
            (422, "内容有误，OperationOutcome 逐项说明；原文已留存"),
            (503, "积压过多，请按 Retry-After 重发"),
        )
    }
    one = _parameter("type", "资源类型", {"enum": list(FHIR_TYPES)})
    number = _parameter("id", "资源编号", {"type": "string"})

    def taking(name: str, words: str, status: int, *where: Schema) -> Schema:
        return {
            "operationId": name,
            "tags": [_SYSTEMS],
            "summary": words,
            "security": [{TOKEN: []}],
            "parameters": list(where),
            "requestBody": _of(mime, resource),
            "responses": {"200": good, str(status): good, **told},
        }

    return {
        "/api/v1/fhir/metadata": {
            "get": {
                "operationId": "fhir_metadata",
                "tags": [_SYSTEMS],
                "summary": "可接收的 FHIR R4 资源",
                "responses": {"200": good},
            }
        },
        "/api/v1/fhir": {"post": taking("fhir_bundle", "推送 FHIR Bundle", 200)},
        "/api/v1/fhir/Bundle": {"post": taking("fhir_bundle_by_type", "推送 FHIR Bundle", 200)},
        "/api/v1/fhir/{type}": {"post": taking("fhir_create", "推送一个 FHIR 资源", 201, one)},
        "/api/v1/fhir/{type}/{id}": {
            "put": taking("fhir_update", "更新一个 FHIR 资源", 201, one, number),
            "delete": {
                "operationId": "fhir_delete",
                "tags": [_SYSTEMS],
                "summary": "删除一个 FHIR 资源：它说过的收回",
                "security": [{TOKEN: []}],
                "parameters": [one, number],
                "responses": {"200": good, **told},
            },
        },
    }


def _feeds(answers: Answers) -> Schema:
    link = _parameter("link", "链路编号", {"type": "integer"})
    told = {"description": "SOAP Envelope 或 Fault", "content": {"text/xml": {"schema": {"type": "string"}}}}
    return {
        "/api/v1/feeds/{link}/json": {
            "post": {
                "operationId": "push_json",
                "tags": [_SYSTEMS],
                "summary": "推送 JSON 消息",
                "description": "一条或多条，按该链路的映射文件读取。",
                "security": [{TOKEN: []}],
                "parameters": [link],
                "requestBody": _of("application/json", {}),
                "responses": answers({200: ("全部收下", Pushed)}, 401, 413)
                | {"422": {"description": "有误的已搁置"}},
            }
        },
        "/api/v1/feeds/{link}/soap": {
            "post": {
                "operationId": "push_soap",
                "tags": [_SYSTEMS],
                "summary": "推送 SOAP 消息",
                "description": "SOAP 1.1 或 1.2；有误时以 Fault 应答。",
                "security": [{TOKEN: []}],
                "parameters": [link],
                "requestBody": _of("text/xml", {"type": "string"}),
                "responses": {str(status): told for status in (200, 401, 413, 500, 503)},
            }
        },
    }
