"""All addresses of the patients' side; answers nothing itself.

`SIGNED` pages load the session and check its token; `OPEN` ones are opened by a link or by anybody and load none, so
that they cost no look at a session.
"""

from aiohttp import web

from patient_portal import (
    account,
    agreeing,
    feedback,
    feedback_progress,
    filling,
    filling_editing,
    filling_saving,
    home,
    kiosk,
    looking,
    own_data,
    people,
    signing,
    visits,
)
from patient_portal.door import behind, nowhere

SIGNED: tuple[web.RouteTableDef, ...] = (
    signing.routes,
    agreeing.routes,
    home.routes,
    people.routes,
    account.routes,
    visits.routes,
    kiosk.routes,
    feedback_progress.routes,
    feedback.routes,
    filling.signed,
)
OPEN: tuple[web.RouteTableDef, ...] = (
    looking.routes,
    own_data.routes,
    filling.routes,
    filling_editing.routes,
    filling_saving.routes,
)

routes: list[web.AbstractRouteDef] = [
    *(route for table in SIGNED for route in behind(table)),
    *(route for table in OPEN for route in behind(table, signed_in=False)),
    *behind([web.get("/p/{rest:.*}", nowhere), web.get("/kiosk/{rest:.*}", nowhere)], signed_in=False),
]
