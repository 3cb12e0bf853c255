"""Tables of the machine that the ORM reads; outbox, due, job, inbound and audit are worked in plain SQL."""

from tortoise import fields
from tortoise.models import Model


class StoredFile(Model):
    """A file kept in storage; the same bytes under two names are two rows and one object."""

    id = fields.UUIDField(primary_key=True)
    sha256 = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    mime = fields.CharField(max_length=100)
    size = fields.IntField()
    created_by = fields.CharField(max_length=100, default="")
    uploader_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "stored_file"
