"""The written table of the patients' addresses: what nobody, a stranger and the owner get. A new address needs a line.

`at` names things of the owner: {patient}, {case}, {token}; nobody and the stranger ask for the very same. 303 with
`nobody` is the way to sign in. test_walk.py tries every line; the walk of the staff pages takes `nobody` from here too.
"""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Door:
    """One address: the statuses for nobody, for a stranger (signed in, bound to another patient), for the owner."""

    path: str
    nobody: int
    stranger: int
    owner: int
    at: str = ""
    body: str = ""

    @property
    def method(self) -> str:
        """GET or POST."""
        return self.path.partition(" ")[0]

    @property
    def where(self) -> str:
        """The address that is tried."""
        return self.at or self.path.partition(" ")[2]

    @property
    def nowhere(self) -> str:
        """The same address where there is nothing."""
        return self.where.format_map(defaultdict(lambda: "0"))


def mine(path: str, at: str = "", *, owner: int = 200, stranger: int = 404, body: str = "") -> Door:
    """Something of one person: for others there is none."""
    return Door(path, 303, stranger, owner, at, body)


def signed(path: str, status: int = 200, body: str = "") -> Door:
    """A page of whoever is signed in, about themselves."""
    return Door(path, 303, status, status, body=body)


def anybody(path: str, status: int = 200, at: str = "", body: str = "") -> Door:
    """No log-in needed."""
    return Door(path, status, status, status, at, body)


DOORS: tuple[Door, ...] = (
    anybody("GET /p/"),
    Door("GET /p/sign-in", 200, 303, 303),
    anybody("POST /p/sign-in/phone", 422, body="phone=12"),
    anybody("POST /p/sign-in/identity", 422, body="name=甲"),
    anybody("GET /p/sign-in/code", 303),
    anybody("POST /p/sign-in/code", 303),
    anybody("POST /p/sign-in/again", 303),
    anybody("GET /p/captcha/{token}.png", 404, "/p/captcha/none.png"),
    anybody("GET /p/captcha/{token}.wav", 404, "/p/captcha/none.wav"),
    anybody("GET /p/wechat", 409),  # no WeChat is set here
    anybody("GET /p/wechat/back", 303),
    anybody("GET /p/terms/{kind}", 200, "/p/terms/binding"),
    anybody("GET /p/{rest}", 404, "/p/nowhere"),
    anybody("GET /kiosk/{rest}", 404, "/kiosk/nowhere"),
    # feedback
    anybody("GET /p/feedback"),
    anybody("GET /p/feedback/new/{kind}", 200, "/p/feedback/new/complaint"),
    anybody("POST /p/feedback/new/{kind}", 422, "/p/feedback/new/complaint", body="content=短"),
    anybody("GET /p/feedback/find"),
    anybody("POST /p/feedback/find", 404, body="code=AAAABBBBCCCC&tail=0000"),
    mine("GET /p/feedback/{id}", "/p/feedback/{case}"),
    mine("POST /p/feedback/{id}/rating", "/p/feedback/{case}/rating", owner=409, body="satisfied=满意"),
    mine("POST /p/feedback/{id}/more", "/p/feedback/{case}/more", owner=303, body="text=补充一句"),
    # signed in
    signed("GET /p/agree", 303),  # agreed already
    signed("POST /p/agree", 422, body="version=1"),  # not the version in force
    signed("GET /p/account"),
    signed("GET /p/account/phone"),
    signed("POST /p/account/phone", 409),
    signed("GET /p/account/phone/code", 303),
    signed("POST /p/account/phone/code", 303),
    signed("GET /p/notices"),
    signed("POST /p/notices", 303),
    signed("GET /p/rights"),
    signed("POST /p/rights", 422),
    signed("GET /p/visits"),
    signed("GET /p/people"),
    signed("GET /p/people/add"),
    signed("POST /p/people/add", 422),
    signed("GET /p/people/prove", 303),
    signed("POST /p/people/prove", 303),
    mine("POST /p/people/{id}/act", "/p/people/{patient}/act", owner=303),
    mine("POST /p/people/{id}/unbind", "/p/people/{patient}/unbind", owner=303),
    # screens of the hospital; these browsers are none
    anybody("GET /kiosk/card/{kind}", 403, "/kiosk/card/id"),
    anybody("POST /kiosk/card/{kind}", 403, "/kiosk/card/id"),
    anybody("POST /kiosk/bed", 403),
    anybody("POST /kiosk/pair", 422),
    Door("GET /kiosk/home", 303, 403, 403),
    anybody("GET /kiosk/alive", 403),
    Door("POST /p/sign-out", 303, 303, 303),
    anybody("GET /kiosk/"),
    anybody("POST /kiosk/end", 303),
)
# A receipt's link opens its one matter to whoever holds it; it is tried by test_walk.py with a token and without one.
LINKS: tuple[str, ...] = ("GET /p/f/{token}", "POST /p/f/{token}/rating", "POST /p/f/{token}/more")
# These ask for a proof first and open once: tests/console/test_privacy_checks.py.
PROVEN: tuple[str, ...] = ("GET /p/d/{token}", "POST /p/d/{token}")
