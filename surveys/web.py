"""The one address of this package: a picture of a questionnaire, for whoever is asked. Everything else is behind doors."""

from uuid import UUID

from aiohttp import hdrs, web

from core.errors import NotFound
from surveys import pictures

routes = web.RouteTableDef()


@routes.get("/pictures/{id}")
async def picture(request: web.Request) -> web.Response:
    """A picture; it never changes, so it is kept by browsers for a year."""
    try:
        picture_id = UUID(request.match_info["id"])
    except ValueError:
        raise NotFound from None
    mime, data = await pictures.read(picture_id)
    return web.Response(
        body=data,
        content_type=mime,
        headers={
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
        },
    )
