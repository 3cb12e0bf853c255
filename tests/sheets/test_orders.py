"""Claims about the order as a value: what is taken, what is refused and with which sentence."""

import base64
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tickets.order_fields import Gender, Role, Urgency
from tickets.orders import Attachment, Order, OrderFault, content_hash, faults_of

PUSHED: dict[str, object] = {
    "order_no": "GZ12345-20261121-000001",
    "title": "排队太久",
    "content": "心内科门诊排队两小时。",
    "appeal_type": "投诉",
    "caller_name": "张测试",
    "caller_gender": "女",
    "caller_phone": "13800000001",
    "occurred_at": "2026-11-20T09:30:00+08:00",
    "departments": ["心血管内科门诊"],
    "urgency": "紧急",
    "role": "主办",
    "dispatched_at": "2026-11-21T10:00:00+08:00",
    "upstream_deadline": "2026-12-05T18:00:00+08:00",
    "hospital_deadline": None,
    "attachments": [{"name": "照片.png", "mime": "image/png", "base64": "aGVsbG8="}],
    "some_future_key": {"is": "ignored"},
}


def faults(**changes: object) -> list[OrderFault]:
    """The faults of the pushed order with some keys changed."""
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({**PUSHED, **changes})
    return faults_of(caught.value)


def test_a_pushed_order_is_read_whole() -> None:
    assert Order.model_validate(PUSHED) == Order(
        order_no="GZ12345-20261121-000001",
        title="排队太久",
        content="心内科门诊排队两小时。",
        appeal_type="投诉",
        caller_name="张测试",
        caller_gender=Gender.FEMALE,
        caller_phone="13800000001",
        occurred_at=datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
        departments=("心血管内科门诊",),
        urgency=Urgency.URGENT,
        role=Role.LEAD,
        dispatched_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
        upstream_deadline=datetime(2026, 12, 5, 10, 0, tzinfo=UTC),
        attachments=(Attachment(name="照片.png", mime="image/png", base64="aGVsbG8="),),
    )


def test_every_fault_is_listed_at_once_with_the_screen_name_of_its_field() -> None:
    assert faults(
        order_no="有 空格",
        content="  ",
        title="长" * 201,
        caller_phone="问前台",
        confidential="也许",
        occurred_at="昨天",
        departments=["心内科", 5, "长" * 101],
        urgency="火急",
        attachments=[{"name": "空.png", "base64": ""}, {"name": "坏.png", "base64": "!!"}],
    ) == [
        {
            "field": "order_no",
            "label": "工单编号",
            "reason": "只能由汉字、字母、数字、“-”和“_”组成，不能有空格",
            "value": "有 空格",
        },
        {"field": "title", "label": "标题", "reason": "太长，最多 200 个字", "value": "长" * 99 + "…"},
        {"field": "content", "label": "诉求内容", "reason": "没有填写", "value": ""},
        {
            "field": "caller_phone",
            "label": "来电号码",
            "reason": "不是电话号码，应为手机号或带区号的固定电话",
            "value": "问前台",
        },
        {"field": "confidential", "label": "是否保密", "reason": "只能填“是”或“否”", "value": "也许"},
        {
            "field": "occurred_at",
            "label": "事发时间",
            "reason": "不是时间，应写成 2026-11-20T09:30:00+08:00",
            "value": "昨天",
        },
        {
            "field": "departments.2",
            "label": "涉及科室第 3 项",
            "reason": "太长，最多 100 个字",
            "value": "长" * 99 + "…",
        },
        {"field": "urgency", "label": "紧急程度", "reason": "只能是：一般、紧急、特急", "value": "火急"},
        {
            "field": "attachments.0.base64",
            "label": "附件第 1 项的附件内容",
            "reason": "附件是空的",
            "value": "",
        },
        {
            "field": "attachments.1.base64",
            "label": "附件第 2 项的附件内容",
            "reason": "附件内容不是有效的 base64 文本",
            "value": "!!",
        },
    ]


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7"])
def test_a_body_that_is_no_object_gets_one_sentence(body: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate_json(body)
    assert [(item["label"], item["reason"]) for item in faults_of(caught.value)] == [
        ("整张工单", "应为一个 JSON 对象")
    ]


def test_a_body_that_is_no_json_gets_one_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate_json(b'{"order_no": ')
    assert faults_of(caught.value) == [
        {"field": "", "label": "整张工单", "reason": "不是有效的 JSON", "value": '{"order_no":'}
    ]


def test_missing_required_keys_are_named() -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({})
    assert faults_of(caught.value) == [
        {"field": "order_no", "label": "工单编号", "reason": "没有填写", "value": ""},
        {"field": "content", "label": "诉求内容", "reason": "没有填写", "value": ""},
    ]


def test_a_limit_before_the_dispatch_is_refused_at_the_limit() -> None:
    assert faults(upstream_deadline="2026-11-20") == [
        {
            "field": "upstream_deadline",
            "label": "上级办结期限",
            "reason": "办结期限早于派单时间，请核对两个时间",
            "value": "",
        }
    ]


def test_a_limit_printed_as_a_bare_date_runs_to_the_end_of_that_day_in_china() -> None:
    order = Order.model_validate({**PUSHED, "upstream_deadline": "2026-12-05"})
    assert order.upstream_deadline == datetime(2026, 12, 5, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "phone", "shown", "confidential", "anonymous"),
    [
        ("保密", "保密", ("", ""), True, False),
        ("张测试", "保密", ("张测试", ""), True, False),
        ("匿名", "13800000001", ("", "13800000001"), False, True),
        ("张测试", "１３８ ００００ ０００１", ("张测试", "138 0000 0001"), False, False),
        ("张测试", "138****0001", ("张测试", "138****0001"), False, False),
    ],
)
def test_words_of_secrecy_in_place_of_a_name_are_flags(
    name: str, phone: str, shown: tuple[str, str], confidential: bool, anonymous: bool
) -> None:
    order = Order.model_validate({**PUSHED, "caller_name": name, "caller_phone": phone})
    assert (order.caller_name, order.caller_phone) == shown
    assert (order.confidential, order.anonymous) == (confidential, anonymous)


def test_the_hash_is_of_the_meaning_not_of_the_writing() -> None:
    first = Order.model_validate(PUSHED)
    same = Order.model_validate(
        {
            **dict(reversed(PUSHED.items())),
            "title": " 排队太久 ",
            "dispatched_at": "2026-11-21T02:00:00Z",
            "departments": "心血管内科门诊",
            "campus": None,
            "update": True,
        }
    )
    other = Order.model_validate({**PUSHED, "content": "心内科门诊排队三小时。"})
    assert content_hash(same) == content_hash(first)
    assert content_hash(other) != content_hash(first)
    assert len(content_hash(first)) == 64


def test_signs_that_a_database_cannot_hold_are_dropped_from_text() -> None:
    order = Order.model_validate({**PUSHED, "content": "第一行\r\n第二行\x00\x1b[31m"})
    assert order.content == "第一行\n第二行[31m"


def test_an_attachment_gives_its_bytes() -> None:
    [attachment] = Order.model_validate(PUSHED).attachments
    assert attachment.data() == b"hello"
    assert "aGVsbG8" not in repr(attachment)


def test_more_than_ten_megabytes_in_one_attachment_are_refused() -> None:
    big = base64.b64encode(bytes(10 * 1024 * 1024 + 3)).decode()
    [found] = faults(attachments=[{"name": "大.bin", "base64": big}])
    assert (found["label"], found["reason"]) == ("附件第 1 项的附件内容", "附件超过 10 MB")


def test_the_headline_is_the_title_or_the_beginning_of_the_content() -> None:
    assert Order(order_no="A", content="x", title="标题").headline() == "标题"
    assert Order(order_no="A", content="短  内容").headline() == "短 内容"
    assert Order(order_no="A", content="长" * 50).headline() == "长" * 39 + "…"
