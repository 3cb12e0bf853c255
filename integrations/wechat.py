"""The WeChat service account as far as we use it: template messages, customer-service messages, QR codes.

Each function is one interface of https://developers.weixin.qq.com/doc/service/; failures are `CallFailed` by
the table of codes. Decides neither whom to tell nor what happens when it does not work.
"""

from functools import cache
from typing import Literal
from urllib.parse import urlencode

from pydantic import Field

from core.settings import settings
from integrations import http
from integrations.http import Json, Reply
from integrations.tokens import Fresh, TokenKeeper
from integrations.vendor import Api, check

SYSTEM: Literal["wechat"] = "wechat"
OFFICIAL = "https://api.weixin.qq.com"
QR_LONGEST = 2_592_000


class _Token(Reply):
    access_token: str = Field(min_length=1)
    expires_in: int


class _Sent(Reply):
    msgid: int


class QrCode(Reply):
    """A code with a parameter: `url` is what it encodes."""

    ticket: str
    url: str
    expire_seconds: int = 0


class Follower(Reply):
    """What the account may know of a person."""

    subscribe: int
    openid: str
    unionid: str = ""


class _Login(Reply):
    openid: str


def configured() -> bool:
    """Whether a service account is set."""
    chosen = settings()
    return bool(chosen.wechat_app_id and chosen.wechat_secret.get_secret_value())


def api() -> Api:
    """The account's API, one per process and setting."""
    chosen = settings()
    return _api(chosen.wechat_api.rstrip("/"), chosen.wechat_app_id)


@cache
def _api(base: str, account: str) -> Api:
    return Api(SYSTEM, base, TokenKeeper(f"wechat:{account}", _stable_token, forcible=True))


async def _stable_token(*, force: bool) -> Fresh:
    """接口 getStableAccessToken: the same token until it nears its end; by force 20 times a day, 30 s apart."""
    chosen = settings()
    body: Json = {
        "grant_type": "client_credential",
        "appid": chosen.wechat_app_id,
        "secret": chosen.wechat_secret.get_secret_value(),
        "force_refresh": force,
    }
    answer = await http.call(
        SYSTEM,
        "stable_token",
        "POST",
        f"{chosen.wechat_api.rstrip('/')}/cgi-bin/stable_token",
        body=http.dumps(body),
    )
    data = http.read_json(SYSTEM, "stable_token", answer)
    check(SYSTEM, "stable_token", data)
    token = http.validated(SYSTEM, "stable_token", _Token, data)
    http.count(SYSTEM, "stable_token", "ok")
    return Fresh(token.access_token, token.expires_in)


async def send_template(
    openid: str, template_id: str, fields: dict[str, str], *, client_msg_id: str, url: str = ""
) -> str:
    """A template message; its id, under which `TEMPLATESENDJOBFINISH` tells the result.

    Args:
        openid: of the receiver, who must follow the account.
        template_id: as approved in the account.
        fields: the template's keys (`thing1` …) and their values.
        client_msg_id: at most 32 characters; the same id is one message.
        url: opened by a tap.
    """
    body: Json = {
        "touser": openid,
        "template_id": template_id,
        "url": url,
        "client_msg_id": client_msg_id,
        "data": {key: {"value": value} for key, value in fields.items()},
    }
    data = await api().post("message/template/send", body)
    return str(http.validated(SYSTEM, "message/template/send", _Sent, data).msgid)


async def send_custom(openid: str, text: str) -> None:
    """A customer-service message, within 48 h of the person's last act."""
    await api().post("message/custom/send", {"touser": openid, "msgtype": "text", "text": {"content": text}})


async def qrcode(scene: str, *, seconds: int = QR_LONGEST) -> QrCode:
    """A temporary QR code carrying `scene` (1 to 64 characters); following or scanning by it tells the scene."""
    body: Json = {
        "action_name": "QR_STR_SCENE",
        "expire_seconds": min(seconds, QR_LONGEST),
        "action_info": {"scene": {"scene_str": scene}},
    }
    return http.validated(SYSTEM, "qrcode/create", QrCode, await api().post("qrcode/create", body))


async def follower(openid: str) -> Follower:
    """Whether this person follows."""
    data = await api().get("user/info", openid=openid, lang="zh_CN")
    return http.validated(SYSTEM, "user/info", Follower, data)


async def openid_of_code(code: str) -> str:
    """Who logged in with this OAuth code; good once and for five minutes."""
    chosen = settings()
    answer = await http.call(
        SYSTEM,
        "sns/oauth2/access_token",
        "GET",
        f"{chosen.wechat_api.rstrip('/')}/sns/oauth2/access_token",
        params={
            "appid": chosen.wechat_app_id,
            "secret": chosen.wechat_secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        },
    )
    data = http.read_json(SYSTEM, "sns/oauth2/access_token", answer)
    check(SYSTEM, "sns/oauth2/access_token", data)
    http.count(SYSTEM, "sns/oauth2/access_token", "ok")
    return http.validated(SYSTEM, "sns/oauth2/access_token", _Login, data).openid


def oauth_url(redirect_uri: str, state: str) -> str:
    """The silent log-in link for inside WeChat (scope snsapi_base)."""
    chosen = settings()
    query = urlencode(
        {
            "appid": chosen.wechat_app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
    )
    base = chosen.wechat_api.rstrip("/")
    site = "https://open.weixin.qq.com" if base == OFFICIAL else base
    return f"{site}/connect/oauth2/authorize?{query}#wechat_redirect"
