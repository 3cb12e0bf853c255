"""Dictionaries: the lists of words of forms on one page, each on its own; words added, moved, retired, taken back.

The acts are `core.dictionaries_acts`. Lists with pages of their own (categories, forms, calendar …) are linked from here.
"""

from dataclasses import dataclass

from aiohttp import web

from console.page import go, number, permit, show
from core import dictionaries
from core import dictionaries_acts as acts
from core.actor import Actor, Permission
from core.dictionaries import REGISTER, Dictionary, Word
from core.errors import HuiyinError, NotFound
from staff.titles import JOB_TITLE
from tickets.feedback.words import Duty, Responsibility, Risk, Route, Severity, Stage

routes = web.RouteTableDef()
PATH = "/settings/dictionaries"
FIRST = 8  # words shown on a card
DECLARED = (JOB_TITLE,)  # a dictionary is declared where it belongs; those of tickets come with the forms


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A list that is kept on a page of its own."""

    label: str
    what: str
    icon: str
    path: str
    permission: Permission | None = None


ELSEWHERE = (
    Elsewhere(
        "投诉分类",
        "问题分类的四级目录和归口职能科室",
        "sitemap",
        "/settings/categories",
        Permission.FORM_MANAGE,
    ),
    Elsewhere("反馈表单", "各类反馈登记时追问的题目", "forms", "/settings/forms", Permission.FORM_MANAGE),
    Elsewhere(
        "办理时限",
        "各来源、各诉求类型的办理期限",
        "hourglass",
        "/settings/deadlines",
        Permission.PARAMETER_MANAGE,
    ),
    Elsewhere("工作日历", "节假日和调休", "calendar", "/settings/holidays"),
    Elsewhere(
        "文书模板", "各种报告、告知书的 Word 模板", "file-word", "/settings/word", Permission.TEMPLATE_MANAGE
    ),
)
# Words the code decides by, or a law or a standard fixes; shown so that nobody looks for them in vain.
FIXED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("严重程度", "系统按它决定提醒对象", tuple(Severity)),
    ("风险标记", "标记后立即报警", tuple(Risk)),
    ("责任认定", "医疗事故责任程度的法定分级", tuple(Responsibility)),
    ("纠纷解决途径", "《医疗纠纷预防和处理条例》第二十二条", tuple(Route)),
    ("法定告知事项", "《医疗纠纷预防和处理条例》第二十三条", tuple(Duty)),
    ("诊疗阶段", "HCAT 投诉分析工具", tuple(Stage)),
)


@dataclass(frozen=True, slots=True)
class Book:
    """A dictionary as its card shows it."""

    dictionary: Dictionary
    words: tuple[Word, ...]
    retired: int

    @property
    def first(self) -> str:
        """The first words, in one line."""
        shown = "、".join(word.label for word in self.words[:FIRST])
        return f"{shown}……" if len(self.words) > FIRST else shown


@dataclass(frozen=True, slots=True)
class Row:
    """A word with how many records hold it; None when that was not counted."""

    word: Word
    used: int | None
    fixed: bool


@routes.get(PATH)
async def listed(request: web.Request) -> web.Response:
    """Every dictionary by the part of the product it belongs to."""
    actor = permit(request, Permission.FORM_MANAGE)
    groups: dict[str, list[Book]] = {}
    for one in REGISTER.values():
        words = await dictionaries.words(one.name, all_of_them=True)
        offered = tuple(word for word in words if word.retired_at is None)
        groups.setdefault(one.group, []).append(Book(one, offered, len(words) - len(offered)))
    return await show(
        request,
        "console/dictionaries.html",
        groups=groups,
        elsewhere=[one for one in ELSEWHERE if one.permission is None or actor.can(one.permission)],
        fixed=FIXED,
    )


@routes.get(f"{PATH}/{{name}}")
async def one(request: web.Request) -> web.Response:
    """The words of one."""
    actor = permit(request, Permission.FORM_MANAGE)
    return await _page(request, acts.find(request.match_info["name"], actor))


async def _page(
    request: web.Request, found: Dictionary, error: HuiyinError | None = None, label: str = "", code: str = ""
) -> web.Response:
    words = await dictionaries.words(found.name, all_of_them=True)
    held = await acts.counted(found)
    rows = [
        Row(word, None if held is None else held.get(word.label, 0), word.label in found.fixed)
        for word in words
    ]
    return await show(
        request,
        "console/dictionaries_one.html",
        status=error.status if error else 200,
        found=found,
        rows=[row for row in rows if row.word.retired_at is None],
        retired=[row for row in rows if row.word.retired_at is not None],
        error=error.message if error and not error.details else "",
        faults={fault.field: fault.reason for fault in error.details} if error else {},
        label=label,
        code=code,
    )


@routes.post(f"{PATH}/{{name}}/add")
async def added(request: web.Request) -> web.Response:
    """A new word; what does not fit is told beside the field."""
    actor = permit(request, Permission.FORM_MANAGE)
    found = acts.find(request.match_info["name"], actor)
    data = await request.post()
    label, code = str(data.get("label", "")), str(data.get("code", ""))
    try:
        await acts.add(found.name, label, code, by=actor)
    except HuiyinError as error:
        if isinstance(error, NotFound):
            raise
        return await _page(request, found, error, label, code)
    return go(request, f"{PATH}/{found.name}", f"已添加：{' '.join(label.split())}")


async def _word(request: web.Request, actor: Actor) -> tuple[Dictionary, Word]:
    found = acts.find(request.match_info["name"], actor)
    wanted = number(request.match_info["id"])
    for word in await dictionaries.words(found.name, all_of_them=True):
        if word.id == wanted:
            return found, word
    raise NotFound("没有这个词条")


@routes.get(f"{PATH}/{{name}}/{{id:\\d+}}")
async def editing(request: web.Request) -> web.Response:
    """The drawer of one word."""
    found, word = await _word(request, permit(request, Permission.FORM_MANAGE))
    return await _drawer(request, found, word)


async def _drawer(
    request: web.Request, found: Dictionary, word: Word, error: HuiyinError | None = None, **typed: str
) -> web.Response:
    return await show(
        request,
        "console/dictionaries_word.html",
        status=error.status if error else 200,
        found=found,
        word=word,
        used=await acts.used(found, word.label),
        fixed=word.label in found.fixed,
        typed=typed,
        error=error.message if error and not error.details else "",
        faults={fault.field: fault.reason for fault in error.details} if error else {},
    )


@routes.post(f"{PATH}/{{name}}/{{id:\\d+}}")
async def edited(request: web.Request) -> web.Response:
    """Rename it while nobody used it, or set its code."""
    actor = permit(request, Permission.FORM_MANAGE)
    found, word = await _word(request, actor)
    data = await request.post()
    label, code = str(data.get("label", word.label)), str(data.get("code", ""))
    try:
        await acts.change(word.id, label, code, by=actor)
    except HuiyinError as error:
        if isinstance(error, NotFound):
            raise
        return await _drawer(request, found, word, error, label=label, code=code)
    return go(request, f"{PATH}/{found.name}", f"已保存：{' '.join(label.split())}")


@routes.post(f"{PATH}/{{name}}/{{id:\\d+}}/{{act:up|down|on|off}}")
async def switched(request: web.Request) -> web.Response:
    """Move a word, offer it or no longer."""
    actor = permit(request, Permission.FORM_MANAGE)
    found, word = await _word(request, actor)
    act = request.match_info["act"]
    if act in ("up", "down"):
        await acts.move(word.id, up=act == "up", by=actor)
        return go(request, f"{PATH}/{found.name}")
    await acts.offer(word.id, on=act == "on", by=actor)
    said = f"已恢复：{word.label}" if act == "on" else f"已停用：{word.label}，旧记录仍保留"
    return go(request, f"{PATH}/{found.name}", said)
