"""What ties a case to others exactly: keyed hashes of phones and identity numbers, and numbers of orders its text names.

Written once the case is there and again when it changes; nothing is taken away, for an earlier phone is a tie too.
A petition's are those of all its petitioners. Whoever learns of a number by another road adds it with `add`. Compares
nothing.
"""

import re
from collections.abc import Iterable
from typing import Literal

from core import crypto, db
from core.identity import find_ids, find_phones
from tickets.models import Case

KeyKind = Literal["phone", "id", "number"]

OUR_NUMBER = re.compile(r"(?<![0-9A-Za-z-])(20[0-9]{6})-([0-9]{1,12})(?![0-9A-Za-z-])")
_THEIR_NUMBER = re.compile(r"(?<![0-9A-Za-z-])[A-Za-z0-9][A-Za-z0-9_/-]{5,59}(?![0-9A-Za-z-])")
_LEAST_DIGITS = 5


async def learn(case: Case) -> None:
    """Write the keys that stand in the case's own fields and text."""
    text = f"{case.title}\n{case.content}"
    phones = {crypto.search_hash(phone) for phone in find_phones(text)}
    phones.update(key for key in (case.caller_phone_hash, case.contact_phone_hash) if key)
    await add(case.id, "phone", phones)
    await add(case.id, "id", {crypto.search_hash(number) for number in find_ids(text)})
    await db.execute(
        "insert into case_key (case_id, kind, key)"
        " select case_id, 'id', id_hash from petitioner where case_id = $1 and id_hash is not null"
        " union select case_id, 'phone', phone_hash from petitioner where case_id = $1 and phone_hash is not null"
        " on conflict do nothing",
        case.id,
    )
    await add(case.id, "number", {as_key(number) for number in numbers_in(text)})


async def add(case_id: int, kind: KeyKind, found: Iterable[bytes]) -> None:
    """Write keys of a case; what is known already stays as it is."""
    wanted = list(found)
    if wanted:
        await db.execute(
            "insert into case_key (case_id, kind, key) select $1, $2, unnest($3::bytea[]) on conflict do nothing",
            case_id,
            kind,
            wanted,
        )


def numbers_in(text: str) -> tuple[str, ...]:
    """What may be numbers of orders or cases in a text, in order; phones and identity numbers are none."""
    persons = {*find_phones(text), *find_ids(text)}
    found = dict.fromkeys(match[0] for match in _THEIR_NUMBER.finditer(text))
    return tuple(
        number
        for number in found
        if sum(char.isdigit() for char in number) >= _LEAST_DIGITS and number not in persons
    )


def as_key(number: str) -> bytes:
    """A number as it is stored."""
    return number.lower().encode()
