"""Several rows answered with the same options, one each."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap, Option, Part, Posted, Question
from surveys.questions.choosing import option_gaps

ROWS = (Part(code="a", label="第一项"), Part(code="b", label="第二项"))
COLUMNS = (
    Option(code="good", label="满意"),
    Option(code="fair", label="一般"),
    Option(code="bad", label="不满意"),
)


class Matrix(Question):
    """矩阵单选题."""

    label: ClassVar[str] = "矩阵单选"
    icon: ClassVar[str] = "table"
    shape: ClassVar[Shape] = Shape.GRID

    kind: Literal["matrix"] = "matrix"
    rows: tuple[Part, ...] = Field(default=ROWS, max_length=30)
    options: tuple[Option, ...] = Field(default=COLUMNS, max_length=10)

    @property
    def choices(self) -> tuple[Option, ...]:
        """The columns."""
        return self.options

    @property
    def parts(self) -> tuple[Part, ...]:
        """The rows."""
        return self.rows

    def gaps(self) -> Iterator[Gap]:
        """Rows and columns, each with words of its own."""
        yield from super().gaps()
        if not self.rows:
            yield Gap("rows", "至少要有一行")
        if len(self.options) < 2:
            yield Gap("options", "至少要有两列")
        yield from option_gaps(self.rows, "rows")
        yield from option_gaps(self.options, "options")
        if any(option.other or option.exclusive for option in self.options):
            yield Gap("options", "矩阵题没有“其他”和互斥选项")

    def lacking(self, answer: Answer) -> str:
        """When required, every row is."""
        empty = [row.label for row in self.rows if not answer.m.get(row.code)]
        return f"还没有选：{'、'.join(empty)}" if empty else ""

    def _complaint(self, answer: Answer) -> str:
        if answer.m.keys() - {row.code for row in self.rows}:
            return "没有这一行"
        known = {option.code for option in self.options}
        for row in self.rows:
            chosen = answer.m.get(row.code, ())
            if len(chosen) > 1:
                return f"“{row.label}”只能选一项"
            if set(chosen) - known:
                return "没有这个选项"
        return ""

    def said(self, answer: Answer) -> str:
        """ "态度：满意；环境：一般"."""
        labels = {option.code: option.label for option in self.options}
        return "；".join(
            f"{row.label}：{labels.get(answer.m[row.code][0], answer.m[row.code][0])}"
            for row in self.rows
            if answer.m.get(row.code)
        )

    def read(self, posted: Posted) -> Any:
        """Each row has a field."""
        chosen = {row.code: posted.many(self.name(row.code)) for row in self.rows}
        return {"m": {code: codes for code, codes in chosen.items() if codes}}
