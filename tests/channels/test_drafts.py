"""Drafts, cards and words: the vendor's limits are kept before anything is sent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from channels import texts
from channels.bundling import bundled
from channels.drafts import Button, Card, Draft, Option, Receiver, ReceiverKind, Row, Selection, shorten
from channels.outgoing import Transport
from channels.transports import REGISTER, expand
from channels.transports.cards import card_json
from channels.transports.wechat import template_fields
from core.settings import settings
from tests.channels.help import CARD, draft

BUTTONS = tuple(Button(text=f"选{at}", key=f"k{at}") for at in range(7))
ROWS = tuple(Row(label="项", value=str(at)) for at in range(7))
EVERYTHING: dict[str, Any] = {
    "card_type": "button_interaction",
    "source": {"desc": "示范医院集团"},
    "main_title": {"title": "新工单待签收", "desc": "来自 12345"},
    "task_id": "c-1",
    "sub_title_text": "请于今日 18:00 前签收",
    "quote_area": {"type": 0, "title": "诉求", "quote_text": "挂号排队时间过长"},
    "horizontal_content_list": [{"keyname": "编号", "value": "HY-12"}],
    "action_menu": {"desc": "更多操作", "action_list": [{"text": "催办记录", "key": "m1"}]},
    "jump_list": [{"type": 1, "title": "打开详情", "url": "http://127.0.0.1:8000/t/12"}],
    "button_list": [{"text": "转交", "style": 3, "key": "b1"}],
    "card_action": {"type": 1, "url": "http://127.0.0.1:8000/t/12"},
    "button_selection": {
        "question_key": "unit",
        "title": "科室",
        "option_list": [{"id": "7", "text": "心血管内科"}],
        "selected_id": "7",
    },
}


def test_a_whole_card_is_written_as_the_vendor_wants_it() -> None:
    card = Card(
        task_id="c-1",
        title="新工单待签收",
        desc="来自 12345",
        note="请于今日 18:00 前签收",
        quote_title="诉求",
        quote="挂号排队时间过长",
        rows=(Row(label="编号", value="HY-12"),),
        selection=Selection(
            key="unit", title="科室", options=(Option(text="心血管内科", key="7"),), chosen="7"
        ),
        buttons=(Button.model_validate({"text": "转交", "key": "b1", "style": "3"}),),
        menu=(Option(text="催办记录", key="m1"),),
        url="http://127.0.0.1:8000/t/12",
    )
    assert card_json(card) == EVERYTHING


def test_long_texts_are_shortened_and_line_breaks_taken_out() -> None:
    card = Card(title="标题" * 20, rows=(Row(label="一二三四五六", value="值\n" * 20),), buttons=BUTTONS[:1])
    assert card.title == "标题" * 12 + "标…"
    assert card.rows[0] == Row(label="一二三四…", value=" ".join("值" * 13) + "…")
    assert shorten("  a \n b ", 10) == "a b"


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "x", "buttons": BUTTONS},
        {"title": "x", "rows": ROWS},
        {"title": "x", "buttons": (BUTTONS[0], BUTTONS[0])},
        {"title": "x", "task_id": "有空格 的"},
        {"title": "x", "task_id": "a" * 129},
        {"title": "x", "unknown": 1},
        {"title": "x", "menu": tuple(Option(text="项", key=str(at)) for at in range(4))},
    ],
)
def test_a_card_the_vendor_would_refuse_is_refused_here(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Card.model_validate(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"key": ""},
        {"purpose": "没有"},
        {"text": "x" * 4001},
        {"receiver": {"kind": "group", "id": 1}},
        {"lane": "soon"},
    ],
)
def test_a_draft_that_cannot_be_sent_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        draft(**fields)


def test_a_card_speaks_for_a_draft_without_words() -> None:
    assert draft(text="", card=CARD).text == "新工单待签收\n编号：HY-12\n时限：明天 18:00"
    receiver = Receiver(kind=ReceiverKind.STAFF, id=1)
    assert Draft(key="k", purpose="a.b", receiver=receiver, card=CARD).text.startswith("新工单待签收")


@pytest.mark.parametrize(("length", "segments"), [(70, 1), (71, 2), (134, 2), (135, 3), (160, 3)])
def test_segments_are_counted_as_the_carriers_do(length: int, segments: int) -> None:
    signature = len(texts.signed(""))
    assert texts.segments("字" * (length - signature)) == segments


def test_an_emoji_takes_two_units_and_five_hundred_are_the_end() -> None:
    signature = len(texts.signed(""))
    assert texts.segments("字" * (69 - signature) + "😀") == 2
    assert texts.fits("字" * (500 - signature))
    assert not texts.fits("字" * (501 - signature))


RESULT = {
    "name": "张测试",
    "number": "HY-12",
    "title": "挂号排队时间过长",
    "received_at": datetime(2026, 11, 19, 16, 30, tzinfo=UTC),
    "finished_at": datetime(2026, 11, 20, 4, 0, tzinfo=UTC),
    "reply": "已增加上午号源。",
    "phone": "020-12345678",
}


def test_the_result_is_told_in_words_that_fit_each_channel() -> None:
    sms = texts.render("result", "sms", RESULT)
    assert sms == (
        "张测试，您于2026年11月20日反映的事项（编号HY-12）已办结。已增加上午号源。"
        "如有疑问请致电020-12345678。感谢您的监督。"
    )
    assert texts.segments(sms) == 2
    assert template_fields(texts.render("result", "wechat", RESULT)) == {
        "character_string1": "HY-12",
        "thing2": "挂号排队时间过长",
        "phrase3": "已办结",
        "time4": "2026年11月20日",
        "thing5": "已增加上午号源。",
    }
    assert texts.render("bind", "sms", {"code": "482913", "minutes": 10}) == (
        "您正在绑定示范医院集团工作账号，验证码482913，10分钟内有效。如非本人操作请忽略，切勿告知他人。"
    )


@pytest.mark.parametrize(
    ("name", "channel", "context"),
    [
        ("none", "sms", {}),
        ("result", "pigeon", {}),
        ("result", "sms", {"name": "张测试"}),
        ("../../app", "py", {}),
    ],
)
def test_a_template_that_cannot_be_filled_is_one_clear_error(
    name: str, channel: str, context: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="message template"):
        texts.render(name, channel, context)


def test_template_fields_keep_the_vendors_lengths_and_plain_words_are_no_template() -> None:
    assert template_fields("thing1: " + "字" * 30 + "\nphrase2: 已经办结了\nthing3:") == {
        "thing1": "字" * 19 + "…",
        "phrase2": "已经办结了",
        "thing3": "-",
    }
    assert template_fields("您的事项：已办结") == {}
    assert template_fields("") == {}


def test_many_reminders_are_listed_and_the_rest_counted() -> None:
    text = bundled([f"工单 {at} 到期" for at in range(25)])
    assert text.splitlines()[0] == "您有 25 条提醒："
    assert text.splitlines()[-2:] == ["20. 工单 19 到期", "…另有 5 条"]


def test_wecom_stands_for_the_configured_way_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert expand(("wecom", "sms")) == ("wecom_app", "wecom_bot", "sms")
    monkeypatch.setenv("HUIYIN_WECOM_WAY", "bot")
    settings.cache_clear()
    assert expand(("wecom", "wecom_app")) == ("wecom_bot", "wecom_app")
    settings.cache_clear()


@pytest.mark.parametrize("transport", list(REGISTER.values()), ids=list(REGISTER))
class TestEveryTransport:
    """The contract of the family, for whoever is registered."""

    def test_is_registered_under_its_name(self, transport: Transport) -> None:
        assert REGISTER[transport.name] is transport
        assert transport.system

    def test_reaches_nobody_while_it_is_not_set_up(self, transport: Transport) -> None:
        settings.cache_clear()
        whole = Receiver(kind=ReceiverKind.PERSON, id=1, wecom_userid="a", phone="13800000001", openid="o")
        assert not transport.can_reach(whole)
