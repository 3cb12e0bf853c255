"""Callbacks: what the vendor seals we open, what is forged or broken is refused with one sentence."""

import pytest
from wechatpy.crypto import WeChatCrypto

from core.errors import HuiyinError, Invalid, Unauthenticated
from integrations.wecom_crypto import Envelope, WecomCallback, parse, text_reply
from sandbox.crypto import Envelope as VendorEnvelope

KEY = "sandbox0" * 5 + "abc"
OURS = Envelope("token", KEY, "ww-corp")
VENDOR = VendorEnvelope("token", KEY, "ww-corp")
CLICK = """<xml><ToUserName>ww-corp</ToUserName><FromUserName>ceshijia</FromUserName>
<CreateTime>1795000000</CreateTime><MsgType>event</MsgType><Event>template_card_event</Event>
<EventKey>ticket.sign:12</EventKey><TaskId>c-1</TaskId><CardType>button_interaction</CardType>
<ResponseCode>rc</ResponseCode><AgentID>1000002</AgentID>
<SelectedItems><SelectedItem><QuestionKey>unit</QuestionKey><OptionIds><OptionId>7</OptionId><OptionId>8</OptionId>
</OptionIds></SelectedItem></SelectedItems></xml>"""


def sealed(text: str, envelope: VendorEnvelope = VENDOR) -> tuple[str, str, str, str]:
    """(signature, timestamp, nonce, cipher) as the vendor would send them."""
    cipher = envelope.seal(text)
    return envelope.sign("1795000000", "n1", cipher), "1795000000", "n1", cipher


def test_what_the_vendor_seals_is_opened_and_read() -> None:
    assert parse(OURS.open(*sealed(CLICK))) == WecomCallback(
        to_user="ww-corp",
        from_user="ceshijia",
        created=1795000000,
        msg_type="event",
        event="template_card_event",
        event_key="ticket.sign:12",
        agent_id="1000002",
        task_id="c-1",
        card_type="button_interaction",
        response_code="rc",
        selected={"unit": ("7", "8")},
    )


def test_two_cards_clicked_in_one_second_are_two_happenings_and_a_retry_is_one() -> None:
    first = parse(CLICK)
    assert parse(CLICK).dedupe_key == first.dedupe_key
    assert parse(CLICK.replace("c-1", "c-2").replace(">rc<", ">rd<")).dedupe_key != first.dedupe_key
    assert parse("<xml><MsgType>text</MsgType><MsgId>4567</MsgId></xml>").dedupe_key == "4567"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (("bad", *sealed(CLICK)[1:]), "回调签名不正确"),
        ((*sealed(CLICK)[:1], "1795000001", *sealed(CLICK)[2:]), "回调签名不正确"),
        (sealed(CLICK, VendorEnvelope("token", KEY, "ww-other")), "回调内容无法解密"),
        (sealed(CLICK, VendorEnvelope("token", "wechat00" * 5 + "xyz", "ww-corp")), "回调内容无法解密"),
        ((VENDOR.sign("1", "n", "AAAA"), "1", "n", "AAAA"), "回调内容无法解密"),
        ((VENDOR.sign("1", "n", "!"), "1", "n", "!"), "回调内容无法解密"),
    ],
)
def test_what_is_forged_or_for_somebody_else_is_refused(
    parts: tuple[str, str, str, str], sentence: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        OURS.open(*parts)
    assert caught.value.message == sentence


def test_without_a_token_and_key_nothing_is_believed() -> None:
    with pytest.raises(Unauthenticated):
        Envelope("", "", "ww-corp").open(VENDOR.sign("1", "n", "AAAA"), "1", "n", "AAAA")


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        ("not xml", "回调内容不是合法的 XML"),
        ("<xml>", "回调内容不是合法的 XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>', "回调内容不是合法的 XML"),
        ("<xml><CreateTime>soon</CreateTime></xml>", "回调的 CreateTime 不是时间戳"),
        (f"<xml>{'a' * 300_000}</xml>", "回调内容过大"),
    ],
)
def test_broken_xml_is_refused_with_one_sentence(xml: str, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(xml)
    assert caught.value.message == sentence


@pytest.mark.parametrize("body", [b"", b"{}", b"<xml/>", b"\xff\xfe", b"<xml><Encrypt>zz</Encrypt></xml>"])
def test_a_post_that_is_no_callback_is_refused(body: bytes) -> None:
    with pytest.raises(HuiyinError):
        OURS.open_xml("s", "1", "n", body)


def test_our_answer_is_readable_by_an_independent_implementation() -> None:
    callback = WecomCallback(to_user="ww-corp", from_user="ceshijia")
    xml = OURS.seal(text_reply(callback, "已签收 <#12>"))
    fields = {tag: parse_tag(xml, tag) for tag in ("MsgSignature", "TimeStamp", "Nonce")}
    theirs = WeChatCrypto("token", KEY, "ww-corp")
    plain = theirs.decrypt_message(xml, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    assert parse(plain).content == "已签收 <#12>"


def parse_tag(xml: str, tag: str) -> str:
    """The text of a tag of the outer envelope."""
    return (
        xml.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0].removeprefix("<![CDATA[").removesuffix("]]>")
    )
