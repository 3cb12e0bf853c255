"""The switches of the frame: large letters, language. A cookie each, nothing else; works without scripts."""

from aiohttp import web

from patient_portal.look import LANGUAGE, LETTERS, keep
from patient_portal.page import go, safe_next
from patient_portal.words import Language

routes = web.RouteTableDef()


@routes.post("/p/look")
async def change(request: web.Request) -> web.Response:
    """Keep what was chosen and go back to the page one was on."""
    data = await request.post()
    response = go(safe_next(str(data.get("next", ""))))
    if data.get("letters") in ("big", "plain"):
        keep(response, LETTERS, str(data["letters"]))
    if data.get("language") in list(Language):
        keep(response, LANGUAGE, str(data["language"]))
    return response
