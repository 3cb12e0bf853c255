"""The written table of every address: who may come through it. A new address without a line fails the walk.

How to add a line, from the narrowest to the widest:

- `own(path, at, needs)`    something of one person alone (`centre_staff` made it): 404 for all others
- `reach(path, at, needs)`  an object of cardiology: 403 without the permission, 404 when the unit is out of reach;
                            `closed=404` where the page does not even tell that such a thing could be,
                            `then` names permissions that are asked for within the page (refused without)
- `keeps(path, at)`         the account of somebody in cardiology: as reach, for who keeps accounts
- `room(path, at)`          a group chat: its members and who keeps order there, 404 for all others
- `may(path, needs, at)`    holders of one of the permissions anywhere: pages about no unit's object
- `verbs(path)`             doors of the register of actions: walked verb by verb by walk_verbs.py
- `staff(path, at)`         everybody who is signed in
- `machine(path, status)`   a door for machines: without a signature this status
- `anyone(path)`            no log-in at all

`at` is an address that exists: {case}, {ticket} … stand for objects of the scene in test_walk.py. `spent=True`: the
first who may come through uses the object up. `last`: walked after all else, since it changes who sees what. `body`: what
is sent, "name=value&…"; without one a reason.
"""

from dataclasses import dataclass

from tests.console.walk_people import permissions

READ = "case:read ticket:read"
WORK = "ticket:handle ticket:endorse ticket:manage"
JUDGE = "case:handle case:review"
INSIDE = f"{JUDGE} case:export"  # the inside of a case, beside what a department sees of it
LOOKING = "staff:manage ticket:handle ticket:endorse"
PLANNING = "staff:manage ticket:endorse"
MATERIAL = "ticket:handle ticket:manage case:handle"


@dataclass(frozen=True)
class Line:
    """One address, the way it is tried, and who may."""

    path: str
    kind: str
    at: str
    needs: frozenset[str] = frozenset()
    then: frozenset[str] = frozenset()
    closed: int = 403
    outside: int = 404
    status: int = 200
    body: str = ""
    spent: bool = False
    last: int = 0

    @property
    def method(self) -> str:
        """GET or POST."""
        return self.path.partition(" ")[0]


def _line(path: str, kind: str, at: str, needs: str = "", then: str = "", **more: object) -> Line:
    where = at or path.partition(" ")[2]
    return Line(path, kind, where, permissions(needs), permissions(then), **more)  # type: ignore[arg-type]


def anyone(path: str, at: str = "", **more: object) -> Line:
    """No log-in needed."""
    return _line(path, "anyone", at, **more)  # type: ignore[arg-type]


def machine(path: str, at: str = "", status: int = 401) -> Line:
    """A door that asks for a signature."""
    return _line(path, "machine", at, status=status)


def staff(path: str, at: str = "", **more: object) -> Line:
    """Everybody signed in."""
    return _line(path, "staff", at, **more)  # type: ignore[arg-type]


def may(path: str, needs: str, at: str = "", **more: object) -> Line:
    """Holders of a permission, wherever."""
    return _line(path, "may", at, needs, **more)  # type: ignore[arg-type]


def reach(path: str, at: str, needs: str = READ, **more: object) -> Line:
    """Holders of a permission, for cardiology."""
    return _line(path, "reach", at, needs, **more)  # type: ignore[arg-type]


def verbs(path: str) -> Line:
    """The doors of the register of actions: each verb has a line of its own in walk_verbs.py."""
    return _line(path, "verbs", "")


def keeps(path: str, at: str, **more: object) -> Line:
    """The account of somebody in cardiology."""
    return _line(path, "reach", at, "account:manage", **more)  # type: ignore[arg-type]


def nothing(path: str, needs: str, at: str) -> Line:
    """As `may`, but the scene has no such object: whoever may is told that there is none (404), others 403."""
    return _line(path, "nothing", at, needs)


def own(path: str, at: str, needs: str = "", **more: object) -> Line:
    """The one who made it."""
    return _line(path, "own", at, needs, **more)  # type: ignore[arg-type]


def room(path: str, at: str, **more: object) -> Line:
    """Members of the group chat of the ticket."""
    return _line(path, "room", at, **more)  # type: ignore[arg-type]


TABLE: tuple[Line, ...] = (
    # the door
    anyone("GET /static/{path}", "/static/css/tokens.css"),
    anyone("GET /healthz"),
    anyone("GET /readyz"),
    anyone("GET /metrics"),
    anyone("GET /healthz/auditor", status=503),
    anyone("GET /login"),
    anyone("POST /login", status=422),
    anyone("POST /login/second", status=303),
    anyone("GET /login/captcha/{token}.png", "/login/captcha/none.png", status=404),
    anyone("GET /login/captcha/{token}.wav", "/login/captcha/none.wav", status=404),
    anyone("GET /login/second", status=303),
    anyone("POST /login/captcha"),
    anyone("GET /login/wecom", status=409),  # no WeCom, no CA is set here
    anyone("GET /login/wecom/back"),
    anyone("POST /login/ca", status=409),
    anyone("GET /login/ca"),
    anyone("POST /login/ca/state"),
    machine("POST /ca/callback"),
    staff("POST /logout", last=2),
    # one's own
    staff("GET /"),
    staff("POST /home/arrange"),
    staff("POST /home/reset"),
    staff("GET /menu/unread"),
    staff("GET /bulletins"),
    may("GET /bulletins/new", "case:review parameter:manage"),
    may("POST /bulletins/new", "case:review parameter:manage"),
    may(
        "POST /bulletins/{id}/withdraw",
        "case:review parameter:manage",
        "/bulletins/{bulletin}/withdraw",
        spent=True,
    ),
    staff("GET /home/{name}", "/home/calendar"),
    staff("GET /account"),
    staff("POST /account/bind-code"),
    staff("POST /account/unbind"),
    staff("POST /account/password"),
    staff("POST /account/sessions/others"),
    own("POST /account/sessions/{id}", "/account/sessions/{session}", last=1),
    staff("GET /account/settle"),
    staff("POST /account/settle"),
    staff("POST /account/settle/second"),
    staff("GET /account/second"),
    staff("POST /account/second/codes"),
    staff("POST /account/second/off"),
    staff("GET /pick/people", "/pick/people?q=测试&name=staff_id"),
    staff("POST /views"),
    own("POST /views/{id}/forget", "/views/{view}/forget", last=1),
    staff("POST /account/settle/second/begin"),
    staff("GET /account/certificates/new"),
    staff("POST /account/certificates"),
    staff("POST /account/certificates/state"),
    own("POST /account/certificates/{id}/unbind", "/account/certificates/{certificate}/unbind", last=1),
    # settings
    may("GET /settings/staff", "account:manage"),
    may("POST /settings/staff", "account:manage"),
    may("GET /settings/staff/new", "account:manage"),
    may("GET /settings/staff/import", "account:manage"),
    may("POST /settings/staff/import", "account:manage"),
    may("GET /settings/staff/import/template", "account:manage"),
    may("POST /settings/staff/import/preview", "account:manage"),
    may("POST /settings/staff/import/faulty", "account:manage"),
    may("GET /settings/staff/contacts", "account:manage"),
    may("POST /settings/staff/contacts", "account:manage"),
    nothing("GET /settings/staff/contacts/{job}", "account:manage", "/settings/staff/contacts/0"),
    nothing(
        "GET /settings/staff/contacts/{job}/progress", "account:manage", "/settings/staff/contacts/0/progress"
    ),
    nothing("POST /settings/staff/contacts/{job}", "account:manage", "/settings/staff/contacts/0"),
    may("GET /settings/matrix", "account:manage audit:read"),
    may("GET /settings/matrix/sheet", "account:manage audit:read"),
    keeps("GET /settings/staff/{id}", "/settings/staff/{somebody}"),
    keeps("GET /settings/staff/{id}/certificates", "/settings/staff/{somebody}/certificates", outside=403),
    nothing(
        "POST /settings/staff/{id}/certificates/{certificate}/unbind",
        "account:manage",
        "/settings/staff/{somebody}/certificates/0/unbind",
    ),
    keeps("GET /settings/staff/{id}/edit", "/settings/staff/{somebody}/edit"),
    keeps("POST /settings/staff/{id}/edit", "/settings/staff/{somebody}/edit"),
    keeps("GET /settings/staff/{id}/posts", "/settings/staff/{somebody}/posts"),
    keeps("POST /settings/staff/{id}/posts", "/settings/staff/{somebody}/posts"),
    keeps(
        "POST /settings/staff/{id}/posts/{post}/take",
        "/settings/staff/{somebody}/posts/{post}/take",
        spent=True,
        last=1,
    ),
    keeps(
        "POST /settings/staff/{id}/planned/{post}/drop",
        "/settings/staff/{somebody}/planned/{planned}/drop",
        spent=True,
        last=1,
    ),
    keeps("GET /settings/staff/{id}/{way}", "/settings/staff/{somebody}/shut"),
    keeps("POST /settings/staff/{id}/{way}", "/settings/staff/{somebody}/shut", last=1),
    keeps("POST /settings/staff/{id}/password", "/settings/staff/{somebody}/password"),
    keeps("POST /settings/staff/{id}/bind-code", "/settings/staff/{somebody}/bind-code"),
    keeps("POST /settings/staff/{id}/{act}", "/settings/staff/{somebody}/unlock"),
    keeps("GET /settings/staff/{id}/hand-over", "/settings/staff/{somebody}/hand-over"),
    keeps("POST /settings/staff/{id}/hand-over", "/settings/staff/{somebody}/hand-over"),
    staff("GET /settings/holidays"),
    may("GET /settings/holidays/day/{day}", "calendar:manage", "/settings/holidays/day/2026-10-01"),
    may("POST /settings/holidays/day/{day}", "calendar:manage", "/settings/holidays/day/2026-10-01"),
    may("GET /settings/holidays/import", "calendar:manage"),
    may("POST /settings/holidays/preview", "calendar:manage"),
    may("POST /settings/holidays/import", "calendar:manage"),
    staff("GET /settings/holidays/moved"),
    staff("GET /settings/holidays/moved/{recount}", "/settings/holidays/moved/{recount}"),
    may("GET /settings/parameters", "parameter:manage"),
    may("GET /settings/parameters/{name}", "parameter:manage", "/settings/parameters/login.lock_minutes"),
    may("POST /settings/parameters/{name}", "parameter:manage", "/settings/parameters/login.lock_minutes"),
    may("GET /settings/deadlines", "parameter:manage"),
    may(
        "GET /settings/deadlines/{source}/{type}/{kind}",
        "parameter:manage",
        "/settings/deadlines/hotline/投诉/upstream",
    ),
    may(
        "POST /settings/deadlines/{source}/{type}/{kind}",
        "parameter:manage",
        "/settings/deadlines/hotline/投诉/upstream",
    ),
    may(
        "GET /settings/deadlines/try",
        "parameter:manage",
        "/settings/deadlines/try?source=hotline&appeal_type=投诉&received_at=2026-03-02T09:00",
    ),
    may("GET /settings/word", "template:manage"),
    may("GET /settings/word/{kind}/variables", "template:manage", "/settings/word/event_report/variables"),
    may("GET /settings/word/{kind}/upload", "template:manage", "/settings/word/event_report/upload"),
    may("POST /settings/word/{kind}/upload", "template:manage", "/settings/word/event_report/upload"),
    may("POST /settings/word/{id}/activate", "template:manage", "/settings/word/{template}/activate"),
    may("GET /settings/word/{id}/file", "template:manage", "/settings/word/{template}/file"),
    may("GET /settings/word/{id}/try", "template:manage", "/settings/word/{template}/try"),
    may("GET /settings/categories", "form:manage"),
    may("GET /settings/categories/edit", "form:manage"),
    may("POST /settings/categories/edit", "form:manage"),
    may("POST /settings/categories/{id}/{on}", "form:manage", "/settings/categories/{category}/on"),
    may("GET /settings/dictionaries", "form:manage"),
    may("GET /settings/dictionaries/{name}", "form:manage", "/settings/dictionaries/feedback.tag"),
    may("POST /settings/dictionaries/{name}/add", "form:manage", "/settings/dictionaries/feedback.tag/add"),
    may(
        "GET /settings/dictionaries/{name}/{id}",
        "form:manage",
        "/settings/dictionaries/feedback.channel/{word}",
    ),
    may(
        "POST /settings/dictionaries/{name}/{id}",
        "form:manage",
        "/settings/dictionaries/feedback.channel/{word}",
    ),
    may(
        "POST /settings/dictionaries/{name}/{id}/{act}",
        "form:manage",
        "/settings/dictionaries/feedback.channel/{word}/up",
    ),
    may("GET /settings/schedules", "machine:operate"),
    may("GET /settings/schedules/{name}", "machine:operate", "/settings/schedules/audit.seal"),
    may("POST /settings/schedules/{name}/{act}", "machine:operate", "/settings/schedules/audit.seal/run"),
    may("GET /settings/forms", "form:manage"),
    may("POST /settings/forms", "form:manage"),
    may("GET /settings/forms/{id}", "form:manage", "/settings/forms/{form}"),
    may("GET /settings/forms/{id}/export", "form:manage", "/settings/forms/{form}/export"),
    may("POST /settings/forms/{id}/copy", "form:manage", "/settings/forms/{form}/copy"),
    may("POST /settings/forms/{id}/preview", "form:manage", "/settings/forms/{form}/preview"),
    may("POST /settings/forms/{id}/save", "form:manage", "/settings/forms/{form}/save"),
    may("POST /settings/forms/{id}/publish", "form:manage", "/settings/forms/{form}/publish"),
    may("POST /settings/forms/{id}/disable", "form:manage", "/settings/forms/{form}/disable"),
    may("GET /settings/forms/versions/{version}", "form:manage", "/settings/forms/versions/{version}"),
    may(
        "GET /settings/forms/versions/{version}/export",
        "form:manage",
        "/settings/forms/versions/{version}/export",
    ),
    may(
        "POST /settings/forms/versions/{version}/enforce",
        "form:manage",
        "/settings/forms/versions/{version}/enforce",
    ),
    may("GET /settings/units", "staff:manage"),
    may("GET /settings/units/codes", "staff:manage"),
    may("GET /settings/units/codes/sheet", "staff:manage"),
    may("POST /settings/units/codes/preview", "staff:manage"),
    may("POST /settings/units/codes/import", "staff:manage"),
    may("POST /settings/units/codes/faulty", "staff:manage"),
    may("GET /settings/units/unknown", "staff:manage"),
    may("POST /settings/units/unknown", "staff:manage"),
    nothing("POST /settings/units/unknown/{how}", "staff:manage", "/settings/units/unknown/ignore"),
    reach("GET /settings/units/{id}", "/settings/units/4", LOOKING),
    reach("GET /settings/units/{id}/new", "/settings/units/4/new", "staff:manage"),
    reach("POST /settings/units/{id}/new", "/settings/units/4/new", "staff:manage"),
    reach("GET /settings/units/{id}/{verb}", "/settings/units/4/rename", "staff:manage"),
    reach("POST /settings/units/{id}/{verb}", "/settings/units/4/rename", "staff:manage"),
    reach("GET /settings/units/{id}/names", "/settings/units/4/names", "staff:manage"),
    reach("POST /settings/units/{id}/names", "/settings/units/4/names", "staff:manage"),
    nothing("POST /settings/units/{id}/names/{name}/{how}", "staff:manage", "/settings/units/4/names/0/end"),
    reach("GET /settings/units/{id}/duty/{day}", "/settings/units/4/duty/2099-01-05", PLANNING),
    reach("POST /settings/units/{id}/duty/{day}", "/settings/units/4/duty/2099-01-05", PLANNING),
    reach("POST /settings/units/{id}/duty/copy", "/settings/units/4/duty/copy", PLANNING),
    # the machine, and who watches
    may("GET /operate/feeds", "machine:operate"),
    may("GET /operate/feeds/new", "machine:operate"),
    may("POST /operate/feeds/new", "machine:operate"),
    may("GET /operate/feeds/try", "machine:operate"),
    nothing("POST /operate/feeds/try", "machine:operate", "/operate/feeds/try"),
    nothing("GET /operate/feeds/{id}", "machine:operate", "/operate/feeds/0"),
    nothing("GET /operate/feeds/{id}/edit", "machine:operate", "/operate/feeds/0/edit"),
    nothing("POST /operate/feeds/{id}/edit", "machine:operate", "/operate/feeds/0/edit"),
    nothing("POST /operate/feeds/{id}/replay", "machine:operate", "/operate/feeds/0/replay"),
    nothing("GET /operate/feeds/{id}/messages/{message}", "machine:operate", "/operate/feeds/0/messages/1"),
    nothing(
        "POST /operate/feeds/{id}/messages/{message}/{what}",
        "machine:operate",
        "/operate/feeds/0/messages/1/replay",
    ),
    may("GET /operate", "machine:operate"),
    may("GET /operate/auditor", "machine:operate"),
    may("GET /settings/security", "account:manage audit:read"),
    may("GET /operate/{queue}/{state}/{number}", "machine:operate", "/operate/job/parked/{job}"),
    may(
        "POST /operate/{queue}/{state}/{number}/{act}",
        "machine:operate",
        "/operate/job/parked/{job}/drop",
        spent=True,
    ),
    may("GET /audit", "audit:read"),
    may("POST /audit/verify", "audit:read"),
    may("GET /audit/sheet", "audit:read"),
    may("GET /audit/archives", "audit:read"),
    may("GET /audit/checks/{id}", "audit:read", "/audit/checks/{check}"),
    may("POST /audit/archives/{month}/{act}", "audit:read", "/audit/archives/2024-03/prove"),
    # statistics
    may("GET /statistics", "report:read"),
    may("GET /statistics/cases", "report:read", "/statistics/cases?of=case.received"),
    may("GET /statistics/sheet", "report:read"),
    may("GET /statistics/reports", "report:read"),
    may("GET /statistics/reports/new", "report:read"),
    may("POST /statistics/reports/new", "report:read"),
    own("GET /statistics/reports/{id}", "/statistics/reports/{figures}", "report:read"),
    own("GET /statistics/reports/{id}/file", "/statistics/reports/{figures}/file", "report:read"),
    # cases
    may("GET /cases", READ, "/cases?all=1"),
    may("GET /cases/count", READ),
    may("GET /cases/filters", READ),
    own("POST /cases/views/{id}/opens", "/cases/views/{view}/opens", READ),
    may("GET /cases/exports/whole", "export:whole"),
    may("POST /cases/exports/whole", "export:whole"),
    may("GET /cases/exports/waiting", "export:approve"),
    may("POST /cases/exports/{id}/decide", "export:approve", "/cases/exports/{export}/decide"),
    may("GET /exports", "audit:read"),
    may("GET /exports/sheet", "audit:read"),
    may("GET /cases/exports", "case:export"),
    may("POST /cases/exports", "case:export"),
    own("GET /cases/exports/{id}", "/cases/exports/{export}", "case:export"),
    own("GET /cases/exports/{id}/progress", "/cases/exports/{export}/progress", "case:export"),
    own("GET /cases/exports/{id}/file", "/cases/exports/{export}/file", "case:export"),
    may("GET /cases/new", "case:register"),
    may("POST /cases/new", "case:register"),
    reach("GET /cases/{id}", "/cases/{case}"),
    reach("GET /cases/{id}/parts", "/cases/{case}/parts"),
    reach("GET /tickets/{id}", "/tickets/{ticket}"),
    reach("GET /tickets/{id}/chat", "/tickets/{ticket}/chat", "ticket:read"),
    reach("POST /tickets/{id}/join", "/tickets/{ticket}/join", "ticket:read", then=WORK, last=1),
    reach("GET /cases/{id}/files/{file}", "/cases/{case}/files/{file}"),
    may("GET /{kind}/{id}/attach", MATERIAL, "/tickets/{ticket}/attach"),  # a form that tells nothing
    reach("POST /{kind}/{id}/attach", "/tickets/{ticket}/attach", MATERIAL),
    may(
        "GET /cases/{id}/{what}", "patient:reveal case:handle", "/cases/{case}/reveal"
    ),  # asks for the reason
    reach("POST /cases/{id}/{what}", "/cases/{case}/reveal", "patient:reveal case:handle"),
    reach("GET /cases/{id}/visits", "/cases/{case}/visits", "case:handle"),
    reach("POST /cases/{id}/visits/{visit}/{how}", "/cases/{case}/visits/{visit}/confirm", "case:handle"),
    reach("POST /cases/{id}/preview", "/cases/{case}/preview", "case:handle"),
    reach("GET /cases/{id}/report", "/cases/{case}/report", "case:handle case:review"),
    reach("POST /cases/{id}/report", "/cases/{case}/report", "case:handle case:review"),
    reach("GET /reports/{id}", "/reports/{report}"),
    reach("GET /reports/{id}/file", "/reports/{report}/file"),
    verbs("GET /{kind}/{id}/do/{verb}"),
    verbs("POST /{kind}/{id}/do/{verb}"),
    reach("GET /cases/{id}/do/classify", "/cases/{feedback}/do/classify", closed=404, then="case:handle"),
    reach("POST /cases/{id}/do/classify", "/cases/{feedback}/do/classify", closed=404, then="case:handle"),
    reach("GET /cases/{id}/do/flag_risk", "/cases/{feedback}/do/flag_risk", closed=404, then=JUDGE),
    reach(
        "POST /cases/{id}/do/flag_risk",
        "/cases/{feedback}/do/flag_risk",
        closed=404,
        then=JUDGE,
        body="risks=媒体",
    ),
    reach(
        "GET /cases/{id}/feedback/files/{file}",
        "/cases/{feedback}/feedback/files/{note}",
        closed=404,
        then=INSIDE,
    ),
    # one matter
    reach("GET /matters/{id}", "/matters/{matter}"),
    reach(
        "POST /matters/{id}/steps/{step}/undo",
        "/matters/{matter}/steps/{step}/undo",
        "case:handle",
        last=1,
        spent=True,
    ),
    reach("GET /cases/{id}/matter/find", "/cases/{case}/matter/find", "case:handle"),
    reach("POST /cases/{id}/matter/{other}/{how}", "/cases/{case}/matter/{feedback}/reject", "case:handle"),
    reach("POST /cases/{id}/matter/look", "/cases/{case}/matter/look", "case:handle"),
    # petitions, feedback, imports
    may("GET /petitions/new", "case:register"),
    may("POST /petitions/new", "case:register"),
    reach("GET /petitions/{id}/file", "/petitions/{petition}/file", "case:read", then=INSIDE),
    may("GET /feedback/new", "case:register case:first"),
    may("POST /feedback/new", "case:register case:first"),
    may("GET /feedback/known", "case:register case:first"),
    may("GET /feedback/mine", "case:register case:first"),
    may("GET /feedback/questions", "case:register case:first", "/feedback/questions?kind=投诉"),
    may("GET /praise", READ),
    may("GET /imports", "case:import"),
    may("POST /imports", "case:import"),
    may("GET /imports/{id}", "case:import", "/imports/{import}"),
    may("GET /imports/{id}/progress", "case:import", "/imports/{import}/progress"),
    may("POST /imports/{id}/columns", "case:import", "/imports/{import}/columns"),
    may("POST /imports/{id}/confirm", "case:import", "/imports/{import}/confirm"),
    may("GET /imports/{id}/faulty", "case:import", "/imports/{import}/faulty"),
    # patients
    may("GET /patients", "patient:read", "/patients?q=测试丁"),
    reach("GET /patients/{id}", "/patients/{patient}", "patient:read"),
    may("GET /patients/{id}/reveal", "patient:reveal", "/patients/{patient}/reveal"),  # asks for the reason
    reach("GET /patients/{id}/consent", "/patients/{patient}/consent", "patient:read"),
    may(
        "GET /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"
    ),  # an empty form
    may("POST /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"),  # faulty
    may("GET /settings/consent", "parameter:manage"),
    may("GET /settings/consent/{purpose}", "parameter:manage", "/settings/consent/survey"),
    may("POST /settings/consent/{purpose}", "parameter:manage", "/settings/consent/survey"),
    reach("GET /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach("POST /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach(
        "GET /cases/{id}/privacy/packages/{package}",
        "/cases/{feedback}/privacy/packages/{package}",
        "privacy:handle",
    ),
    reach("POST /patients/{id}/reveal", "/patients/{patient}/reveal", "patient:reveal"),
    may("GET /patients/pairs", "patient:maintain"),
    nothing("POST /patients/pairs/{a}/{b}/{what}", "patient:maintain", "/patients/pairs/0/0/same"),
    may("GET /patients/{id}/{what}", "patient:maintain", "/patients/{patient}/flag"),
    reach("POST /patients/{id}/{what}", "/patients/{patient}/flag", "patient:maintain", body="flag=dispute"),
    nothing(
        "POST /patients/{id}/uncorrect/{field}", "patient:maintain", "/patients/{patient}/uncorrect/none"
    ),
    nothing(
        "POST /patients/{id}/contacts/{contact}/{mark}",
        "patient:maintain",
        "/patients/{patient}/contacts/0/wrong",
    ),
    nothing("GET /patients/{id}/unflag/{flag}", "patient:maintain", "/patients/{patient}/unflag/none"),
    nothing("POST /patients/{id}/unflag/{flag}", "patient:maintain", "/patients/{patient}/unflag/none"),
    may("GET /patients/{id}/unmerge/{merge}", "patient:maintain", "/patients/{patient}/unmerge/0"),
    nothing("POST /patients/{id}/unmerge/{merge}", "patient:maintain", "/patients/{patient}/unmerge/0"),
    # group chat
    staff("GET /chat"),
    room("GET /chat/rooms/{room}/pane", "/chat/rooms/{room}/pane"),
    room("POST /chat/rooms/{room}/messages/{seq}/evidence", "/chat/rooms/{room}/messages/{seq}/evidence"),
    staff("GET /chat/rooms"),
    room("GET /chat/rooms/{room}/messages", "/chat/rooms/{room}/messages"),
    staff("GET /chat/search", "/chat/search?q=病历"),
    staff("GET /chat/people", "/chat/people?q=测试"),
    staff("GET /chat/units"),
    staff("POST /chat/groups"),
    room("GET /chat/rooms/{room}/export", "/chat/rooms/{room}/export", then="chat:moderate"),
    room("POST /chat/rooms/{room}/files", "/chat/rooms/{room}/files"),
    room("GET /chat/rooms/{room}/files/{file}", "/chat/rooms/{room}/files/{said}"),
    # Socket.IO asks for the session's cookie in its own words (tests/im/test_server.py)
    anyone("GET /socket.io/", status=400),
    anyone("POST /socket.io/", status=400),
    anyone("OPTIONS /socket.io/", status=400),
    # for programs of signed-in staff
    anyone("GET /api/v1/openapi.json"),
    staff("GET /api/v1/cases"),
    staff("GET /api/v1/tickets"),
    reach("GET /api/v1/cases/{id}", "/api/v1/cases/{case}", closed=404),
    reach("GET /api/v1/tickets/{id}", "/api/v1/tickets/{ticket}", closed=404),
    verbs("POST /api/v1/cases/{id}/{verb}"),
    verbs("POST /api/v1/tickets/{id}/{verb}"),
    # for machines
    machine("POST /api/v1/hotline/orders"),
    machine("POST /api/v1/hotline/callbacks"),
    machine("POST /api/v1/sms/receipts"),
    machine("POST /api/v1/sms/replies"),
    machine("POST /api/v1/feedback"),
    machine("GET /wechat/callback"),
    machine("POST /wechat/callback", status=422),
    machine("GET /wecom/callback", status=400),
    machine("POST /wecom/callback", status=400),
    # for the person who gave feedback: the code and the end of the phone number are the key
    anyone("GET /api/v1/feedback/forms/{kind}", "/api/v1/feedback/forms/投诉"),
    anyone("GET /api/v1/feedback/{code}", "/api/v1/feedback/{code}?tail=9999", status=404),
    anyone("POST /api/v1/feedback/{code}/rating", "/api/v1/feedback/{code}/rating", status=422),
)
