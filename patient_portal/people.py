"""Whom an account acts for: the list, binding with proof and agreement, switching, unbinding. `patients.bindings` decides.

Somebody who types what is not registered here is led through the same pages and refused with the same sentence.
"""

from typing import Any

from aiohttp import web

from core import audit
from core.errors import Fault, HuiyinError, Invalid, NotFound, Refused, TooMany
from core.identity import normalise_phone, parse_id
from patient_portal import codes, guarding, visitor
from patient_portal.codes import Purpose
from patient_portal.entering import Identity, ask_for_phone, origin, read_identity
from patient_portal.forms import captcha_for, told, typed
from patient_portal.look import forget, keep, look
from patient_portal.page import go, safe_next, show
from patient_portal.signing import CODE, CODE_LIVES, waited_for
from patient_portal.visitor import Visitor, require
from patients import agreements, bindings, bindings_finding
from patients.bindings import RELATIONS, Proof, Relation, Wish

routes = web.RouteTableDef()
WISH = "huiyin_bind"  # what was agreed to, between the two steps: relation and ticks, no person


async def account(request: web.Request) -> tuple[Visitor, int]:
    """Who is signed in with an account.

    Raises:
        Unauthenticated: nobody.
        Refused: a session of one patient alone has nobody else to act for.
    """
    who = await require(request)
    if who.account_id is None:
        raise Refused("用证件登录的只能为本人办理；绑定家人请用手机号登录")
    return who, who.account_id


@routes.get("/p/people")
async def people(request: web.Request) -> web.Response:
    """Whom one may act for."""
    _, account_id = await account(request)
    return await show(request, "portal/people.html", bound=await bindings.of_account(account_id))


@routes.get("/p/people/add")
async def add(request: web.Request) -> web.Response:
    """The form of binding."""
    await account(request)
    return await _form(request, {}, None)


async def _form(request: web.Request, given: dict[str, str], error: HuiyinError | None) -> web.Response:
    return await show(
        request,
        "portal/people_add.html",
        status=error.status if error else 200,
        given=given,
        relations=[(key, label, "") for key, label in RELATIONS.items()],
        captcha_asked=await captcha_for(origin(request)),
        texts=[
            (name, found, found.told(look(request).language))
            for name, found in [
                ("agreed", await agreements.terms("binding")),
                ("guardian", await agreements.terms("guardian")),
            ]
        ],
        **told(error),
    )


def _version(text: str) -> int:
    """The version of a text that the form has shown; 0, which there is none of, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def _wish(given: dict[str, str], identity: Identity, language: str) -> Wish:
    relation = given.get("relation", "")
    if relation not in list(Relation):
        reason = "请选择与就诊人的关系"
        raise Invalid(reason, details=[Fault(field="relation", label="与就诊人关系", reason=reason)])
    known = parse_id(identity.number)
    wish = Wish(
        Relation(relation),
        known.born if known else None,
        given.get("agreed") == "true",
        given.get("guardian") == "true",
        (_version(given.get("agreed_version", "")), _version(given.get("guardian_version", ""))),
        language,
    )
    bindings.check(wish)
    return wish


@routes.post("/p/people/add")
async def wanted(request: web.Request) -> web.Response:
    """Bind at once whose registered phone is one's own; else a code goes to the registered phone."""
    who, account_id = await account(request)
    given = await typed(request)
    come = origin(request, who.terminal_id)
    if given.get("again"):
        return await _form(request, given, None)
    try:
        identity = read_identity(given)
        wish = _wish(given, identity, look(request).language)
        await guarding.check_captcha(come.device, given.get("captcha_token", ""), given.get("captcha", ""))
        name = guarding.named("identity", identity.number)
        await guarding.attempt(name, come.device)
        person = await bindings_finding.by_id_number(identity.number, identity.name)
        if person is not None and bindings_finding.same_phone(person.phone, who.phone):
            await guarding.forgive(name, come.device)
            return await _bound(who, account_id, person.patient_id, wish, Proof.REGISTERED_PHONE)
        phone = (normalise_phone(person.phone) or "") if person else ""
        token = await codes.ask(
            Purpose.BIND,
            counted=identity.number,
            phone=phone if phone.startswith("1") else "",
            device=come.device,
            address=come.address,
            patient_id=person.patient_id if person else None,
        )
    except (Invalid, TooMany, Refused) as error:
        return await _form(request, given, error)
    response = go("/p/people/prove")
    keep(response, CODE, f"{Purpose.BIND}.{token}", seconds=CODE_LIVES)
    kept = f"{wish.relation}.{int(wish.guardian)}.{wish.read[0]}.{wish.read[1]}"
    keep(response, WISH, kept, seconds=CODE_LIVES)
    return response


async def _bound(who: Visitor, account_id: int, patient_id: int, wish: Wish, proof: Proof) -> web.Response:
    await bindings.bind(account_id, patient_id, wish, proof, by=who.actor)
    await visitor.act_for(who, patient_id)
    return go("/kiosk/home" if who.terminal_id else "/p/people", "绑定成功，已切换为该就诊人")


@routes.get("/p/people/prove")
async def prove_page(request: web.Request) -> web.Response:
    """Where the code is typed."""
    await account(request)
    return await _prove(request, None)


async def _prove(request: web.Request, error: HuiyinError | None) -> web.Response:
    purpose, token = waited_for(request)
    if purpose != Purpose.BIND or not await codes.waits(token, Purpose.BIND):
        return go("/p/people/add", "验证码已失效，请重新填写")
    return await show(
        request, "portal/people_prove.html", status=error.status if error else 200, **told(error)
    )


@routes.post("/p/people/prove")
async def prove(request: web.Request) -> web.Response:
    """The code that went to the registered phone binds."""
    who, account_id = await account(request)
    given, (purpose, token) = await typed(request), waited_for(request)
    come = origin(request, who.terminal_id)
    try:
        if purpose != Purpose.BIND:
            raise codes.wrong()
        name = guarding.named("code", token)
        await guarding.attempt(name, come.device)
        proven = await codes.use(token, Purpose.BIND, given.get("code", ""))
        await guarding.forgive(name, come.device)
        person = await bindings_finding.person(proven.patient_id) if proven.patient_id else None
        if person is None:
            raise codes.wrong()
        relation, guardian, *read = [*request.cookies.get(WISH, "").split("."), "", "", ""][:4]
        if relation not in list(Relation):
            raise codes.wrong()
        wish = Wish(
            Relation(relation),
            person.born_on,
            agreed=True,
            guardian=guardian == "1",
            read=(_version(read[0]), _version(read[1])),
            language=look(request).language,
        )
        response = await _bound(who, account_id, person.patient_id, wish, Proof.PHONE_CODE)
    except (Invalid, TooMany, Refused) as error:
        return await _prove(request, error)
    for cookie in (CODE, WISH):
        forget(response, cookie)
    return response


async def _theirs(request: web.Request) -> tuple[Visitor, int, int]:
    """The account, and one of the patients it is bound to.

    Raises:
        NotFound: no such patient, or not bound.
    """
    who, account_id = await account(request)
    number = request.match_info["id"]
    patient_id = int(number) if number.isdigit() and len(number) <= 18 else 0
    if all(one.patient_id != patient_id for one in await bindings.of_account(account_id)):
        raise NotFound("没有绑定这位就诊人")
    return who, account_id, patient_id


@routes.post("/p/people/{id}/act")
async def act(request: web.Request) -> web.Response:
    """Act for another one."""
    who, _, patient_id = await _theirs(request)
    given = await typed(request)
    await visitor.act_for(who, patient_id)
    await audit.record(who.actor, "portal.act_for", "patient", patient_id)
    return go(safe_next(given.get("next", "")), "已切换就诊人")


@routes.post("/p/people/{id}/unbind")
async def unbind(request: web.Request) -> web.Response:
    """End a binding."""
    who, account_id, patient_id = await _theirs(request)
    await bindings.unbind(account_id, patient_id, by=who.actor)
    return go("/p/people", "已解除绑定")


@routes.post("/p/account/phone")
async def ask_phone(request: web.Request) -> web.Response:
    """An account by WeChat gets its phone: a code goes to it."""
    who, _ = await account(request)
    given = await typed(request)
    try:
        if who.phone:
            raise Refused("本账号已有手机号")
        token = await ask_for_phone(given.get("phone", ""), Purpose.PHONE, given, origin(request))
    except (Invalid, TooMany, Refused) as error:
        return await _phone(request, given, error)
    response = go("/p/account/phone/code")
    keep(response, CODE, f"{Purpose.PHONE}.{token}", seconds=CODE_LIVES)
    return response


@routes.get("/p/account/phone")
async def phone_page(request: web.Request) -> web.Response:
    """Where the number is typed."""
    await account(request)
    return await _phone(request, {}, None)


async def _phone(request: web.Request, given: dict[str, str], error: HuiyinError | None) -> web.Response:
    more: dict[str, Any] = {"captcha_asked": await captcha_for(origin(request)), **told(error)}
    return await show(
        request, "portal/account_phone.html", status=error.status if error else 200, given=given, **more
    )


@routes.get("/p/account/phone/code")
async def phone_code_page(request: web.Request) -> web.Response:
    """Where the code is typed."""
    await account(request)
    return await _phone_code(request, None)


async def _phone_code(request: web.Request, error: HuiyinError | None) -> web.Response:
    purpose, token = waited_for(request)
    if purpose != Purpose.PHONE or not await codes.waits(token, Purpose.PHONE):
        return go("/p/account/phone", "验证码已失效，请重新获取")
    return await show(
        request, "portal/account_phone_code.html", status=error.status if error else 200, **told(error)
    )


@routes.post("/p/account/phone/code")
async def phone_code(request: web.Request) -> web.Response:
    """The code joins the number to the account."""
    who, account_id = await account(request)
    given, (purpose, token) = await typed(request), waited_for(request)
    come = origin(request)
    try:
        if purpose != Purpose.PHONE:
            raise codes.wrong()
        name = guarding.named("code", token)
        await guarding.attempt(name, come.device)
        proven = await codes.use(token, Purpose.PHONE, given.get("code", ""))
        await guarding.forgive(name, come.device)
        await bindings.join_phone(account_id, proven.phone, who.actor)
    except (Invalid, TooMany, Refused) as error:
        return await _phone_code(request, error)
    response = go("/p/account", "手机号已绑定")
    forget(response, CODE)
    return response
