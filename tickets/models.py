"""Tables of cases and tickets; written only by tickets/actions (and receiving), read through tickets/queries."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from core import clock
from core.actor import Actor
from core.crypto import EncryptedText
from core.errors import Refused
from tickets.sources import SOURCES
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import (
    CASE_LABELS,
    TICKET_LABELS,
    TICKET_TABLE,
    CaseState,
    CaseVerb,
    TicketState,
    TicketVerb,
    move,
)

_WHILE_HELD = frozenset(
    {
        CaseVerb.JOIN,
        CaseVerb.LEAVE,
        CaseVerb.MERGE,
        CaseVerb.SPLIT,
        CaseVerb.REPLY_WITH,
        CaseVerb.MAKE_SECRET,
        CaseVerb.LIFT_SECRET,
    }
)


class Case(Model):
    """One matter somebody raised, from its arrival to the archive; see migrations/0006 for each column."""

    id = fields.BigIntField(primary_key=True)
    source = fields.TextField()
    external_no = fields.TextField(null=True)
    platform_no = fields.TextField(default="")
    content_hash = fields.TextField(default="")
    state = fields.CharEnumField(CaseState, max_length=20)
    round = fields.IntField(default=1)
    version = fields.IntField(default=1)
    title = fields.TextField()
    content = fields.TextField()
    appeal_type = fields.TextField(default="")
    category = fields.TextField(default="")
    caller_name = fields.TextField(default="")
    caller_gender = fields.TextField(default="")
    caller_phone = EncryptedText(null=True)
    caller_phone_hash = fields.BinaryField(null=True)
    contact_phone = EncryptedText(null=True)
    contact_phone_hash = fields.BinaryField(null=True)
    confidential = fields.BooleanField(default=False)
    anonymous = fields.BooleanField(default=False)
    reply_required = fields.BooleanField(default=True)
    occurred_at = fields.DatetimeField(null=True)
    place = fields.TextField(default="")
    campus_id = fields.BigIntField(null=True)
    departments = ArrayField("text")
    persons = ArrayField("text")
    patient_name = fields.TextField(default="")
    patient_number = fields.TextField(default="")
    urgency = fields.TextField(default="一般")
    role = fields.TextField(default="主办")
    channel = fields.TextField(default="")
    dispatched_at = fields.DatetimeField(null=True)
    received_at = fields.DatetimeField()
    unit_ids = ArrayField("bigint")
    due_at = fields.DatetimeField(null=True)
    provisional = fields.BooleanField(default=False)
    may_return = fields.BooleanField(default=True)
    inbound_id = fields.BigIntField(null=True)
    import_id = fields.BigIntField(null=True)
    handler_id = fields.BigIntField(null=True)
    registered_by = fields.TextField(default="")
    return_reason = fields.TextField(default="")
    closed_at = fields.DatetimeField(null=True)
    archived_at = fields.DatetimeField(null=True)
    archive_no = fields.TextField(null=True)
    tags = ArrayField("text", default=list)
    risks = ArrayField("text", default=list)
    severity = fields.TextField(default="")
    secret = fields.BooleanField(default=False)
    barred_unit_ids = ArrayField("bigint", default=list)
    barred_staff_ids = ArrayField("bigint", default=list)
    matter_id = fields.BigIntField(null=True)
    merged_into = fields.BigIntField(null=True)
    merged_at = fields.DatetimeField(null=True)
    merged_number = fields.TextField(default="")

    class Meta:
        """Table name."""

        table = "cases"

    @property
    def number(self) -> str:
        """The number people say: day of receipt and id, for example 20261121-1234."""
        return f"{clock.local(self.received_at):%Y%m%d}-{self.id}"

    @property
    def label(self) -> str:
        """The state as shown."""
        return CASE_LABELS[self.state]

    @property
    def held(self) -> bool:
        """Whether it waits, merged, for the reply of its main case: nothing is done with it until then."""
        return self.merged_into is not None and self.state in BEFORE_REPLY

    def move(self, verb: CaseVerb, by: Actor) -> None:
        """Take a step of the table, or raise Refused or Forbidden; a held case is worked on in its main case."""
        if self.held and verb not in _WHILE_HELD:
            raise Refused(f"本诉求已并入 {self.merged_number}，请在该诉求中办理；需要单独办理请先拆分")
        state = move(SOURCES[self.source].table, CASE_LABELS, self.state, verb, by, None)
        self.state = CaseState(state)


class Ticket(Model):
    """One department's part of a case; its id is the number people type."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.BigIntField()
    round = fields.IntField(default=1)
    unit_id = fields.BigIntField()
    path = fields.TextField()
    role = fields.TextField(default="lead")
    state = fields.CharEnumField(TicketState, max_length=20)
    version = fields.IntField(default=1)
    holder_id = fields.BigIntField(null=True)
    instructions = fields.TextField(default="")
    assigned_at = fields.DatetimeField()
    signed_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    answer = fields.TextField(default="")
    verified = fields.TextField(default="")
    solved = fields.TextField(default="")
    urged = fields.IntField(default=0)
    extended = fields.IntField(default=0)
    room_id = fields.BigIntField(null=True)

    class Meta:
        """Table name."""

        table = "ticket"

    @property
    def label(self) -> str:
        """The state as shown."""
        return TICKET_LABELS[self.state]

    @property
    def subject(self) -> str:
        """The name of this ticket for packages that do not know tickets (chat rooms, messages)."""
        return f"ticket:{self.id}"

    def move(self, verb: TicketVerb, by: Actor) -> None:
        """Take a step of the table, or raise Refused or Forbidden."""
        self.state = TicketState(
            move(TICKET_TABLE, TICKET_LABELS, self.state, verb, by, self.path, self.holder_id)
        )


class Clock(Model):
    """One limit of a case or ticket, with why it is what it is."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.BigIntField()
    ticket_id = fields.BigIntField(null=True)
    round = fields.IntField(default=1)
    kind = fields.TextField()
    start_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    provisional = fields.BooleanField(default=False)
    reason = fields.TextField()
    rule: fields.JSONField[dict[str, object] | None] = fields.JSONField(null=True)
    state = fields.TextField(default="running")
    version = fields.IntField(default=1)
    level = fields.IntField(default=0)
    paused_at = fields.DatetimeField(null=True)
    paused_seconds = fields.BigIntField(default=0)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Table name."""

        table = "clock"


class TicketRequest(Model):
    """A liaison's request that a person decides: more time, or a pause."""

    id = fields.BigIntField(primary_key=True)
    ticket_id = fields.BigIntField()
    kind = fields.TextField()
    reason = fields.TextField()
    days = fields.IntField(null=True)
    state = fields.TextField(default="pending")
    asked_by = fields.BigIntField(null=True)
    asked_name = fields.TextField()
    asked_at = fields.DatetimeField()
    decided_name = fields.TextField(default="")
    decided_at = fields.DatetimeField(null=True)
    note = fields.TextField(default="")

    class Meta:
        """Table name."""

        table = "ticket_request"
