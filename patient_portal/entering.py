"""The ways in: a code by SMS, ID number with a second check, WeChat. Each ends in a new session or one sentence of refusal.

Who is not known here is told the same as who mistyped. Every entry and every refusal is a line of the audit log.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from core import audit, clock, crypto
from core.actor import Actor, ActorKind, Door
from core.errors import Fault, Invalid, Refused, Unauthenticated
from core.identity import normalise_phone, parse_id
from core.logs import logger
from core.masks import mask_phone
from core.parameters import Parameter, declare, value
from core.settings import settings
from core.web import client_address
from integrations import wechat
from integrations.http import CallFailed
from patient_portal import codes, guarding, visitor
from patient_portal.codes import Purpose
from patient_portal.guarding import Device
from patients import bindings, bindings_finding
from patients.bindings import Relation

log = logger(__name__)
SMS, TAIL = "sms", "tail"
MISMATCH = "信息与医院登记的不一致，请核对后再试；仍不成功的，请到服务台办理"
WECHAT_LIVES = timedelta(minutes=5)
WECHAT_BACK = "/p/wechat/back"
AGAIN = "微信授权已超时或已用过，请重新登录"
AWAY = "微信暂时无法确认您的身份，请稍后再试，或用手机验证码登录"

SECOND = declare(
    Parameter(
        "portal.identity_second",
        "证件号登录的第二项验证",
        str,
        SMS,
        choices=(SMS, TAIL),
        names=("发短信验证码到登记的手机", "登记手机号的后四位"),
        what="用后四位登录的，可以填问卷、提反馈，看不到就诊记录",
        source="GB/T 35273-2020 个人信息安全规范 8.7；GB/T 22239-2019 8.1.4.1",
    )
)


@dataclass(frozen=True, slots=True)
class From:
    """Whence somebody comes in: the device they are counted by, address, browser, terminal of the hospital or None."""

    device: Device
    address: str
    agent: str
    terminal_id: int | None = None

    @property
    def stranger(self) -> Actor:
        """Who acts while nobody is proven."""
        door = Door.KIOSK if self.terminal_id else Door.PORTAL
        return Actor(ActorKind.PATIENT, None, "未登录的患者", door, (), self.address)


def origin(request: web.Request, terminal_id: int | None = None) -> From:
    """Whence this request comes. Who only looks at a page gets a name with the answer, so is asked no captcha for having none."""
    named = visitor.is_named(request) or request.method == "GET"
    return From(
        Device(visitor.device_hash(request), named),
        client_address(request),
        request.headers.get("User-Agent", ""),
        terminal_id,
    )


def read_phone(text: str) -> str:
    """A mobile number.

    Raises:
        Invalid: none that a text can be sent to (field "phone").
    """
    phone = normalise_phone(text)
    if phone is None or not (phone.startswith("1") and len(phone) == 11):
        reason = "请填写 11 位手机号" if text.strip() else "请填写手机号"
        raise Invalid(reason, details=[Fault(field="phone", label="手机号", reason=reason)])
    return phone


async def ask_for_phone(phone: str, purpose: Purpose, given: dict[str, str], come: From) -> str:
    """Send a code to a number that was typed; the token for the cookie.

    Raises:
        Invalid: no mobile number, or the captcha is missing or wrong.
        TooMany: too many codes.
    """
    number = read_phone(phone)
    await guarding.check_captcha(come.device, given.get("captcha_token", ""), given.get("captcha", ""))
    token = await codes.ask(purpose, counted=number, phone=number, device=come.device, address=come.address)
    await audit.record(come.stranger, "portal.code", "account", None, phone=mask_phone(number), what=purpose)
    return token


async def by_phone(token: str, code: str, come: From) -> str:
    """In by the code that went to a phone; the session's token.

    Raises:
        Invalid: the code does not do.
        TooMany: too many wrong ones from this device.
    """
    name = guarding.named("code", token)
    await guarding.attempt(name, come.device)
    proven = await codes.use(token, Purpose.ENTER, code)
    await guarding.forgive(name, come.device)
    return await _in_account(await bindings.account_of_phone(proven.phone), "sms", come)


async def _in_account(account_id: int, way: str, come: From) -> str:
    bound = await bindings.of_account(account_id)
    first = next((one for one in bound if one.relation is Relation.SELF), bound[0] if bound else None)
    token = await visitor.begin(
        way=way,
        address=come.address,
        agent=come.agent,
        account_id=account_id,
        patient_id=first.patient_id if first else None,
        terminal_id=come.terminal_id,
    )
    await audit.record(_of(come, account_id), "portal.enter", "account", account_id, way=way)
    return token


def _of(come: From, account_id: int | None) -> Actor:
    door = Door.KIOSK if come.terminal_id else Door.PORTAL
    return Actor(ActorKind.PATIENT, account_id, "患者", door, (), come.address)


@dataclass(frozen=True, slots=True)
class Identity:
    """An ID number and a name that somebody typed, well formed."""

    number: str
    name: str


def read_identity(given: dict[str, str]) -> Identity:
    """What was typed.

    Raises:
        Invalid: empty, or no identity number; other documents than the Chinese card are taken as they are.
    """
    number, name = given.get("id_number", "").strip().upper(), given.get("name", "").strip()
    faults = []
    if not name or len(name) > 50:
        faults.append(Fault(field="name", label="姓名", reason="请填写姓名"))
    chinese = number[:17].isdigit() and len(number) in (15, 18)
    if not 5 <= len(number) <= 30 or (chinese and parse_id(number, today=clock.today()) is None):
        reason = "证件号码有误，请核对" if number else "请填写证件号码"
        faults.append(Fault(field="id_number", label="证件号码", reason=reason))
    if faults:
        raise Invalid("填写的内容有误", details=faults)
    known = parse_id(number)
    return Identity(known.number if known else number, name)


async def ask_for_identity(given: dict[str, str], come: From) -> str:
    """Send a code to the phone that is registered for a person; the token for the cookie, whoever they are.

    Raises:
        Invalid: what was typed is faulty, or the captcha is.
        TooMany: too many codes.
    """
    identity = read_identity(given)
    await guarding.check_captcha(come.device, given.get("captcha_token", ""), given.get("captcha", ""))
    person = await bindings_finding.by_id_number(identity.number, identity.name)
    phone = normalise_phone(person.phone) or "" if person else ""
    token = await codes.ask(
        Purpose.IDENTITY,
        counted=identity.number,
        phone=phone if phone.startswith("1") else "",
        device=come.device,
        address=come.address,
        patient_id=person.patient_id if person else None,
    )
    await audit.record(come.stranger, "portal.code", "patient", None, what=Purpose.IDENTITY)
    return token


async def by_identity_code(token: str, code: str, come: From) -> str:
    """In by the code that went to the registered phone; the session's token, of this one patient.

    Raises:
        Invalid, TooMany: as `by_phone`.
    """
    name = guarding.named("code", token)
    await guarding.attempt(name, come.device)
    proven = await codes.use(token, Purpose.IDENTITY, code)
    await guarding.forgive(name, come.device)
    if proven.patient_id is None:
        raise codes.wrong()
    return await in_patient(proven.patient_id, "identity_sms", come)


async def by_identity_tail(given: dict[str, str], come: From) -> str:
    """In by ID number, name and the last four digits of the registered phone; the session's token.

    Raises:
        Refused: the hospital does not allow this way.
        Invalid: faulty, or they do not agree: which of them is not told.
        TooMany: too many wrong tries.
    """
    if await value(SECOND) != TAIL:
        raise Refused("本院已停用此种登录方式，请用短信验证码登录")
    identity = read_identity(given)
    await guarding.check_captcha(come.device, given.get("captcha_token", ""), given.get("captcha", ""))
    name = guarding.named("identity", identity.number)
    await guarding.attempt(name, come.device)
    person = await bindings_finding.by_id_number(identity.number, identity.name)
    phone = (normalise_phone(person.phone) or "") if person else ""
    tail = given.get("tail", "").strip()
    if person is None or len(phone) < 8 or not hmac.compare_digest(phone[-4:].encode(), tail.encode()):
        await audit.record(come.stranger, "portal.failed", "patient", None, way="identity")
        raise Invalid(MISMATCH, details=[Fault(field="tail", label="手机号后四位", reason=MISMATCH)])
    await guarding.forgive(name, come.device)
    return await in_patient(person.patient_id, "identity", come)


async def in_patient(patient_id: int, way: str, come: From) -> str:
    """A session of one patient alone, who has been proven; its token."""
    token = await visitor.begin(
        way=way, address=come.address, agent=come.agent, patient_id=patient_id, terminal_id=come.terminal_id
    )
    await audit.record(_of(come, None), "portal.enter", "patient", patient_id, way=way)
    return token


def wechat_address(browser: str) -> str:
    """Where the browser goes to be known by WeChat; `browser` is the token in its cookie.

    Raises:
        Refused: no service account is set.
    """
    if not wechat.configured():
        raise Refused("本院尚未接入微信登录")
    back = f"{settings().public_url.rstrip('/')}{settings().path_prefix}{WECHAT_BACK}"
    return wechat.oauth_url(back, _state(browser, int(clock.now().timestamp())))


def new_browser() -> str:
    """A token for the browser's cookie."""
    return secrets.token_urlsafe(24)


def _state(browser: str, at: int) -> str:
    """Letters and digits, at most 128 (WeChat's rule): the instant, and the seal over it and the browser's token."""
    return f"{at:x}x{crypto.sign('wechat log-in', f'{at} {browser}')}"


def _fits(state: str, browser: str) -> bool:
    stamp, _, seal = state.partition("x")
    try:
        at = int(stamp, 16)
    except ValueError:
        return False
    young = timedelta(0) <= timedelta(seconds=int(clock.now().timestamp()) - at) <= WECHAT_LIVES
    return (
        bool(browser)
        and young
        and stamp == f"{at:x}"
        and crypto.fits("wechat log-in", f"{at} {browser}", seal)
    )


async def by_wechat(code: str, state: str, browser: str, come: From) -> str:
    """In by what WeChat tells of a code; the session's token.

    Raises:
        Unauthenticated: too late, another browser's, used, or WeChat does not answer.
    """
    if not code or not _fits(state, browser):
        await audit.record(come.stranger, "portal.failed", "account", None, way="wechat", why="state")
        raise Unauthenticated(AGAIN)
    try:
        openid = await wechat.openid_of_code(code)
    except CallFailed as error:
        log.warning("wechat_login_failed", code=error.code, error=error.message)
        await audit.record(
            come.stranger, "portal.failed", "account", None, way="wechat", why=f"vendor {error.code}"
        )
        raise Unauthenticated(AGAIN if error.code in ("40029", "40163") else AWAY) from None
    return await _in_account(await bindings.account_of_openid(openid), "wechat", come)
