"""Pictures shown in questionnaires: kept once, then shown to everybody who is asked. Nothing personal belongs here.

The id is random and the picture belongs to no case or person, so it is served without asking who looks.
"""

from uuid import UUID

from core import audit, clock, db, storage
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound
from surveys.definition import Definition
from surveys.questions.picture import Picture
from surveys.questions.picture_choice import PictureChoice

MOST_BYTES = 2 * 1024 * 1024  # a phone on a bad line loads it
TAKEN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


async def keep(name: str, data: bytes, *, by: Actor) -> UUID:
    """Keep a picture for use in questionnaires; its id.

    Raises:
        Invalid: not a picture, or too large.
    """
    if not (by.can(Permission.SURVEY_DESIGN) or by.can(Permission.FORM_MANAGE)):
        raise Forbidden
    if len(data) > MOST_BYTES:
        raise _bad(f"不能超过 {MOST_BYTES // 1024 // 1024} MB，请压缩后再传")
    file = await storage.keep(name, data, by=by)
    if file.mime not in TAKEN:
        raise _bad("只能是图片（png、jpg、gif、webp）")
    async with transaction():
        made: UUID = await db.fetchval(
            "insert into survey_picture (file_id, name, added_by, added_at) values ($1, $2, $3, $4) returning id",
            file.id,
            file.name,
            by.name,
            clock.now(),
        )
        await audit.record(by, "questionnaire.picture", "questionnaire", None, picture=str(made))
    return made


async def missing(definition: Definition) -> list[tuple[str, str]]:
    """The pictures a definition shows that are not kept here (it came from another hospital): question and place."""
    shown: list[tuple[str, str, UUID]] = []
    for item in definition.questions:
        if isinstance(item, Picture) and item.picture is not None:
            shown.append((item.code, "picture", item.picture))
        elif isinstance(item, PictureChoice):
            shown += [
                (item.code, f"options.{at}", option.picture)
                for at, option in enumerate(item.options)
                if option.picture is not None
            ]
    if not shown:
        return []
    rows = await db.fetch(
        "select id from survey_picture where id = any($1::uuid[])", [one for *_, one in shown]
    )
    there = {row["id"] for row in rows}
    return [(code, place) for code, place, picture in shown if picture not in there]


async def read(picture_id: UUID) -> tuple[str, bytes]:
    """MIME type and bytes.

    Raises:
        NotFound: no such picture.
    """
    file_id = await db.fetchval("select file_id from survey_picture where id = $1", picture_id)
    if file_id is None:
        raise NotFound("没有这张图片")
    file = await storage.find(file_id)
    return file.mime, await storage.read(file)


def _bad(reason: str) -> Invalid:
    return Invalid("图片没有上传", details=[Fault(field="picture", label="图片", reason=reason)])
