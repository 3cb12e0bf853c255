"""A text that refuses further texts: noted as withdrawal of consent for its number, confirmed once.

《通信短信息服务管理规定》 Art. 18–20: the way out is easy and free, and after a refusal nothing more is sent. The words
are those that carriers and platforms use; a sentence in which one of them stands is no refusal. What belongs to a
matter the person raised themselves is not touched. Answers no other text.
"""

import re
import unicodedata
from datetime import datetime, timedelta

from channels import actions, texts
from channels.drafts import Draft, Lane, Receiver, ReceiverKind
from core import audit, clock, db
from core.actor import Door, system
from core.crypto import search_hash
from core.identity import normalise_phone
from patients import consent, consent_noting
from patients.consent import EVERY, PURPOSES, Channel, Purpose

WORDS = frozenset(
    {"t", "td", "n", "r", "退", "退订", "拒收", "取消", "取消订阅", "不要再发", "stop", "unsubscribe"}
)
MEANT = timedelta(days=7)  # within which a text of ours is what the reply is about
_MARKS = re.compile(r"[\s\W_]+")
PLATFORM = system("短信平台", Door.API)


def refuses(content: str) -> bool:
    """Whether a reply is nothing but a word of refusal, in whatever width, case and marks it was typed."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", content)).casefold() in WORDS


async def take(phone: str, content: str, key: str, at: datetime) -> bool:
    """Note a reply if it refuses; whether it did. The same key twice is one refusal."""
    number = normalise_phone(phone)
    if number is None or not refuses(content):
        return False
    hashed = search_hash(number)
    async with db.transaction():
        purpose = await _meant(hashed)
        before = await _refused(hashed, purpose)
        if await consent_noting.note_reply(hashed, purpose, content.strip(), key, at):
            await audit.record(
                PLATFORM,
                "patient.consent",
                "consent",
                None,
                given=False,
                purposes=[purpose or "all"],
                way="短信回复",
            )
            if not before:
                await _confirm(number, purpose, key)
    return True


async def _meant(hashed: bytes) -> str:
    """What the newest text to this number was for; every purpose when it was about a matter of their own, or there is none."""
    found: str | None = await db.fetchval(
        "select consent from message where phone_hash = $1 and sent_at > $2 order by sent_at desc limit 1",
        hashed,
        clock.now() - MEANT,
    )
    return found or EVERY


async def _refused(hashed: bytes, purpose: str) -> bool:
    """Whether all of it was refused by text before, so that nothing new is confirmed."""
    purposes = [Purpose(purpose)] if purpose else list(Purpose)
    told = [await consent.refused_by_phone(hashed, one, Channel.SMS) for one in purposes]
    return all(told)


async def _confirm(phone: str, purpose: str, key: str) -> None:
    what = PURPOSES[Purpose(purpose)] if purpose else "满意度调查、随访、提醒和宣教"
    await actions.send(
        Draft(
            key=f"opted-out:{key}"[:200],
            purpose="consent.withdrawn",
            receiver=Receiver(kind=ReceiverKind.PERSON, id=0, phone=phone),
            text=texts.render("opted_out", "sms", {"what": what}),
            lane=Lane.NORMAL,
            ladder=("sms",),
        )
    )
