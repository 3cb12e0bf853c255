"""What the filters of the list of cases offer: who handles cases, and the categories in use; each read along its index.

Secret cases lend nothing to these lists: a name that stands there for one of them alone would tell of it.
"""

from core import db
from staff import queries as staff

MOST_CATEGORIES = 120
MOST_HANDLERS = 120


async def handlers() -> list[tuple[int, str]]:
    """Everybody who has handled a case, by name."""
    rows = await db.fetch(
        "with recursive found as ((select handler_id as id from cases where handler_id is not null and not secret"
        " order by handler_id limit 1) union all select (select handler_id from cases where handler_id > found.id and not secret"
        " order by handler_id limit 1) from found where found.id is not null)"
        " select id from found where id is not null limit $1",
        MOST_HANDLERS,
    )
    people = await staff.people(row["id"] for row in rows)
    return sorted(((person.id, person.name) for person in people.values()), key=lambda entry: entry[1])


async def categories() -> list[str]:
    """The paths of categories in use."""
    rows = await db.fetch(
        "with recursive found as ((select category as name from cases where category ~>~ '' and not secret"
        " order by category using ~<~ limit 1) union all select (select category from cases"
        " where category ~>~ found.name and not secret order by category using ~<~ limit 1) from found where found.name is not null)"
        " select name from found where name is not null limit $1",
        MOST_CATEGORIES,
    )
    return [row["name"] for row in rows]
