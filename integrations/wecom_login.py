"""WeCom's page with the QR code for a desktop browser (企业微信登录组件, path 98152). Calls nobody."""

from urllib.parse import urlencode

from core.settings import settings
from integrations.wecom import OFFICIAL

PAGE = "https://login.work.weixin.qq.com"


def qr_url(redirect_uri: str, state: str) -> str:
    """The page whose QR code a member scans; it leads to `redirect_uri` with code and state, as the OAuth link does."""
    chosen = settings()
    query = urlencode(
        {
            "login_type": "CorpApp",
            "appid": chosen.wecom_corp_id,
            "agentid": chosen.wecom_agent_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
    )
    base = chosen.wecom_api.rstrip("/")
    return f"{PAGE if base == OFFICIAL else base}/wwlogin/sso/login?{query}"
