"""Reads a filled-in questionnaire from a posted page; files are kept, their ids stand for them. Judges nothing."""

from aiohttp import web

from core import storage
from surveys.sheet import SEEN

PREFIX = "q."


async def posted(request: web.Request, *, by: str = "") -> dict[str, list[str]]:
    """The fields of the questionnaire ("q.<code>", "q.<code>.<part>") and what the page showed (`SEEN`).

    Raises:
        Invalid: a file that is not of a kind we take.
    """
    data = await request.post()
    fields: dict[str, list[str]] = {}
    for name in dict.fromkeys(data):
        if not name.startswith(PREFIX) and name != SEEN:
            continue
        for value in data.getall(name):
            if isinstance(value, web.FileField):
                content = value.file.read()
                if content:
                    file = await storage.keep(value.filename, content, by=by)
                    fields.setdefault(name, []).append(str(file.id))
            elif isinstance(value, str):
                fields.setdefault(name, []).append(value)
    return fields
