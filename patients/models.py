"""Tables of patients and visits."""

from tortoise import fields
from tortoise.models import Model

from core.crypto import EncryptedText


class Patient(Model):
    """A person the hospital treats; `number` is the hospital's own patient id."""

    id = fields.BigIntField(primary_key=True)
    number = fields.TextField()
    name = fields.TextField()
    gender = fields.TextField(default="未知")
    born_on = fields.DateField(null=True)
    phone = EncryptedText(null=True)
    phone_hash = fields.BinaryField(null=True)
    id_number = EncryptedText(null=True)
    id_hash = fields.BinaryField(null=True)
    address = EncryptedText(null=True)
    wechat_openid = fields.TextField(null=True)
    wechat_following = fields.BooleanField(default=False)
    deceased = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "patient"


class Visit(Model):
    """One visit: outpatient, emergency, inpatient or exam; `end_on` is empty while it lasts."""

    id = fields.BigIntField(primary_key=True)
    patient_id = fields.BigIntField()
    kind = fields.TextField()
    number = fields.TextField()
    unit_id = fields.BigIntField()
    ward_id = fields.BigIntField(null=True)
    bed = fields.TextField(default="")
    start_on = fields.DateField()
    end_on = fields.DateField(null=True)
    doctor = fields.TextField(default="")
    nurse = fields.TextField(default="")
    diagnosis = fields.TextField(default="")

    class Meta:
        """Table name."""

        table = "visit"
