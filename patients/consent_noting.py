"""Writes down what persons said about being reached, read whole by who may: on paper, by word, by a text they sent.

A yes needs proof and rests on a version of the words; a child's comes from its guardian. Lines are added, never
changed; a no takes effect with its line. Asks nobody whether they may be reached (`consent` does).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core import audit, clock, db, storage
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.models import StoredFile
from patients import guarding, queries
from patients.consent import CHILD, EVERY, Channel, Purpose, Said, Way, age, wordings

_LINES = (
    "select c.id, c.purpose, c.channel, c.given, c.at, c.way, w.version as wording, c.proof, c.proof_file, c.said_by,"
    " c.relation, c.recorded_by from consent c left join consent_wording w on w.id = c.wording_id"
)


async def of_patient(patient_id: int, by: Actor) -> list[Said]:
    """All a person said, newest first; replies from their present number count as theirs.

    Raises:
        Forbidden, NotFound: out of reach.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_READ)
    await guarding.check(patient_id, by)
    rows = await db.fetch(
        f"{_LINES} where c.patient_id = $1 or c.phone_hash = (select phone_hash from patient where id = $1)"  # noqa: S608
        " order by c.at desc, c.id desc limit 200",
        patient_id,
    )
    return [Said(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written down. `said_by` and `relation` name the guardian or agent; "" the person themselves."""

    purposes: tuple[Purpose, ...]
    channels: tuple[Channel, ...]
    given: bool
    way: Way
    on: date
    proof: str = ""
    proof_file: UUID | None = None
    said_by: str = ""
    relation: str = ""


async def note(patient_id: int, entry: Entry, *, by: Actor) -> None:
    """Write down what a person said: a line for each purpose and way.

    Raises:
        Forbidden, NotFound: this person may not, or the patient is out of their reach.
        Invalid: nothing chosen, a day to come, an agreement without proof, or a child's without its guardian.
    """
    await queries.in_reach(patient_id, by, Permission.CONSENT_RECORD)
    await guarding.check(patient_id, by)
    born_on = await db.fetchval("select born_on from patient where id = $1", patient_id)
    if faults := [*_faults(entry, born_on), *await _alien(entry.proof_file, by)]:
        raise Invalid("；".join(f"{fault.label}：{fault.reason}" for fault in faults), details=faults)
    known = await wordings()
    purposes: tuple[str, ...] = entry.purposes if len(entry.purposes) < len(Purpose) else (EVERY,)
    if entry.given:
        purposes = entry.purposes  # each yes rests on words of its own
    channels: tuple[str, ...] = entry.channels if len(entry.channels) < len(Channel) else (EVERY,)
    now = clock.now()
    # A day that is past counts from its end, what is said today from now: so that what came later holds.
    at = now if entry.on == clock.today() else _after(entry.on)
    async with db.transaction():
        for purpose in purposes:
            for channel in channels:
                await _insert(
                    patient_id=patient_id,
                    purpose=purpose,
                    channel=channel,
                    given=entry.given,
                    at=min(at, now),
                    way=entry.way,
                    wording_id=known[purpose].id if entry.given else None,
                    proof=entry.proof,
                    proof_file=entry.proof_file,
                    said_by=entry.said_by,
                    relation=entry.relation,
                    recorded_by=by.name,
                    staff_id=by.staff_id,
                    recorded_at=now,
                )
        await audit.record(
            by,
            "patient.consent",
            "patient",
            patient_id,
            given=entry.given,
            purposes=[str(purpose) or "all" for purpose in purposes],
            channels=[str(channel) or "all" for channel in channels],
            way=entry.way,
            guardian=bool(entry.relation),
        )


async def _alien(file_id: UUID | None, by: Actor) -> list[Fault]:
    """What is wrong with a scan: it must have been brought by this very person, and be part of nothing else."""
    if file_id is None:
        return []
    own = await db.fetchval(
        "select exists (select 1 from stored_file where id = $1 and uploader_id = $2)"
        " and not exists (select 1 from attachment where file_id = $1)"
        " and not exists (select 1 from consent where proof_file = $1)",
        file_id,
        by.staff_id,
    )
    return [] if own else [Fault(field="proof_file", label="扫描件", reason="请在本页重新上传")]


async def proof(patient_id: int, line_id: int, *, by: Actor) -> StoredFile:
    """The scan on which a line rests, for who writes such lines down; that it was looked at is an audit line.

    Raises:
        Forbidden, NotFound: not permitted, out of reach, or no such scan.
    """
    await queries.in_reach(patient_id, by, Permission.CONSENT_RECORD)
    await guarding.check(patient_id, by)
    file_id = await db.fetchval(
        "select proof_file from consent where id = $1 and patient_id = $2", line_id, patient_id
    )
    if file_id is None:
        raise NotFound("没有这份扫描件")
    await audit.record(by, "patient.consent_proof", "patient", patient_id, consent=line_id)
    return await storage.find(file_id)


def _after(day: date) -> datetime:
    """Midnight at the end of a day in the hospital."""
    return datetime.combine(day + timedelta(days=1), time(), clock.SHANGHAI)


def _faults(entry: Entry, born_on: date | None) -> list[Fault]:
    faults = []
    if not entry.purposes:
        faults.append(Fault(field="purposes", label="用途", reason="至少选择一项"))
    if not entry.channels:
        faults.append(Fault(field="channels", label="联系方式", reason="至少选择一项"))
    if entry.on > clock.today():
        faults.append(Fault(field="on", label="表示日期", reason="不能晚于今天", value=str(entry.on)))
    if entry.given and not entry.proof and entry.proof_file is None:
        faults.append(
            Fault(field="proof", label="凭证", reason="同意须留凭证：文件编号、录音编号或上传扫描件")
        )
    if bool(entry.said_by) != bool(entry.relation):
        field, label = ("relation", "与患者关系") if entry.said_by else ("said_by", "监护人或代理人")
        faults.append(Fault(field=field, label=label, reason="监护人或代理人的姓名和关系须一并填写"))
    if entry.given and born_on is not None and age(born_on, entry.on) < CHILD and not entry.relation:
        faults.append(
            Fault(field="said_by", label="监护人或代理人", reason="患者不满 14 周岁，须由监护人同意")
        )
    return faults


async def _insert(**line: Any) -> bool:
    """One line; False when its key is known already."""
    names = list(line)
    marks = ", ".join(f"${at}" for at in range(1, len(names) + 1))
    return bool(
        await db.fetchval(
            f"insert into consent ({', '.join(names)}) values ({marks}) on conflict (key) do nothing returning true",  # noqa: S608
            *line.values(),
        )
    )


async def note_reply(phone_hash: bytes, purpose: str, words: str, key: str, at: datetime) -> bool:
    """A refusal that came as a text: holds for the number, for one purpose or (EVERY) all; False when known already."""
    patient_id = await db.fetchval(
        "select min(id) from patient where phone_hash = $1 having count(*) = 1", phone_hash
    )
    return await _insert(
        patient_id=patient_id,
        phone_hash=phone_hash,
        purpose=purpose,
        channel=Channel.SMS,
        given=False,
        at=at,
        way=Way.REPLY,
        proof=words[:40],
        recorded_by="短信平台",
        recorded_at=clock.now(),
        key=key,
    )


async def new_wording(purpose: Purpose, text: str, *, by: Actor) -> int:
    """A new version of the words of a purpose; what was agreed to before stays with its own.

    Raises:
        Forbidden: this person keeps no parameters.
        Invalid: the text is too short or too long.
    """
    if not by.can(Permission.PARAMETER_MANAGE):
        raise Forbidden
    words = text.strip()
    if not 20 <= len(words) <= 2000:
        reason = "20 至 2000 个字"
        raise Invalid(f"告知文本：{reason}", details=[Fault(field="text", label="告知文本", reason=reason)])
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('consent.wording'))")
        version: int = await db.fetchval(
            "insert into consent_wording (purpose, version, text, since, made_by)"
            " select $1, coalesce(max(version), 0) + 1, $2, $3, $4 from consent_wording where purpose = $1"
            " returning version",
            purpose,
            words,
            clock.now(),
            by.name,
        )
        await audit.record(by, "consent.wording", "consent_wording", None, purpose=purpose, version=version)
    return version
