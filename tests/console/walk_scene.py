"""What the walk looks at: one of each thing, all of them cardiology's, or made by the centre's own person."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from aiohttp.test_utils import BaseTestServer
from PIL import Image

from core import clock, crypto, db, jobs, storage
from core.actor import Actor, Door
from core.db import transaction
from im import actions as im
from im.drafts import Draft
from staff import sessions
from surveys.bank import actions as bank
from surveys.definition import Definition
from surveys.questionnaires import actions as questionnaires
from surveys.questionnaires.kinds import Kind as AskedKind
from surveys.questionnaires.rows import insert_version, put_in_force
from surveys.responses import attached, calling, entrances
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission, submit
from tests.bot.pictures import picture
from tests.console.browser import Browser, open_browser
from tests.console.desk import PLATFORM, settle
from tests.console.walk_people import HERE, IDLE, Person, settle_in
from tests.tickets.conftest import order
from tests.tickets.petition import letter
from tests.tickets.test_feedback import said
from tests.tickets.test_road import do
from tickets import linking, material, reporting
from tickets.feedback.registering import register as take_feedback
from tickets.forms import actions as form_actions
from tickets.forms.kinds import FormKind
from tickets.models import Case, Ticket
from tickets.petitions.registering import register as take_petition
from tickets.receiving import receive
from tickets.reporting import ReportForm
from tickets.word.variables import Kind

OWNER = "centre_staff"
FORM = {"title": "测试表单", "pages": [{"items": [{"kind": "blank", "code": "a", "title": "要表扬谁"}]}]}
ASKED = {
    "title": "测试问卷",
    "pages": [
        {
            "items": [
                {"kind": "blank", "code": "a", "title": "要表扬谁"},
                {"kind": "file", "code": "photo", "title": "照片"},
                {"kind": "phone", "code": "tel", "title": "电话"},
            ]
        }
    ],
}


@dataclass
class Scene:
    """The running application, who walks, and what there is to be seen, by the names of walk_table.py."""

    server: BaseTestServer
    people: Mapping[str, Person]
    at: dict[str, object]
    inside: frozenset[int]
    browsers: dict[str, Browser]

    async def enter(self, key: str) -> Browser:
        """The browser of this person; "" is that of nobody."""
        if key not in self.browsers:
            browser = self.browsers[key] = open_browser(self.server)
            if key:
                token = await sessions.begin(self.people[key].id, address="127.0.0.1", agent="walk")
                browser.session.cookie_jar.update_cookies({sessions.COOKIE: token})
                browser.csrf = await db.fetchval(
                    "select csrf from session where staff_id = $1 order by created_at desc limit 1",
                    self.people[key].id,
                )
        return self.browsers[key]

    async def leave(self) -> None:
        """Close all browsers."""
        for browser in self.browsers.values():
            await browser.session.close()


def png() -> bytes:
    """A small picture."""
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "#0a9396").save(target, "PNG")
    return target.getvalue()


async def build(server: BaseTestServer) -> Scene:
    """Everything, through the verbs that make it where there are any."""
    people = await settle_in()
    centre, liaison = await people[OWNER].actor(), await people["liaison"].actor(Door.CHAT)
    received = await receive(order("GZ-1"), by=PLATFORM)
    told = await take_feedback(said(), by=centre)
    await settle()
    case = await Case.get(id=received.case_id)
    ticket = await Ticket.get(case_id=case.id)
    feedback = await Case.get(id=told.case_id)
    petition, _ = await take_petition(letter(), "walk", by=centre)
    await do("case.take_up", petition.id, centre)
    await do("case.assign", petition.id, centre, units=["心血管内科"])
    await do("case.join", case.id, centre, other=feedback.number)
    await material.add_evidence(ticket.id, "证据.png", png(), by=liaison)
    note = await storage.keep("沟通记录.png", png(), by="测试", checked=True)
    await do("case.note_handling", feedback.id, centre, content="已电话沟通", files=[str(note.id)])
    await settle()
    patient, visit = await _visited()
    await linking.link(case.id, visit, by=centre)
    report = await reporting.make(
        case.id, ReportForm(kind=Kind.HANDLING_FORM, tickets=(ticket.id,)), by=centre
    )
    room = (await Ticket.get(id=ticket.id)).room_id
    assert room is not None
    brought = await im.bring_file(room, "病历.png", png(), by=liaison)
    message = await im.post(room, Draft(client_id=uuid4(), file_id=brought.id), by=liaison)
    scene = Scene(
        server=server,
        people=people,
        at={
            "case": case.id,
            "told": await unreached(case.id),
            "ticket": ticket.id,
            "feedback": feedback.id,
            "petition": petition.id,
            "patient": patient,
            "visit": visit,
            "report": report,
            "room": room,
            "seq": message.seq,
            "said": brought.id,
            "note": note.id,
            "file": await db.fetchval("select file_id from attachment where ticket_id = $1", ticket.id),
            "matter": await db.fetchval("select matter_id from cases where id = $1", case.id),
            "step": await db.fetchval("select max(id) from matter_step"),
            "code": await db.fetchval("select query_code from feedback where case_id = $1", feedback.id),
        },
        inside=frozenset(
            row["staff_id"]
            for row in await db.fetch(
                "select staff_id from room_member where room_id = $1 and staff_id is not null and left_at is null",
                room,
            )
        ),
        browsers={},
    )
    await _settings(scene, note.id)
    await _surveys(scene, note.id)
    await _about_data(scene, note.id)
    await _agreed(scene, note.id)
    await _accounts(scene)
    await _owned(scene)
    return scene


async def _visited() -> tuple[int, int]:
    patient: int = await db.fetchval(
        "insert into patient (number, name, phone, phone_hash) values ('P7', '测试丁', $1, $2) returning id",
        crypto.key_ring().encrypt("13800000077", "patient.phone"),
        crypto.search_hash("13800000077"),
    )
    visit: int = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on)"
        " values ($1, 'outpatient', 'MZ7', $2, '2026-03-01', '2026-03-01') returning id",
        patient,
        HERE,
    )
    return patient, visit


async def _settings(scene: Scene, file: UUID) -> None:
    """Things of the whole house."""
    for name, sql in {
        "template": "select min(id) from word_template",
        "category": "select min(id) from feedback_category",
        "word": "select min(id) from dictionary_word where dictionary = 'feedback.channel'",
        "bulletin": "insert into bulletin (title, body, from_at, until_at, written_by, written_at)"
        " values ('停电通知', '周六停电', now(), now() + interval '7 days', '测试', now()) returning id",
        "job": "insert into job (kind, payload, state, error) values ('hotline.result', '{}', 'parked', '签名') returning id",
        "check": "insert into audit_check (what, asked_by, started_at) values ('chain', '测试', now()) returning id",
        "archive": "insert into audit_archive (month, lines, ids, first_at, last_at, first_seal, last_seal, bytes,"
        " manifest, archived_by) values ('2024-03-01', 1, '{[1,2)}', '2024-03-01', '2024-03-02', 1, 1, 1, 'none', '测试')"
        " returning id",
        "recount": "insert into recount (job_id, started_at, ended_at) values (999, now(), now()) returning id",
    }.items():
        scene.at[name] = await db.fetchval(sql)
    keeper = await scene.people["administrator"].actor()
    made = await form_actions.create(FormKind.PRAISE, Definition.model_validate(FORM), by=keeper)
    version = await form_actions.publish(made.id, revision=made.revision, by=keeper)
    scene.at["form"], scene.at["version"] = made.id, version.id
    scene.at["import"] = await db.fetchval(
        "insert into import_file (sender, name, file_id, faulty_file_id, state, created_by, created_at) values"
        " ('测试', '测试.xlsx', $1, $1, 'done', '测试', $2) returning id",
        file,
        clock.now(),
    )


async def _surveys(scene: Scene, file: UUID) -> None:
    """A questionnaire of cardiology with a version, a comment, a question in the bank and a picture."""
    designer = await scene.people["designer"].actor()
    definition = Definition.model_validate(ASKED)
    made = await questionnaires.create(AskedKind.GENERAL, definition, unit_id=HERE, by=designer)
    scene.at["asking"] = made.id
    scene.at["comment"] = await questionnaires.comment(made.id, "", "请补充说明", by=designer)
    async with transaction():
        version_id = await insert_version(made.id, definition, designer)
        await put_in_force(made.id, version_id)
    scene.at["asked_version"] = version_id
    await _responses(scene, made.id, designer)
    scene.at["bank_item"] = (await bank.save(definition.questions[0], group="通用", by=designer)).code
    scene.at["picture"] = await db.fetchval(
        "insert into survey_picture (file_id, name, added_by, added_at) values ($1, '图.png', '测试', now())"
        " returning id",
        file,
    )


async def _responses(scene: Scene, asking: int, designer: Actor) -> None:
    """A door, a response to it, one on the telephone of the centre's own person."""
    door = await entrances.create(asking, Channel.QR, "测试诊室", unit_id=HERE, by=designer)
    scene.at["door"], scene.at["door_code"] = door.id, door.code
    opening = Opening(uuid4(), asking, Channel.QR, entrance=door)
    kept = await attached.keep(opening.id, "照片.png", picture())
    given: dict[str, dict[str, object]] = {
        "a": {"t": "测试"},
        "photo": {"f": [str(kept)]},
        "tel": {"t": "13800000002"},
    }
    await submit(Submission(opening.id, PLATFORM, given, opening=opening))
    scene.at["response"], scene.at["response_file"] = opening.id, kept
    owner = await scene.people[OWNER].actor()
    visit = int(str(scene.at["visit"]))
    scene.at["interview"] = (await calling.begin(visit, asking, by=owner)).id


async def _about_data(scene: Scene, file: UUID) -> None:
    """A request of the patient about their data, with the package that was made for it."""
    case_id = scene.at["feedback"]
    await db.execute(
        "insert into privacy_request (case_id, patient_id, rights, asker, identity_way, identity_note, checked_name,"
        " checked_at) values ($1, $2, '{copy}', '本人', '当面核对身份证件', '核对原件', '测试', $3)",
        case_id,
        scene.at["patient"],
        clock.now(),
    )
    scene.at["package"] = await db.fetchval(
        "insert into privacy_package (case_id, state, file_id, asked_name, asked_at, expires_at)"
        " values ($1, 'done', $2, '测试', $3, $3::timestamptz + interval '7 days') returning id",
        case_id,
        file,
        clock.now(),
    )


async def _agreed(scene: Scene, file: UUID) -> None:
    """A word of the patient about being reached, with the scan it rests on."""
    scene.at["agreed"] = await db.fetchval(
        "insert into consent (patient_id, purpose, channel, given, at, way, proof_file, recorded_by, recorded_at)"
        " values ($1, 'survey', 'sms', true, $2, '书面签字', $3, '测试', $2) returning id",
        scene.at["patient"],
        clock.now(),
        file,
    )


async def _accounts(scene: Scene) -> None:
    """Somebody in cardiology whose account is kept, with a post now and one to come."""
    somebody: int = await db.fetchval(
        "insert into staff (number, name) values ('kept', '测试待管') returning id"
    )
    scene.at["somebody"] = somebody
    scene.at["post"] = await db.fetchval(
        "insert into post (staff_id, unit_id, role) values ($1, $2, 'clinician') returning id", somebody, HERE
    )
    scene.at["planned"] = await db.fetchval(
        "insert into post_planned (staff_id, unit_id, role, from_on, given_by)"
        " values ($1, $2, 'liaison', '2099-01-01', '测试') returning id",
        somebody,
        HERE,
    )
    scene.at["term"] = await db.fetchval("select id from org_term where unit_id = $1", HERE)
    for name, role in (("asked", "vice_president"), ("returned", "supervisor")):
        scene.at[name] = await db.fetchval(
            "insert into post_asked (kind, staff_id, unit_id, role, asked_name, asked_at, expires_at)"
            " values ('give', $1, $2, $3, '测试', $4, $4::timestamptz + interval '7 days') returning id",
            somebody,
            HERE,
            role,
            clock.now(),
        )


async def _round(scene: Scene, staff_id: int, state: str = "open") -> int:
    """An anonymous round of cardiology, in which the owner alone may take part."""
    found: int = await db.fetchval(
        "insert into survey_round (questionnaire_id, version_id, kind, title, unit_id, opens_on, closes_on, threshold,"
        " created_by, created_at, state) values ($1, $2, 'staff', '职工调查', $3, '2020-01-01', '2099-01-01', 5, '测试',"
        " now(), $4) returning id",
        scene.at["asking"],
        scene.at["asked_version"],
        HERE,
        state,
    )
    await db.execute(
        "insert into survey_round_member (round_id, staff_id, unit_id) values ($1, $2, $3)",
        found,
        staff_id,
        HERE,
    )
    return found


async def unreached(case_id: int) -> int:
    """A message about a case that reached nobody."""
    found: int = await db.fetchval(
        "insert into message (key, purpose, lane, subject, receiver_kind, receiver_id, receiver_name, text, ladder, state,"
        " reason, not_before, created_at) values ($1, 'case.result', 'normal', $1, 'person', 1, '测试', '您反映的事项已办结',"
        " '{sms}', 'failed', '短信通道余额不足', now(), now()) returning id",
        f"case:{case_id}",
    )
    return found


async def _owned(scene: Scene) -> None:
    """Things of one person: a kept view, a sheet of cases, a report on figures, a session elsewhere."""
    owner = await scene.enter(OWNER)
    staff_id, other = scene.people[OWNER].id, scene.at["somebody"]
    assert isinstance(other, int)
    scene.at["view"] = await db.fetchval(
        "insert into saved_view (staff_id, page, name, query) values ($1, 'cases', '我的', 'all=1') returning id",
        staff_id,
    )
    asked = await owner.post("/cases/exports", {"query": ""})
    scene.at["export"] = asked.headers["Location"].rpartition("/")[2]
    for waiting in await db.fetch("select id from job where kind = 'cases.export' and state = 'due'"):
        await jobs.run_job(waiting["id"])
    asked = await owner.post("/patients/outpatient/sheet", {"query": ""})
    scene.at["patient_sheet"] = asked.headers["Location"].rpartition("/")[2]
    for waiting in await db.fetch("select id from job where kind = 'patients.export' and state = 'due'"):
        await jobs.run_job(waiting["id"])
    made = await owner.post("/statistics/reports/new", {"kind": "statistics_report"})
    scene.at["figures"] = made.headers["Location"].rpartition("/")[2]
    scene.at["survey_report"] = await db.fetchval(
        "insert into survey_report (questionnaire_id, number, period, scope, file_id, made_by, made_by_id, made_at)"
        " select $1, '1', '', '', file_id, '测试', $2, now() from statistics_report limit 1 returning id",
        scene.at["asking"],
        staff_id,
    )
    scene.at["round"] = await _round(scene, staff_id)
    scene.at["round_read"] = await _round(scene, staff_id, "closed")
    scene.at["certificate"] = await _certificate(staff_id)
    scene.at["their_certificate"] = await _certificate(other)
    scene.at["notice"] = await db.fetchval(
        "insert into account_notice (staff_id, kind, serious, at) values ($1, 'new_place', true, now()) returning id",
        staff_id,
    )
    scene.at["session"] = await _elsewhere(staff_id)
    scene.at["their_session"] = await _elsewhere(other)
    await db.execute("update session set seen_at = now() where staff_id = $1", scene.people[IDLE].id)


async def _certificate(staff_id: int) -> int:
    return await db.fetchval(  # type: ignore[no-any-return]
        "insert into staff_certificate (staff_id, fingerprint, algorithm, holder, issuer, serial, not_after, bound_at)"
        " values ($1, decode(md5(random()::text), 'hex'), 'rsa', '测试', '测试机构', '1', now() + interval '1 year', now()) returning id",
        staff_id,
    )


async def _elsewhere(staff_id: int) -> str:
    token = await sessions.begin(staff_id, address="127.0.0.1", agent="elsewhere")
    return next(line.id for line in await sessions.of_staff(staff_id, token) if line.here)
