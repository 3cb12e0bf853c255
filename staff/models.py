"""Tables of people and the organisation."""

from tortoise import fields
from tortoise.models import Model

from core.crypto import EncryptedText


class OrgUnit(Model):
    """A node of the organisation: group, campus or clinic, department, ward."""

    id = fields.BigIntField(primary_key=True)
    parent_id = fields.BigIntField(null=True)
    path = fields.TextField()
    kind = fields.TextField()
    name = fields.TextField()
    short_name = fields.TextField(default="")
    active = fields.BooleanField(default=True)
    valid_from = fields.DateField(null=True)
    valid_to = fields.DateField(null=True)

    class Meta:
        """Table name."""

        table = "org_unit"


class OrgName(Model):
    """Another name of a unit: a historic one (system ""), or an outside system's."""

    id = fields.BigIntField(primary_key=True)
    unit_id = fields.BigIntField()
    system = fields.TextField(default="")
    name = fields.TextField()

    class Meta:
        """Table name."""

        table = "org_name"


class Staff(Model):
    """A member of staff; `number` (工号) is the log-in name."""

    id = fields.BigIntField(primary_key=True)
    number = fields.TextField()
    name = fields.TextField()
    title = fields.TextField(default="")
    phone = EncryptedText(null=True)
    phone_hash = fields.BinaryField(null=True)
    wecom_userid = fields.TextField(null=True)
    password_hash = fields.TextField(default="")
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "staff"


class Post(Model):
    """A role held by a person in a unit; `rank` orders the liaisons of a department (1 liaison, 2 deputy)."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField()
    unit_id = fields.BigIntField()
    role = fields.TextField()
    rank = fields.IntField(default=1)
    until_on = fields.DateField(null=True)

    class Meta:
        """Table name."""

        table = "post"
