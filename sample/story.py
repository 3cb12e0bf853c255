"""The shape of an invented hotline order with the answer that closes it; holds no texts."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sample.units import DEPTS, SITES

AMOUNTS = (12, 20, 35, 50, 68, 85, 120, 180, 260, 360, 480)
WAITS = ("四十分钟", "一个小时", "一个半小时", "两个小时", "将近三个小时")


class Story(NamedTuple):
    """What was said and what was done. {day}, {later}, {sum} and {wait} in the texts are filled in by `told`.

    `unit` is the key of the unit that answers (`sample.units`), `department` how the order names it;
    `verified` and `solved` are the words of the result form.
    """

    appeal_type: str
    category: str
    title: str
    content: str
    unit: str
    department: str
    answer: str
    verified: str = "属实"
    solved: str = "解决"

    @property
    def campus(self) -> str:
        """The name on screens of the campus of `unit`, "" for units of the group."""
        dept = next((dept for dept in DEPTS if dept.key == self.unit.split("/")[0]), None)
        return "" if dept is None else next(site.short for site in SITES if site.code == dept.site)

    def told(self, chance: random.Random, today: date) -> "Told":
        """This story as one caller tells it."""
        day = today - timedelta(days=chance.randrange(1, 12))
        later = day + timedelta(days=chance.randrange(3, 9))
        words = {
            "day": f"{day.month}月{day.day}日",
            "later": f"{later.month}月{later.day}日",
            "sum": str(chance.choice(AMOUNTS)),
            "wait": chance.choice(WAITS),
        }
        return Told(
            self.title.format_map(words), self.content.format_map(words), self.answer.format_map(words), day
        )


@dataclass(frozen=True, slots=True)
class Told:
    """A story with its days and sums: title, content, the department's answer, and when it happened."""

    title: str
    content: str
    answer: str
    occurred_on: date
