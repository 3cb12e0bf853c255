"""How a system is let in by the web: addresses and tokens of a link that is pushed to, and fetching from one now.

Shows and asks; `patients.feeds` does, and writes the audit lines.
"""

from aiohttp import web
from cryptography import x509

from console.case_page import wanted
from console.page import go, number, permit, show
from core import clock
from core.actor import Permission
from core.errors import NotFound, Refused
from core.settings import settings
from patients.feeds import links, pulling, tokens
from patients.feeds.links import Link

routes = web.RouteTableDef()
SOON = 30  # days before its end in which a certificate is to be renewed
CHOICES = {
    "hl7": ("HIS、LIS、PACS 通过 MLLP 端口推送 ADT、ORM、ORU、SIU 消息", "server"),
    "fhir": ("对方推送 FHIR 资源或 Bundle，或由我方从 FHIR 服务器定时拉取", "link"),
    "json": ("对方以 HTTP 推送 JSON，字段位置由映射文件说明", "file-text"),
    "soap": ("对方以 Web Service 推送 SOAP 信封，字段位置由映射文件说明", "mail"),
    "sql": ("从 Oracle、SQL Server、MySQL、PostgreSQL 的只读视图定时拉取", "download"),
}


def pushed_to(_: web.Request, link: Link) -> list[tuple[str, str]]:
    """The addresses at which a link's sender speaks, as (label, address); none where nothing is pushed over the web."""
    base = f"{settings().public_url.rstrip('/')}/api/v1"
    match link.kind:
        case "fhir":
            return [("资源", f"POST {base}/fhir/Patient 等"), ("Bundle", f"POST {base}/fhir")]
        case "json" | "soap":
            return [("地址", f"POST {base}/feeds/{link.id}/{link.kind}")]
    return []


def secured(link: Link) -> tuple[str, str]:
    """How what is spoken on a link is kept from others, and in which tone to say it."""
    if link.kind == "hl7":
        return _port_secured()
    if link.kind == "sql":
        return ("加密，已校验对方证书", "good") if link.tls else ("未加密（仅限医院内网）", "soon")
    if link.pulls:
        return ("加密，已校验对方证书", "good") if link.address.startswith("https:") else ("未加密", "late")
    return ("加密（HTTPS）", "good") if settings().public_url.startswith("https:") else ("未加密", "late")


def _port_secured() -> tuple[str, str]:
    file = settings().mllp_certificate
    if file is None:
        return "未加密：没有配置 MLLP 证书（HUIYIN_MLLP_CERTIFICATE）", "late"
    try:
        end = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return "读不出 MLLP 证书，请检查 HUIYIN_MLLP_CERTIFICATE", "late"
    left = (end - clock.now()).days
    both = "，对方须出示证书" if settings().mllp_client_ca is not None else ""
    tone = "good" if left > SOON else "soon" if left >= 0 else "late"
    until = f"证书有效期至 {clock.local(end):%Y-%m-%d}" + ("，已过期" if left < 0 else f"，还有 {left} 天")
    return f"加密{both}；{until}", tone


@routes.post("/operate/feeds/{id:\\d+}/tokens")
async def make(request: web.Request) -> web.Response:
    """A new token, shown this once in the drawer."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    token, error, status = "", "", 200
    try:
        token = await tokens.make(link.id, by=actor)
    except Refused as refused:
        error, status = refused.message, refused.status
    return await show(
        request,
        "console/feeds/token.html",
        status=status,
        link=link,
        token=token,
        error=error,
        pushed=pushed_to(request, link),
    )


@routes.post("/operate/feeds/{id:\\d+}/tokens/{token:\\d+}/revoke")
async def revoke(request: web.Request) -> web.Response:
    """Take a token back."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link, token_id = await links.link(wanted(request)), number(request.match_info["token"])
    if token_id is None:
        raise NotFound("没有这个令牌")
    await tokens.revoke(link.id, token_id, by=actor)
    return go(request, f"/operate/feeds/{link.id}", "令牌已停用，立即失效")


@routes.post("/operate/feeds/{id:\\d+}/pull")
async def pull(request: web.Request) -> web.Response:
    """Fetch from a link now."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    await pulling.ask(link.id, by=actor)
    return go(request, f"/operate/feeds/{link.id}", "已开始拉取，稍后刷新页面查看")
