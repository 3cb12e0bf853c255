"""Tables of what a person keeps on the staff pages; nothing here belongs to a case or a patient."""

from tortoise import fields
from tortoise.models import Model


class SavedView(Model):
    """A named list view; `query` is the query of its address, without "?"."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField()
    page = fields.TextField()
    name = fields.TextField()
    query = fields.TextField()
    shared = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "saved_view"
