"""The WeCom API as far as we use it: application messages, cards, media, groups, members, log-in.

Each function is one interface of https://developer.work.weixin.qq.com/document/; failures are `CallFailed` by
the table of codes. Shapes of cards are the caller's business; nothing here decides whom to tell.
"""

from functools import cache
from typing import Literal
from urllib.parse import urlencode

from pydantic import Field

from core.settings import settings
from integrations import http
from integrations.http import CallFailed, Json, Kind, Reply
from integrations.tokens import Fresh, TokenKeeper
from integrations.vendor import Api, Upload, check
from integrations.wecom_errors import meaning

SYSTEM: Literal["wecom"] = "wecom"
OFFICIAL = "https://qyapi.weixin.qq.com"
TEXT_BYTES = 2048
DUPLICATE_SECONDS = 4 * 3600  # the longest the vendor remembers


class Sent(Reply):
    """An accepted message: `response_code` updates a card once within 72 h (empty when it is no such card)."""

    msgid: str = ""
    response_code: str = ""
    invaliduser: str = ""
    unlicenseduser: str = ""


class Member(Reply):
    """A member as the address book tells."""

    userid: str
    name: str = ""
    position: str = ""
    status: int = 1
    department: tuple[int, ...] = ()


class _Token(Reply):
    access_token: str = Field(min_length=1)
    expires_in: int


class _Media(Reply):
    media_id: str


class _Who(Reply):
    userid: str = ""


class _Chat(Reply):
    chatid: str


class Group(Reply):
    """An application group."""

    chatid: str
    name: str
    owner: str
    userlist: tuple[str, ...]


class _GroupInfo(Reply):
    chat_info: Group


class Media(Reply):
    """A file from the vendor's store."""

    filename: str
    mime: str
    data: bytes


def configured() -> bool:
    """Whether a self-built application is set."""
    chosen = settings()
    return bool(chosen.wecom_corp_id and chosen.wecom_agent_id and chosen.wecom_secret.get_secret_value())


def api() -> Api:
    """The application's API, one per process and setting."""
    chosen = settings()
    return _api(chosen.wecom_api.rstrip("/"), f"{chosen.wecom_corp_id}:{chosen.wecom_agent_id}")


@cache
def _api(base: str, application: str) -> Api:
    return Api(SYSTEM, base, TokenKeeper(f"wecom:{application}", _gettoken))


async def _gettoken(*, force: bool) -> Fresh:  # noqa: ARG001 - the vendor gives a new one when the old is dead
    chosen = settings()
    answer = await http.call(
        SYSTEM,
        "gettoken",
        "GET",
        f"{chosen.wecom_api.rstrip('/')}/cgi-bin/gettoken",
        params={"corpid": chosen.wecom_corp_id, "corpsecret": chosen.wecom_secret.get_secret_value()},
    )
    data = http.read_json(SYSTEM, "gettoken", answer)
    check(SYSTEM, "gettoken", data)
    token = http.validated(SYSTEM, "gettoken", _Token, data)
    http.count(SYSTEM, "gettoken", "ok")
    return Fresh(token.access_token, token.expires_in)


# --- messages (发送应用消息, path 90236) -----------------------------------------------------------


async def send_text(to: str, text: str, *, dedupe: int = 0) -> Sent:
    """Text to one member, cut to 2048 bytes; the same text within `dedupe` seconds is one message."""
    return await _send(to, {"msgtype": "text", "text": {"content": cut(text)}}, dedupe=dedupe)


async def send_markdown(to: str, text: str, *, dedupe: int = 0) -> Sent:
    """Markdown to one member; shown in the WeCom client only; `dedupe` as for text."""
    return await _send(to, {"msgtype": "markdown", "markdown": {"content": cut(text)}}, dedupe=dedupe)


async def send_card(to: str, card: Json) -> Sent:
    """A template card to one member; the same card (task id) within 4 h is one message."""
    return await _send(to, {"msgtype": "template_card", "template_card": card}, dedupe=DUPLICATE_SECONDS)


async def send_image(to: str, media_id: str) -> Sent:
    """An uploaded picture."""
    return await _send(to, {"msgtype": "image", "image": {"media_id": media_id}}, dedupe=DUPLICATE_SECONDS)


async def send_file(to: str, media_id: str) -> Sent:
    """An uploaded file."""
    return await _send(to, {"msgtype": "file", "file": {"media_id": media_id}}, dedupe=DUPLICATE_SECONDS)


async def _send(to: str, body: Json, *, dedupe: int) -> Sent:
    whole: Json = {"touser": to, "agentid": settings().wecom_agent_id, **body}
    if dedupe:
        whole |= {"enable_duplicate_check": 1, "duplicate_check_interval": dedupe}
    sent = http.validated(SYSTEM, "message/send", Sent, await api().post("message/send", whole))
    missed = {name.lower() for name in f"{sent.invaliduser}|{sent.unlicenseduser}".split("|") if name}
    if to.lower() in missed:  # errcode 0 and yet nobody got it; the vendor lower-cases the ids
        advice = meaning(SYSTEM, 81013).advice
        code = "invaliduser" if to.lower() in sent.invaliduser.lower().split("|") else "unlicenseduser"
        raise CallFailed(
            SYSTEM, "message/send", code, "成员无效或无许可", Kind.UNREACHABLE_PERSON, advice=advice
        )
    return sent


def cut(text: str, most: int = TEXT_BYTES) -> str:
    """The text in at most `most` bytes of UTF-8, with an ellipsis when something was cut."""
    raw = text.encode()
    return text if len(raw) <= most else f"{raw[: most - 3].decode('utf-8', 'ignore')}…"


async def update_card(
    userids: list[str], response_code: str, *, card: Json | None = None, words: str = ""
) -> None:
    """Replace a card, or only its buttons by grey `words`; spends the code (更新模版卡片消息, path 94888)."""
    body: Json = {
        "userids": list(userids),
        "agentid": settings().wecom_agent_id,
        "response_code": response_code,
    }
    if card is not None:
        body["template_card"] = card
    else:
        body["button"] = {"replace_name": words}
    await api().post("message/update_template_card", body)


async def recall(msgid: str) -> None:
    """Take a message back within 24 h (path 94867)."""
    await api().post("message/recall", {"msgid": msgid})


# --- media (上传临时素材, 获取临时素材) --------------------------------------------------------------


async def upload_media(
    kind: Literal["image", "voice", "video", "file"], name: str, mime: str, data: bytes
) -> str:
    """Store a file at the vendor's for three days; its media id."""
    sent = await api().upload("media/upload", Upload("media", name, mime, data), type=kind)
    return http.validated(SYSTEM, "media/upload", _Media, sent).media_id


async def download_media(media_id: str) -> Media:
    """The bytes of a media id, at most 64 MB."""
    answer = await api().download("media/get", media_id=media_id)
    return Media(filename=answer.filename, mime=answer.mime, data=answer.body)


# --- application groups (path 90244, 90245) --------------------------------------------------------


async def appchat_create(chatid: str, name: str, owner: str, userlist: list[str]) -> str:
    """Make a group of 2 to 2000 members; its id."""
    body: Json = {"chatid": chatid, "name": name[:50], "owner": owner, "userlist": list(userlist)}
    return http.validated(SYSTEM, "appchat/create", _Chat, await api().post("appchat/create", body)).chatid


async def appchat_update(
    chatid: str, *, name: str = "", owner: str = "", add: tuple[str, ...] = (), remove: tuple[str, ...] = ()
) -> None:
    """Rename, hand over, add and remove members."""
    body: Json = {"chatid": chatid, "add_user_list": list(add), "del_user_list": list(remove)}
    if name:
        body["name"] = name[:50]
    if owner:
        body["owner"] = owner
    await api().post("appchat/update", body)


async def appchat_get(chatid: str) -> Group:
    """Name, owner and members of a group of ours."""
    data = await api().get("appchat/get", chatid=chatid)
    return http.validated(SYSTEM, "appchat/get", _GroupInfo, data).chat_info


async def appchat_send(chatid: str, text: str, *, markdown: bool = False) -> None:
    """Text into a group of ours; cards are not possible there."""
    kind = "markdown" if markdown else "text"
    await api().post("appchat/send", {"chatid": chatid, "msgtype": kind, kind: {"content": cut(text)}})


async def appchat_send_file(chatid: str, media_id: str, *, image: bool = False) -> None:
    """An uploaded file or picture into a group of ours."""
    kind = "image" if image else "file"
    await api().post("appchat/send", {"chatid": chatid, "msgtype": kind, kind: {"media_id": media_id}})


# --- people and log-in ----------------------------------------------------------------------------


async def user_get(userid: str) -> Member:
    """One member of the address book."""
    return http.validated(SYSTEM, "user/get", Member, await api().get("user/get", userid=userid))


async def userid_of_code(code: str) -> str:
    """Who logged in with this OAuth code (path 91023); empty when it is nobody of this corporation."""
    data = await api().get("auth/getuserinfo", code=code)
    return http.validated(SYSTEM, "auth/getuserinfo", _Who, data).userid


def oauth_url(redirect_uri: str, state: str) -> str:
    """The log-in link for inside the WeCom client (path 96441); `state` is at most 128 letters and digits."""
    chosen = settings()
    query = urlencode(
        {
            "appid": chosen.wecom_corp_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
            "agentid": chosen.wecom_agent_id,
        }
    )
    base = chosen.wecom_api.rstrip("/")
    return f"{'https://open.weixin.qq.com/connect' if base == OFFICIAL else base}/oauth2/authorize?{query}#wechat_redirect"
