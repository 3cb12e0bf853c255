"""Things put in order: each gets its place, 1 for the first. Without scripts a number is chosen for each."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from surveys.answers import Answer, Shape
from surveys.questions.base import Gap, Part, Posted, Question
from surveys.questions.choosing import option_gaps

THREE = (Part(code="a", label="第一项"), Part(code="b", label="第二项"), Part(code="c", label="第三项"))


class Ranking(Question):
    """排序题. With `most` only the first so many are wanted."""

    label: ClassVar[str] = "排序"
    icon: ClassVar[str] = "list-details"
    shape: ClassVar[Shape] = Shape.RANKING

    kind: Literal["ranking"] = "ranking"
    rows: tuple[Part, ...] = Field(default=THREE, max_length=20)
    most: int | None = Field(default=None, ge=1, le=20)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is put in order; logic may ask for the place of each."""
        return self.rows

    @property
    def places(self) -> int:
        """How many places there are to give."""
        return min(self.most or len(self.rows), len(self.rows))

    def gaps(self) -> Iterator[Gap]:
        """Two things at least, each with words of its own."""
        yield from super().gaps()
        if len(self.rows) < 2:
            yield Gap("rows", "至少要有两项")
        yield from option_gaps(self.rows, "rows")
        if self.most and self.most > len(self.rows):
            yield Gap("most", "要排的项数超过了总项数")

    def lacking(self, answer: Answer) -> str:
        """When required, every place is given."""
        given = sum(bool(place) for place in answer.m.values())
        return (
            "" if given == self.places else f"请排出前 {self.places} 位" if self.most else "请把每一项都排上"
        )

    def _complaint(self, answer: Answer) -> str:
        if answer.m.keys() - {row.code for row in self.rows}:
            return "没有这一项"
        given = [place for places in answer.m.values() for place in places]
        if any(place not in map(str, range(1, self.places + 1)) for place in given):
            return f"名次应为 1 到 {self.places}"
        if len(set(given)) < len(given) or any(len(places) > 1 for places in answer.m.values()):
            return "名次不能重复"
        return (
            "" if sorted(map(int, given)) == list(range(1, len(given) + 1)) else "名次要从 1 开始，中间不能空"
        )

    def said(self, answer: Answer) -> str:
        """ "1. 态度；2. 环境"."""
        labels = {row.code: row.label for row in self.rows}
        ranked = sorted((int(places[0]), code) for code, places in answer.m.items() if places)
        return "；".join(f"{place}. {labels.get(code, code)}" for place, code in ranked)

    def read(self, posted: Posted) -> Any:
        """Each thing has a field with its place."""
        places = {row.code: posted.many(self.name(row.code)) for row in self.rows}
        return {"m": {code: given for code, given in places.items() if given}}
