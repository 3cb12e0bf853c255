"""Tables of petitions, see migrations/0012; written only by the actions of this package."""

from tortoise import fields
from tortoise.models import Model

from core.crypto import EncryptedText


class Petition(Model):
    """What a petition has beside its case."""

    case_id = fields.BigIntField(primary_key=True, generated=False)
    number = fields.TextField()
    form = fields.TextField()
    received_at = fields.DatetimeField()
    text_hash = fields.BinaryField()
    purpose = fields.TextField(default="")
    people = fields.IntField(default=1)
    transferred_by = fields.TextField(default="")
    transfer_no = fields.TextField(default="")
    oral_record = fields.TextField(default="")
    accused = fields.TextField(default="")
    repeat_of = fields.BigIntField(null=True)
    route = fields.TextField(default="")
    accepted_at = fields.DatetimeField(null=True)
    accepted_by = fields.TextField(default="")
    ground = fields.TextField(default="")
    told_route = fields.TextField(default="")
    organ = fields.TextField(default="")
    prolonged_days = fields.IntField(default=0)
    prolonged_by = fields.TextField(default="")
    prolonged_because = fields.TextField(default="")
    prolonged_at = fields.DatetimeField(null=True)
    final = fields.BooleanField(default=False)
    settled = fields.TextField(default="")
    retention = fields.TextField(default="")
    filed_by = fields.TextField(default="")

    class Meta:
        """Table name."""

        table = "petition"


class Petitioner(Model):
    """A person who petitions; `place` 0 leads, the others are named beside (of a visit: its representatives)."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.BigIntField()
    place = fields.IntField()
    name = fields.TextField(default="")
    id_kind = fields.TextField(default="")
    id_number = EncryptedText(null=True)
    id_hash = fields.BinaryField(null=True)
    phone = EncryptedText(null=True)
    phone_hash = fields.BinaryField(null=True)
    address = EncryptedText(null=True)

    class Meta:
        """Table name."""

        table = "petitioner"


class Opinion(Model):
    """处理意见, 复查意见 or 复核意见 (`stage` decision, review, rereview) of one round."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.BigIntField()
    round = fields.IntField()
    stage = fields.TextField()
    outcome = fields.TextField(default="")
    claims = fields.TextField(default="")
    facts = fields.TextField(default="")
    opinion = fields.TextField(default="")
    basis = fields.TextField(default="")
    agreement = fields.TextField(default="")
    organ = fields.TextField(default="")
    asked_at = fields.DatetimeField(null=True)
    asked_because = fields.TextField(default="")
    drafted_by = fields.TextField(default="")
    drafted_by_id = fields.BigIntField(null=True)
    decided_by = fields.TextField(default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        """Table name."""

        table = "petition_opinion"


class Disposal(Model):
    """The destruction of a file: proposed, agreed to by another person, done; the rows of the case stay."""

    case_id = fields.BigIntField(primary_key=True, generated=False)
    reason = fields.TextField()
    proposed_by = fields.TextField()
    proposed_by_id = fields.BigIntField(null=True)
    proposed_at = fields.DatetimeField()
    approved_by = fields.TextField(default="")
    approved_by_id = fields.BigIntField(null=True)
    approved_at = fields.DatetimeField(null=True)
    method = fields.TextField(default="")
    witnesses = fields.TextField(default="")
    done_by = fields.TextField(default="")
    done_at = fields.DatetimeField(null=True)

    class Meta:
        """Table name."""

        table = "petition_disposal"
