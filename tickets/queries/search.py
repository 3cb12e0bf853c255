"""What a person typed into the search box of a list of cases: numbers, a phone, or words to be found in the text.

"#1234" is a ticket, "20261121-1234" a case, a whole phone number the caller's or contact's; every other word
must stand somewhere in what `reactions.index` wrote down (a phone may stand there too). All words must be found.
Reads rows only to turn a ticket or a phone into cases.
"""

import re
from dataclasses import dataclass

from core import db
from core.actor import Actor, Permission
from core.crypto import search_hash
from core.identity import normalise_phone
from core.search import like_pattern, query_tokens, terms

MOST_BY_PHONE = 2_000
MOST_TOLD_APART = 6
_TICKET = re.compile(r"[#＃](\d{1,18})", re.ASCII)
_CASE = re.compile(r"20\d{6}-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed, taken apart; `rest` holds the words that are neither a number of ours nor a phone."""

    tickets: tuple[int, ...]
    cases: tuple[int, ...]
    phones: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def patterns(self) -> list[str]:
        """LIKE patterns that the stored text must all match."""
        return [like_pattern(term) for term in self.rest]

    @property
    def grams(self) -> list[str]:
        """What the index must have of every case that is meant; empty when there are signs only."""
        return list(dict.fromkeys(gram for word in self.rest for gram in query_tokens(word)))

    @property
    def told_apart(self) -> list[list[str]]:
        """The grams by how they come: those of a Chinese word come together, so that each alone tells how rare it is;

        those of a number do not, and only together do they tell. At most `MOST_TOLD_APART`.
        """
        found: list[list[str]] = []
        for word in self.rest:
            grams = query_tokens(word)
            found += [grams] if word.isascii() and grams else [[gram] for gram in grams]
        return found[:MOST_TOLD_APART]

    @property
    def lexemes(self) -> str:
        """The grams as a tsquery; "" when there are none."""
        return tsquery(self.grams)

    @property
    def numbers(self) -> bool:
        """Whether something names cases outright."""
        return bool(self.tickets or self.cases or self.phones)


def tsquery(grams: list[str]) -> str:
    """All of the grams; they need no escaping, for they are made of letters, digits and marks only."""
    return " & ".join(f"'{gram}'" for gram in grams)


def words(text: str) -> Words:
    """Take apart what was typed."""
    tickets, cases, phones, rest = [], [], [], []
    whole = normalise_phone(text)
    for word in terms(text) if whole is None else [text]:
        if found := _TICKET.fullmatch(word):
            tickets.append(int(found[1]))
        elif found := _CASE.fullmatch(word):
            cases.append(int(found[1]))
        elif phone := normalise_phone(word):
            phones.append(phone)
        else:
            rest.append(word)
    return Words(tuple(tickets), tuple(cases), tuple(phones), tuple(rest))


async def named(found: Words, by: Actor) -> set[int] | None:
    """The cases that the numbers mean, all of them together; None when no number was typed.

    Somebody who asked for secrecy is not found by the phone, but for those who handle cases.
    """
    if not found.numbers:
        return None
    sets = [{number} for number in found.cases]
    for number in found.tickets:
        rows = await db.fetch("select case_id, path, holder_id from ticket where id = $1", number)
        sets.append({row["case_id"] for row in rows if _may_read(row["path"], row["holder_id"], by)})
    for phone in found.phones:
        rows = await db.fetch(
            "(select id from cases where (caller_phone_hash = $1 or contact_phone_hash = $1)"
            " and ($2 or not (confidential or anonymous)) order by id desc limit $3)"
            " union select case_id from case_search where tokens @@ $4::text::tsquery and body like $5",
            search_hash(phone),
            by.can(Permission.CASE_HANDLE),
            MOST_BY_PHONE,
            tsquery(query_tokens(phone)),
            like_pattern(phone),
        )
        sets.append({row["id"] for row in rows})
    return set.intersection(*sets)


def _may_read(path: str, holder: int | None, by: Actor) -> bool:
    return by.staff_id is None or any(
        by.can(each, path, holder) for each in (Permission.TICKET_READ, Permission.CASE_READ)
    )
