"""What a person agreed to, as a part of their page, and the drawer in which it is written down; the words agreed to.

The part is asked for by the patient's page once that is drawn. Decides nothing: `patients.consent_noting` does.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field, StringConstraints

from console import forms
from console.case_page import wanted
from console.page import go, number, permit, show
from core import clock, storage
from core.actions import Form
from core.actor import Permission
from core.downloads import SHOWN_IN_PLACE, kept_file
from core.errors import Invalid, NotFound
from patients import consent, consent_noting
from patients.consent import CHANNELS, PURPOSES, Channel, Purpose, Way
from patients.consent_noting import Entry

routes = web.RouteTableDef()
WORDS = "/settings/consent"


class ConsentForm(Form):
    """What was said, by whom and how."""

    given: Literal["given", "withdrawn"] = Field(
        default="given",
        title="表示",
        json_schema_extra={"widget": "choice", "labels": {"given": "同意", "withdrawn": "拒绝或撤回"}},
    )
    purposes: tuple[Purpose, ...] = Field(
        default=(),
        title="用途",
        json_schema_extra={
            "widget": "choices",
            "labels": {key.value: text for key, text in PURPOSES.items()},
        },
    )
    channels: tuple[Channel, ...] = Field(
        default=(),
        title="联系方式",
        json_schema_extra={
            "widget": "choices",
            "labels": {key.value: text for key, text in CHANNELS.items()},
        },
    )
    way: Way = Field(default=Way.PAPER, title="表示方式", json_schema_extra={"widget": "choice"})
    on: date = Field(default_factory=clock.today, title="表示日期", json_schema_extra={"widget": "date"})
    proof: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="",
        title="凭证",
        description="同意书编号、录音编号等；同意须有凭证，也可上传扫描件",
        json_schema_extra={"widget": "line"},
    )
    proof_file: Annotated[tuple[UUID, ...], Field(max_length=1)] = Field(
        default=(), title="扫描件", json_schema_extra={"widget": "files"}
    )
    said_by: Annotated[str, StringConstraints(max_length=50)] = Field(
        default="",
        title="监护人或代理人",
        description="本人表示的不填；患者不满 14 周岁须由监护人同意",
        json_schema_extra={"widget": "line"},
    )
    relation: Annotated[str, StringConstraints(max_length=30)] = Field(
        default="", title="与患者关系", description="例如：母亲", json_schema_extra={"widget": "line"}
    )

    def entry(self) -> Entry:
        """As it is written down."""
        return Entry(
            purposes=self.purposes,
            channels=self.channels,
            given=self.given == "given",
            way=self.way,
            on=self.on,
            proof=self.proof,
            proof_file=self.proof_file[0] if self.proof_file else None,
            said_by=self.said_by,
            relation=self.relation,
        )


class WordingForm(Form):
    """New words for a purpose."""

    text: Annotated[str, StringConstraints(min_length=20, max_length=2000)] = Field(
        title="告知文本",
        description="写明目的、方式、使用哪些信息、如何退出、拒绝不影响就医（《个人信息保护法》第十七条、第三十条）",
        json_schema_extra={"widget": "text"},
    )


@routes.get("/patients/{id:\\d+}/consent")
async def part(request: web.Request) -> web.Response:
    """Every purpose with what holds now, by way; and all that was said."""
    actor = permit(request, Permission.PATIENT_READ)
    patient = wanted(request)
    said = await consent_noting.of_patient(patient, actor)
    table = [
        (label, [(way, await consent.may_reach(patient, purpose, way)) for way in Channel])
        for purpose, label in PURPOSES.items()
    ]
    return await show(
        request,
        "console/privacy/consent.html",
        patient=patient,
        said=said,
        table=table,
        ways=CHANNELS,
        may_note=actor.can(Permission.CONSENT_RECORD),
    )


@routes.get("/patients/{id:\\d+}/consent/new")
async def asking(request: web.Request) -> web.Response:
    """The drawer."""
    permit(request, Permission.CONSENT_RECORD)
    return await _drawer(request)


async def _drawer(
    request: web.Request, given: dict[str, object] | None = None, error: Invalid | None = None
) -> web.Response:
    words = await consent.wordings()
    return await show(
        request,
        "console/privacy/consent_new.html",
        status=error.status if error else 200,
        patient=wanted(request),
        controls=forms.controls(ConsentForm, given, error.details if error else ()),
        words=[(label, words[purpose]) for purpose, label in PURPOSES.items() if purpose in words],
    )


@routes.post("/patients/{id:\\d+}/consent/new")
async def noted(request: web.Request) -> web.Response:
    """Write it down."""
    actor = permit(request, Permission.CONSENT_RECORD)
    patient = wanted(request)
    given: dict[str, object] = {}
    try:
        given = await forms.posted(request, ConsentForm, by=actor)
        await consent_noting.note(patient, forms.parse(ConsentForm, given).entry(), by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, f"/patients/{patient}", "已登记")


@routes.get("/patients/{id:\\d+}/consent/{line:\\d+}/proof")
async def proof(request: web.Request) -> web.Response:
    """The scan of what was signed; a picture in place, all else as a download."""
    actor = permit(request, Permission.CONSENT_RECORD)
    file = await consent_noting.proof(wanted(request), number(request.match_info["line"]) or 0, by=actor)
    data = await storage.read(file)
    return kept_file(file.name, data, file.mime, in_place=file.mime in SHOWN_IN_PLACE)


@routes.get(WORDS)
async def wordings(request: web.Request) -> web.Response:
    """The words in force."""
    permit(request, Permission.PARAMETER_MANAGE)
    words = await consent.wordings()
    return await show(
        request,
        "console/privacy/wordings.html",
        words=[(purpose, label, words.get(purpose)) for purpose, label in PURPOSES.items()],
    )


def _purpose(request: web.Request) -> Purpose:
    try:
        return Purpose(request.match_info["purpose"])
    except ValueError:
        raise NotFound from None


@routes.get(WORDS + "/{purpose}")
async def wording(request: web.Request) -> web.Response:
    """The drawer for a new version."""
    permit(request, Permission.PARAMETER_MANAGE)
    known = (await consent.wordings()).get(_purpose(request))
    return await _wording(request, {"text": known.text} if known else {})


async def _wording(
    request: web.Request, given: dict[str, object], error: Invalid | None = None
) -> web.Response:
    purpose = _purpose(request)
    return await show(
        request,
        "console/privacy/wording.html",
        status=error.status if error else 200,
        label=PURPOSES[purpose],
        path=f"{WORDS}/{purpose}",
        controls=forms.controls(WordingForm, given, error.details if error else ()),
    )


@routes.post(WORDS + "/{purpose}")
async def reworded(request: web.Request) -> web.Response:
    """Keep a new version; earlier agreements stay with theirs."""
    actor = permit(request, Permission.PARAMETER_MANAGE)
    purpose = _purpose(request)
    given = await forms.posted(request, WordingForm)
    try:
        version = await consent_noting.new_wording(purpose, forms.parse(WordingForm, given).text, by=actor)
    except Invalid as error:
        return await _wording(request, given, error)
    return go(request, WORDS, f"“{PURPOSES[purpose]}”告知文本已更新为第 {version} 版")
