"""Feedback as a patient's page asks for it: read from the form, files kept at once, made into what the desk takes too.

Judges nothing itself: `tickets.feedback` and the form's own version do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from core import clock, storage
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Fault, Invalid, NotFound
from core.models import StoredFile
from patient_portal.filling_view import worded
from patient_portal.visits import Visit
from patient_portal.words import Language, said
from surveys.definition import Definition
from surveys.sheet import SEEN, Sheet, sheet, unseen
from tickets.feedback.given import Feedback
from tickets.forms import answers, queries
from tickets.orders import MAX_ATTACHMENTS
from tickets.sources.feedback import FEEDBACK, PRIVACY

KINDS = tuple(kind for kind in FEEDBACK.appeal_types if kind != PRIVACY)
KIND_NOTES = {
    "投诉": "对诊疗、服务、收费等不满意",
    "建议": "帮助我们改进",
    "咨询": "不清楚的事情问一问",
    "表扬": "感谢为您服务的医务人员",
    "举报": "违纪违法、收受财物等问题，可匿名",
}
KIND_ICONS = {
    "投诉": "message-report",
    "建议": "bulb",
    "咨询": "help-circle",
    "表扬": "thumb-up",
    "举报": "shield-lock",
}
ADDRESSES = {"complaint": "投诉", "suggestion": "建议", "inquiry": "咨询", "praise": "表扬", "report": "举报"}
PREFIX, VERSION, FILES, KEPT, DRAFT = "q.", "form_version", "files", "kept", "draft"
LONGEST = 200_000  # beyond what any field takes, so that what is too long is told and not cut
MANY = frozenset({"wishes"})
_GRANTS = (Grant(Permission.CASE_REGISTER, "/"), Grant(Permission.CASE_HANDLE, "/"))


@dataclass
class Posted:
    """What came in: texts by field, those of the form's questions, ids of kept files."""

    texts: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    questions: dict[str, list[str]] = field(default_factory=dict)
    files: list[StoredFile] = field(default_factory=list)

    @property
    def draft(self) -> str:
        """The name of this very form: sent twice, it is one case."""
        named = "".join(sign for sign in self.texts.get(DRAFT, "") if sign.isalnum() and sign.isascii())
        return named[:32] or uuid4().hex

    def on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.texts.get(name) == "true"


@dataclass(frozen=True, slots=True)
class Filled:
    """The form's questions as filled in; `unseen` were not shown yet, without scripts."""

    version: int
    given: dict[str, Any]
    unseen: tuple[str, ...]


def writer(draft: str, door: Door, address: str) -> Actor:
    """Whoever hands it in, by the name of the form alone: of an anonymous matter nothing more may be known."""
    return Actor(ActorKind.PATIENT, None, f"患者端 {draft[:8]}", door, _GRANTS, address)


async def read(request: web.Request) -> Posted:
    """The form; its files are kept at once, so that a faulty form need not be given them again.

    Raises:
        Invalid: a file that is not of a kind we take (field "files").
    """
    data = await request.post()
    posted = Posted()
    posted.texts = {
        name: value.replace("\0", "").strip()[:LONGEST]
        for name, value in data.items()
        if isinstance(value, str)
    }
    by = f"患者端 {posted.draft[:8]}"
    kept: list[str] = []
    for name in dict.fromkeys(data):
        for value in data.getall(name):
            await _one(posted, kept, name, value, by)
    for file_id in dict.fromkeys(kept):
        if (file := await _own(file_id, by)) is not None:
            posted.files.append(file)
    if len(posted.files) > MAX_ATTACHMENTS:
        reason = f"最多上传 {MAX_ATTACHMENTS} 个文件"
        raise Invalid(reason, details=[Fault(field=FILES, label="附件", reason=reason)])
    return posted


async def _one(posted: Posted, kept: list[str], name: str, value: Any, by: str) -> None:
    asked = name.startswith(PREFIX) or name in {SEEN, VERSION}
    if isinstance(value, web.FileField):
        content = value.file.read()
        if not content:
            return
        try:
            file = await storage.keep(value.filename, content, by=by)
        except Invalid as error:
            raise Invalid(
                error.message, details=[Fault(field=FILES, label="附件", reason=error.message)]
            ) from None
        if asked:
            posted.questions.setdefault(name, []).append(str(file.id))
        else:
            kept.append(str(file.id))
    elif asked:
        posted.questions.setdefault(name, []).append(value.replace("\0", ""))
    elif name == KEPT:
        kept.append(value)
    elif name in MANY and value.strip():
        posted.lists.setdefault(name, []).append(value.strip())


async def _own(file_id: str, by: str) -> StoredFile | None:
    """The file, if it came with this very form: an id is somebody's word."""
    try:
        file = await storage.find(UUID(file_id))
    except (ValueError, NotFound):
        return None
    return file if file.created_by == by else None


async def filled(kind: str, posted: Posted) -> Filled | None:
    """What was answered on the form of a kind; None when the page showed none, or one of another kind."""
    text = (posted.questions.get(VERSION) or [""])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    version = await queries.version(int(text))
    if version.kind != kind:
        return None
    given = answers.read(version.definition, posted.questions)
    more = unseen(version.definition, version.conditions, given, posted.questions, answers.today())
    return Filled(version.id, given, tuple(more))


def spoken(definition: Definition, language: Language) -> Definition:
    """A form in the reader's language: as it was translated with the form, else by our own words for those we ship."""
    if language is Language.CHINESE or language in definition.languages:
        return definition.in_language(language)
    told = {place: said(text, language) for place, text in definition.texts().items()}
    return definition.model_copy(update={"languages": {language.value: told}}).in_language(language)


async def asked(
    kind: str, given: Filled | None, faults: Sequence[Fault], language: Language
) -> tuple[int, Sheet] | None:
    """The questions of a kind, empty or as filled in; None when there are none."""
    version = await queries.version(given.version) if given else await queries.in_force(kind)
    if version is None:
        return None
    before: Mapping[str, Any] = given.given if given else {}
    told = [fault.model_copy(update={"reason": worded(fault, language)}) for fault in faults]
    return version.id, sheet(
        spoken(version.definition, language), version.conditions, before, told, answers.today()
    )


def feedback(kind: str, posted: Posted, answered: Filled | None, visit: Visit | None) -> Feedback:
    """The form as the desk's model.

    Raises:
        ValidationError: a field is faulty.
    """
    texts, hidden = posted.texts, posted.on("anonymous")
    said: dict[str, Any] = {
        "key": f"PP{posted.draft[:24]}",
        "kind": kind,
        "channel": "公众号" if texts.get("wechat") == "1" else "网站",
        "content": texts.get("content", ""),
        "anonymous": hidden,
        "confidential": posted.on("confidential"),
        "reply_required": not hidden and texts.get("reply", "true") == "true",
        "wishes": posted.lists.get("wishes", []),
        "place": texts.get("place", ""),
        "persons": texts.get("persons", ""),
        "occurred_at": _moment(texts.get("occurred_on", "")),
    }
    if not hidden:
        said |= {name: texts.get(name, "") for name in ("caller_name", "caller_phone", "relation")}
    if visit is not None and not hidden:
        said |= {"campus": visit.campus, "departments": [visit.unit_name] if visit.unit_name else []}
    elif texts.get("department"):
        said["departments"] = [texts["department"]]
    if not hidden:
        said |= {name: texts[name] for name in ("patient_name", "patient_number") if texts.get(name)}
    if answered is not None:
        said["form"] = {"version": answered.version, "answers": answered.given}
    return Feedback.model_validate(said)


def _moment(text: str) -> str | None:
    """A day as typed into a date field, as the beginning of that day in the hospital."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=clock.SHANGHAI).isoformat()
    except ValueError:
        return text  # the model says what is wrong with it
