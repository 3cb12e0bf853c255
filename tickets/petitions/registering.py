"""Opens a petition: its case, persons, clocks and material in one transaction; and finds what was petitioned before.

The same road as every case (`tickets.receiving`), then what a petition has beside it. An accusation is secret from
its first moment: nobody sees the case between its opening and its closing to the accused. Decides no acceptance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from core import audit, clock, crypto, db, storage
from core.actor import Actor, Permission
from core.clock import SHANGHAI
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.identity import normalise_phone, parse_id
from core.search import normalise
from staff import queries as staff
from tickets import barring, clocks, history
from tickets.deadlines import printed
from tickets.limits import Limit
from tickets.models import Case
from tickets.numbers import next_number
from tickets.orders import Order
from tickets.petitions import shared
from tickets.petitions.models import Petition, Petitioner
from tickets.petitions.registration import Named, Registration, named
from tickets.petitions.words import FORMS, Category, IdKind
from tickets.petitions.words import Form as Came
from tickets.queries import access, secrecy
from tickets.receiving import Incoming, Received, receive_many
from tickets.sources.petition import PETITION

MOST_REPEATS = 5
_END_OF_DAY = time(17, 30)


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier petition that may be the same: why it was found, and whether it was ended by a re-review."""

    case: Case
    number: str
    why: str
    final: bool


@dataclass(frozen=True, slots=True)
class Accused:
    """Who must not see a petition: the ids of units and staff, and the names nobody knows."""

    units: tuple[int, ...]
    staff: tuple[int, ...]


def text_hash(text: str) -> bytes:
    """The same words give the same hash, whatever their spaces, widths and marks."""
    return crypto.search_hash("".join(sign for sign in normalise(text) if sign.isalnum()))


def id_of(number: str, kind: IdKind) -> str:
    """A document's number in its one form."""
    known = parse_id(number) if kind is IdKind.RESIDENT else None
    return known.number if known is not None else number.strip().upper()


async def repeats(form: Registration, by: Actor) -> list[Repeat]:
    """Petitions of the same person or the same words that this person may see, the latest first (Art. 19, 36)."""
    id_hash = crypto.search_hash(id_of(form.id_number, form.id_kind)) if form.id_number else None
    phone = normalise_phone(form.phone) or ""
    rows = await db.fetch(
        "select p.case_id, p.number, p.final, p.text_hash = $1 as same_text,"
        " exists (select 1 from petitioner q where q.case_id = p.case_id and q.id_hash = $2) as same_id"
        " from petition p where p.text_hash = $1 or exists (select 1 from petitioner q where q.case_id = p.case_id"
        " and (q.id_hash = $2 or q.phone_hash = $3)) order by p.case_id desc limit 50",
        text_hash(form.content),
        id_hash,
        crypto.search_hash(phone) if phone else None,
    )
    found: list[Repeat] = []
    for row in rows:
        try:
            case = await access.case(row["case_id"], by)
        except NotFound:
            continue
        if not secrecy.whole(case, by):  # that it is the same person's would tell who that is
            continue
        why = "内容相同" if row["same_text"] else ("证件号码相同" if row["same_id"] else "联系电话相同")
        found.append(Repeat(case, row["number"], why, row["final"]))
    return found[:MOST_REPEATS]


async def accused(form: Registration) -> Accused:
    """The ids behind the names in the form; of several people with one name all are meant, to be safe.

    Raises:
        Invalid: a unit or a person is unknown.
    """
    tree = await staff.tree()
    units, people = [], []
    for text in form.accused_units:
        unit = next((known for known in tree.below() if str(known.id) == text), None) or tree.find(text)
        if unit is None:
            raise _unknown("accused_units", "被检举控告科室", text)
        units.append(unit.id)
    for text in form.accused_names:
        found = [
            person.id for person in await staff.find_people(text) if text in (person.name, person.number)
        ]
        if not found:
            raise _unknown("accused", "被检举控告人", text)
        people += found
    return Accused(tuple(dict.fromkeys(units)), tuple(dict.fromkeys(people)))


def _unknown(field: str, label: str, text: str) -> Invalid:
    reason = f"没有找到“{text}”；不在本院的人员请写在内容里"
    return Invalid(f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason, value=text)])


async def register(
    form: Registration, draft: str, *, by: Actor, repeat_of: int | None = None
) -> tuple[Case, bool]:
    """Open the petition; whether it is new (the same draft sent again gives the petition it opened).

    Args:
        form: what was written down.
        draft: a name fixed when the form was opened, letters and digits.
        by: who registers.
        repeat_of: the earlier petition that the registrar says it repeats.

    Raises:
        Forbidden: no right to register.
        Invalid: an accused person or unit is unknown, or a day is to come.
        Refused: the same draft was registered with other words.
    """
    if not by.can(Permission.CASE_REGISTER):
        raise Forbidden
    meant = await accused(form)
    received_at = _received(form)
    files = tuple([await storage.find(UUID(file_id)) for file_id in form.files])
    async with transaction():
        (received,) = await receive_many(
            [Incoming(_order(form, draft), None, files)], by=by, source=PETITION.name, assign=False
        )
        if not isinstance(received, Received):
            raise received
        case = await Case.select_for_update().get(id=received.case_id)
        if await Petition.get_or_none(case_id=case.id) is not None:
            return case, False
        if form.category is Category.ACCUSATION:
            await barring.name(case, meant.units, meant.staff)
            await barring.hand_over(case)
        petition = await _keep(case, form, received_at, repeat_of)
        await _people(case, form)
        await _limits(case, form, received_at)
        await case.save()
        await history.add(
            case.id,
            "register_petition",
            by,
            round_no=case.round,
            text=petition.number,
            detail={"form": form.form},
        )
        await audit.record(
            by, "petition.register", "case", case.id, number=petition.number, secret=case.secret
        )
    return case, True


def _received(form: Registration) -> datetime:
    """Not more than a year ago: an older letter was surely given another date by mistake."""
    now = clock.now()
    return shared.instant(form.received_on, since=now.replace(year=now.year - 1, day=1), label="收到日期")


def _order(form: Registration, draft: str) -> Order:
    sign = "".join(part for part in draft if part.isascii() and part.isalnum())[:12]
    return Order.model_validate(
        {
            "order_no": f"XF-{sign}",  # no day in it: a form may be sent again after midnight
            "platform_no": form.transfer_no,
            "title": form.title,
            "content": form.content,
            "appeal_type": form.category,
            "category": form.topic,
            "caller_name": "" if form.anonymous else form.name,
            "caller_phone": form.phone,
            "anonymous": form.anonymous,
            "reply_required": False,
            "campus": form.campus,
            "departments": list(form.departments),
            "channel": FORMS[form.form],
        }
    )


async def _keep(case: Case, form: Registration, received_at: datetime, repeat_of: int | None) -> Petition:
    return await Petition.create(
        case_id=case.id,
        number=await next_number("petition"),
        form=form.form,
        received_at=received_at,
        text_hash=text_hash(form.content),
        purpose=form.purpose,
        people=form.people,
        transferred_by=form.transferred_by,
        transfer_no=form.transfer_no,
        oral_record=form.oral_record,
        accused=form.accused,
        repeat_of=repeat_of,
    )


async def _people(case: Case, form: Registration) -> None:
    first: Sequence[Named] = ()
    if not form.anonymous or form.id_number or form.phone:
        first = [Named(name="" if form.anonymous else form.name, id_number=form.id_number, phone=form.phone)]
    for place, person in enumerate([*first, *named(form.others)]):
        leads = place == 0 and bool(first)
        kind = form.id_kind if leads else IdKind.RESIDENT
        number = id_of(person.id_number, kind) if person.id_number else ""
        phone = normalise_phone(person.phone) or ""
        await Petitioner.create(
            case_id=case.id,
            place=place,
            name=person.name,
            id_kind=kind if number else "",
            id_number=number,
            id_hash=crypto.search_hash(number) if number else None,
            phone=phone,
            phone_hash=crypto.search_hash(phone) if phone else None,
            address=form.address if leads else "",
        )


async def _limits(case: Case, form: Registration, received_at: datetime) -> None:
    """Notice within 15 days, objection to a transfer within 5 working days (Art. 23), and the limit the superior printed."""
    if not (form.anonymous and not form.address and not form.phone):
        await clocks.open_kind(case, "notice", received_at)
    if form.form is Came.TRANSFERRED:
        await clocks.open_kind(case, "objection", received_at)
        if form.upstream_on is not None:
            until = datetime.combine(form.upstream_on, _END_OF_DAY, SHANGHAI)
            limit = Limit("upstream", received_at, printed(until, f"{form.transferred_by}来文"), None)
            await clocks.open_limits(case, (limit,))
    await clocks.refresh(case)
