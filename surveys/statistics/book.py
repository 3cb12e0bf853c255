"""Which place of a row holds what, and what its numbers stand for: of a questionnaire, growing with what is new."""

from dataclasses import dataclass, field
from decimal import Decimal

from core import db

MOST_CODES = 400  # different values in one place: more is not a category
Name = tuple[str, str, str]  # question, part, option (of a multiple choice)


@dataclass
class Book:
    """The places of a questionnaire and the numbers in them, as the database knows them; grows with what is new."""

    questionnaire_id: int
    slots: dict[Name, int] = field(default_factory=dict)
    codes: dict[tuple[int, str], int] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _new_slots: list[tuple[int, Name]] = field(default_factory=list)
    _new_codes: list[tuple[int, int, str, Decimal | None]] = field(default_factory=list)
    _new_scores: list[tuple[int, str]] = field(default_factory=list)

    def slot(self, name: Name) -> int:
        """The place of a name."""
        if name not in self.slots:
            self.slots[name] = len(self.slots) + 1
            self._new_slots.append((self.slots[name], name))
        return self.slots[name]

    def code(self, slot: int, option: str, num: Decimal | None) -> int:
        """The number of an option in a place; 0 when the place holds too many different ones already."""
        key = (slot, option)
        if key not in self.codes:
            size = self._sizes.get(slot, 0) + 1
            if size > MOST_CODES:
                return 0
            self._sizes[slot] = size
            self.codes[key] = size
            self._new_codes.append((slot, size, option, num))
        return self.codes[key]

    def score(self, key: str) -> int:
        """The place of a score."""
        if key not in self.scores:
            self.scores[key] = len(self.scores) + 1
            self._new_scores.append((self.scores[key], key))
        return self.scores[key]

    async def read(self) -> "Book":
        """What is there."""
        of = self.questionnaire_id
        for row in await db.fetch("select * from survey_slot where questionnaire_id = $1", of):
            self.slots[row["question"], row["part"], row["option"]] = row["slot"]
        for row in await db.fetch("select * from survey_code where questionnaire_id = $1", of):
            self.codes[row["slot"], row["option"]] = row["code"]
            self._sizes[row["slot"]] = max(self._sizes.get(row["slot"], 0), row["code"])
        for row in await db.fetch("select * from survey_score_slot where questionnaire_id = $1", of):
            self.scores[row["key"]] = row["slot"]
        return self

    async def write(self) -> None:
        """What is new."""
        of = self.questionnaire_id
        await db.executemany(
            "insert into survey_slot (questionnaire_id, slot, question, part, option) values ($1, $2, $3, $4, $5)",
            [(of, slot, *name) for slot, name in self._new_slots],
        )
        await db.executemany(
            "insert into survey_code (questionnaire_id, slot, code, option, num) values ($1, $2, $3, $4, $5)",
            [(of, *one) for one in self._new_codes],
        )
        await db.executemany(
            "insert into survey_score_slot (questionnaire_id, slot, key) values ($1, $2, $3)",
            [(of, *one) for one in self._new_scores],
        )
        self._new_slots.clear()
        self._new_codes.clear()
        self._new_scores.clear()
