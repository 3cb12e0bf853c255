"""A definition as a sheet with one row for each question, and read back; what does not fit a column stands as JSON in
the last one, so that nothing is lost. Reads no file itself: rows come in as cells.

Texts stay texts: none becomes a formula in somebody's Excel (OWASP, "CSV Injection").
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import xlsxwriter

from core.errors import Fault, Invalid
from surveys.definition import MOST_QUESTIONS, Definition
from surveys.questions import KINDS
from surveys.questions.base import Option, Question
from surveys.reading import definition_of

PAGE, CODE, KIND, TITLE, HINT, REQUIRED, COUNTED, CATEGORY, DIMENSION, LOINC, STEP, CHOICES, MORE = (
    "页",
    "编码",
    "题型",
    "题目",
    "提示",
    "必填",
    "计入统计",
    "类别",
    "国家维度",
    "LOINC",
    "就诊环节",
    "选项（每行一个：编码=文字|分值|其他|互斥）",
    "其他设置（JSON）",
)
COLUMNS = (PAGE, CODE, KIND, TITLE, HINT, REQUIRED, COUNTED, CATEGORY, DIMENSION, LOINC, STEP, CHOICES, MORE)
WIDTHS = (14, 12, 12, 44, 24, 6, 8, 12, 14, 10, 12, 44, 40)
WHOLE = "整份问卷"
SHEET = "题目"
LISTS = ("options", "rows", "blanks")  # the field of a kind that the column of choices holds
YES = frozenset({"是", "y", "yes", "1", "true", "√", "✓"})
NO = frozenset({"", "否", "n", "no", "0", "false"})
WITHIN = 10  # rows among which the header must stand
LONGEST_CELL = 32_767

Rows = Iterable[tuple[int, Sequence[object]]]


# --- out ------------------------------------------------------------------------------------------


def workbook(definition: Definition) -> bytes:
    """The workbook of a definition."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    sheet = book.add_worksheet(SHEET)
    head = book.add_format({"bold": True, "bg_color": "#DCE9F5", "border": 1, "text_wrap": True})
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(1, at, name, head)
    sheet.write_string(0, 0, WHOLE, head)
    sheet.write_string(0, 1, orjson.dumps(_whole(definition)).decode(), cell)
    for number, words in enumerate(_rows(definition), start=2):
        for at, text in enumerate(words):
            sheet.write_string(number, at, text[:LONGEST_CELL], cell)
    sheet.freeze_panes(2, 4)
    book.close()
    return target.getvalue()


def _whole(definition: Definition) -> dict[str, Any]:
    told = definition.model_dump(mode="json", exclude_defaults=True)
    told.pop("pages", None)
    return {"title": definition.title, **told}


def _rows(definition: Definition) -> Iterator[list[str]]:
    for at, page in enumerate(definition.pages, start=1):
        for item in page.items:
            yield [page.title or str(at), *_row(item)]


def _row(item: Question) -> list[str]:
    told = item.model_dump(mode="json", exclude_defaults=True)
    field = next((name for name in LISTS if name in type(item).model_fields), "")
    things = getattr(item, field) if field else ()
    for name in (
        "kind",
        "code",
        "title",
        "hint",
        "required",
        "counted",
        "category",
        "dimension",
        "loinc",
        "step",
    ):
        told.pop(name, None)
    if field and all("\n" not in thing.label for thing in things) and not _richer(things):
        told.pop(field, None)
        choices = "\n".join(_line(thing) for thing in things)
    else:
        choices = ""
    return [
        item.code,
        item.kind,
        item.title,
        item.hint,
        "是" if item.required else "否",
        "是" if item.counted else "否",
        item.category,
        item.dimension,
        item.loinc,
        item.step,
        choices,
        orjson.dumps(told).decode() if told else "",
    ]


def _richer(things: Sequence[Any]) -> bool:
    """Whether they hold more than a line can say (pictures)."""
    return any(getattr(thing, "picture", None) is not None or "|" in thing.label for thing in things)


def _line(thing: Any) -> str:
    words = [f"{thing.code}={thing.label}"]
    if isinstance(thing, Option):
        words += [thing.score] if thing.score is not None else []
        words += ["其他"] if thing.other else []
        words += ["互斥"] if thing.exclusive else []
    return "|".join(words)


# --- in -------------------------------------------------------------------------------------------


def definition(rows: Rows) -> Definition:
    """The definition that the rows of a sheet describe.

    Args:
        rows: number and cells of each row, as a reader of sheets gives them.

    Raises:
        Invalid: no header, or faulty cells; `field` is "行 5 题型", `label` the same for people.
    """
    whole: dict[str, Any] = {}
    header: dict[int, str] = {}
    pages: list[dict[str, Any]] = []
    numbers: list[list[int]] = []
    faults: list[Fault] = []
    for at, (number, cells) in enumerate(rows):
        words = ["" if cell is None else str(cell).strip() for cell in cells]
        if not header:
            if words[:1] == [WHOLE] and len(words) > 1:
                whole = _json(words[1], number, WHOLE, faults)
            elif {CODE, KIND, TITLE} <= set(words):
                header = {place: word for place, word in enumerate(words) if word in COLUMNS}
            elif at >= WITHIN:
                break
            continue
        row = {name: words[place] if place < len(words) else "" for place, name in header.items()}
        if not any(row.values()):
            continue
        item = _item(row, number, faults)
        title = row.get(PAGE, "")
        if not pages or (title and title != pages[-1]["mark"]):
            pages.append({"mark": title, "items": []})
            numbers.append([])
        pages[-1]["items"].append(item)
        numbers[-1].append(number)
        if sum(map(len, numbers)) > MOST_QUESTIONS:
            raise _refused([_fault(number, "题目", f"最多 {MOST_QUESTIONS} 题")])
    if not header:
        raise _refused([_fault(1, "表头", f"前几行中应有一行写明“{CODE}”“{KIND}”“{TITLE}”等列名")])
    if faults:
        raise _refused(faults)
    raw = [
        {"title": "" if page["mark"].isdigit() else page["mark"], "items": page["items"]} for page in pages
    ]
    try:
        return definition_of({**whole, "pages": raw or [{}]})
    except Invalid as error:
        raise _refused([_placed(fault, numbers) for fault in error.details]) from None


def _item(row: Mapping[str, str], number: int, faults: list[Fault]) -> dict[str, Any]:
    kind = _kind(row.get(KIND, ""))
    if kind is None:
        faults.append(_fault(number, KIND, f"没有“{row.get(KIND, '')[:20]}”这种题型"))
        return {}
    item = _json(row[MORE], number, MORE, faults) if row.get(MORE) else {}
    item |= {
        "kind": kind,
        "code": row.get(CODE, ""),
        "title": row.get(TITLE, ""),
        "hint": row.get(HINT, ""),
        "category": row.get(CATEGORY, ""),
        "dimension": row.get(DIMENSION, ""),
        "loinc": row.get(LOINC, ""),
        "step": row.get(STEP, ""),
        "required": _tick(row, REQUIRED, number, faults),
        "counted": _tick(row, COUNTED, number, faults),
    }
    field = next((name for name in LISTS if name in KINDS[kind].model_fields), "")
    if row.get(CHOICES) and not field:
        faults.append(_fault(number, "选项", "这种题型没有选项"))
    elif row.get(CHOICES):
        item[field] = [_thing(text, at) for at, text in enumerate(_lines(row[CHOICES]))]
    return item


def _kind(text: str) -> str | None:
    return text if text in KINDS else next((name for name, kind in KINDS.items() if kind.label == text), None)


def _tick(row: Mapping[str, str], column: str, number: int, faults: list[Fault]) -> bool:
    """Yes or no; an empty cell is what a new question has: counted, not required."""
    said = row.get(column, "").lower()
    if not said:
        return column == COUNTED
    if said not in YES | NO:
        faults.append(_fault(number, column, f"应填“是”或“否”，不是“{said[:10]}”"))
    return said in YES


def _lines(text: str) -> list[str]:
    """One to a line; a sheet that lost its line ends may part them by "；"."""
    return [line.strip() for line in text.replace("；", "\n").splitlines() if line.strip()]


def _thing(text: str, at: int) -> dict[str, Any]:
    words, *more = [word.strip() for word in text.split("|")]
    code, sign, label = words.partition("=")
    thing: dict[str, Any] = {"code": code, "label": label} if sign else {"code": f"o{at + 1}", "label": words}
    for word in filter(None, more):
        thing |= {"其他": {"other": True}, "互斥": {"exclusive": True}}.get(word, {"score": word})
    return thing


def _json(text: str, number: int, column: str, faults: list[Fault]) -> dict[str, Any]:
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError:
        raw = None
    if isinstance(raw, dict):
        return raw
    faults.append(_fault(number, column, "不是有效的 JSON"))
    return {}


def _placed(fault: Fault, numbers: Sequence[Sequence[int]]) -> Fault:
    """A fault of the definition, at the row of the sheet that it comes from."""
    steps = fault.field.split(".")
    if len(steps) >= 4 and steps[0] == "pages" and steps[2] == "items":
        number = numbers[int(steps[1])][int(steps[3])]
        return _fault(number, ".".join(steps[4:]) or "题目", fault.reason)
    return Fault(field=fault.field, label=WHOLE, reason=fault.reason)


def _fault(number: int, column: str, reason: str) -> Fault:
    return Fault(field=f"{number}.{column}", label=f"第 {number} 行“{column}”", reason=reason)


def _refused(faults: list[Fault]) -> Invalid:
    return Invalid("Excel 文件不能导入", details=faults[:50])
