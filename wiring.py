"""The table of contents of the running system: who reacts to what, which jobs exist; timetable.py: what is done by the clock.

Nothing else registers anything; `wire()` is called once by each process and by the tests.
"""

from functools import cache

from bot import (
    account_notices,
    alerts,
    audit_stalled,
    connection,
    groups,
    infected,
    posts_asked,
    proof,
    recounted,
    reminders,
    rooms,
    scheduled,
)
from bot import conversations as bot_conversations
from bot import exports as bot_exports
from bot import inbound as bot_inbound
from bot import jobs as bot_jobs
from bot import links as link_alarms
from bot import looks as look_alarms
from bot import privacy as bot_privacy
from bot import reactions as bot_reactions
from bot.files import FETCH
from bot.web import SOURCE as WECOM
from channels import card_updates, receipts
from channels import jobs as channel_jobs
from channels.events import MessageFailed
from console import audit_watch
from core import (
    audit_keeping,
    audit_web,
    dictionaries,
    due,
    events,
    everything_acts,
    inbound,
    jobs,
    quarantine,
    rotation,
    schedules,
    schedules_queries,
    schedules_running,
    storage,
    web,
)
from core.actor import Permission
from core.audit_stalling import AuditSealedAgain, AuditStalled
from core.looking import LooksSpent
from core.quarantine import FileFound
from core.rotation import Place
from core.schedules import ScheduleFailed, ScheduleRecovered
from core.settings import settings
from im import live, reach
from im.events import MembersChanged, MessagePosted, RoomChanged, RoomOpened
from intake import hotline, sms, wechat
from integrations import clamav, http
from patients import exporting as patient_sheets
from patients import profile, records_timeline
from patients.events import (
    DeathWithdrawn,
    PatientDied,
    PatientMerged,
    PatientParted,
    VisitCancelled,
    VisitClosed,
    VisitMoved,
    VisitOpened,
    VisitReopened,
)
from patients.feeds import pulling
from patients.feeds import unknown_units as lost_names
from patients.feeds import watching as feeds
from patients.feeds.events import LinkFellSilent, LinkSpokeAgain
from patients.guarding import GuardedOpened
from patients.profile import QuickAction
from reports import reactions as statistics
from staff import actions as staff_actions
from staff import confirming, contacts, guarded_posts, posts
from staff.events import (
    AccountHeld,
    AccountNoticed,
    CalendarChanged,
    PostAskDecided,
    PostAsked,
    PostsChanged,
    UnitNamed,
    UnitsMoved,
    WorkHandedOver,
)
from surveys import following as asks_following
from surveys.responses import timeline as response_timeline
from tickets import actions as ticket_actions
from tickets import (
    escalation,
    exporting,
    extending,
    following,
    handing_over,
    leaving_rooms,
    patient_timeline,
    reactions,
    reorganised,
    templating,
    unknown_units,
)
from tickets import jobs as ticket_jobs
from tickets.auditing import heartbeat
from tickets.auditing import queries as auditing
from tickets.clocks import STEP
from tickets.events import (
    AuditorAlarmed,
    CaseMoved,
    CaseReceived,
    CaseReturned,
    CaseUpdated,
    ClockStepped,
    DeadlineMoved,
    ExtensionRefused,
    LimitsRecounted,
    PrivacyDecided,
    PrivacyWaits,
    ProofMade,
    ReplyApproved,
    TicketAssigned,
    TicketMoved,
    WholeExportAsked,
    WholeExportDecided,
)
from tickets.feedback import rectifying
from tickets.feedback.events import PraisePassedOn, RectificationDue, RiskFlagged
from tickets.imports import actions as imports
from tickets.imports import reading, taking
from tickets.matters import reactions as matter_reactions
from tickets.matters.events import CaseMerged
from tickets.privacy import packing
from tickets.queries import rooms as rooms_reach
from timetable import SCHEDULES, audit_partitions

SEALED = (  # every encrypted column; tests/core/test_rotation.py compares this with the database
    Place("cases", "caller_phone"),
    Place("cases", "contact_phone"),
    Place("petitioner", "id_number"),
    Place("petitioner", "phone"),
    Place("petitioner", "address"),
    Place("case_form_answer", "private", "case_id"),
    Place("response", "private"),
    Place("response_edit", "private"),
    Place("survey_round_spool", "body"),
    Place("patient", "phone"),
    Place("patient", "id_number"),
    Place("patient", "address"),
    Place("patient_identifier", "value"),
    Place("patient_contact", "phone"),
    Place("patient_correction", "value"),
    Place("privacy_package", "password"),
    Place("privacy_correction", "before"),
    Place("privacy_correction", "after"),
    Place("record_fact", "body"),
    Place("feed_message", "body"),
    Place("feed_message_change", "before"),
    Place("feed_message_change", "after"),
    Place("feed_link", "secret", row="id::text"),
    Place("inbound", "body", row=inbound.ROW, sealed="sealed"),
    Place("inbound", "original", row=inbound.ROW),
    Place("staff", "phone"),
    Place("staff", "totp_secret", row="id::text"),
    Place("staff", "totp_pending", row="id::text"),
    Place("account_notice", "contact"),
    Place("message", "phone"),
    Place("message", "openid"),
    Place("card_copy", "response_code"),
    Place("integration_token", "value", "name", row="name"),
    Place("ca_challenge", "answer"),
    Place("portal_account", "phone"),
    Place("portal_code", "phone", "token_hash"),
    Place("terminal", "bridge_key", row="id::text"),
)
DECLARED = (ticket_actions,)  # importing a package's actions puts them into core.actions.REGISTER


@cache
def wire() -> None:
    """Register everything."""
    _wire_core()
    events.react(CaseReceived, reactions.index)
    events.react(CaseUpdated, reactions.index)
    events.react(CaseReceived, reactions.propose_visits)
    events.react(CaseUpdated, reactions.propose_visits)
    events.react(TicketAssigned, reactions.open_room)
    events.react(TicketMoved, reactions.tell_room)
    events.react(CaseReceived, matter_reactions.propose)
    events.react(CaseUpdated, matter_reactions.propose)
    events.react(CaseUpdated, matter_reactions.follow_update)
    events.react(DeadlineMoved, matter_reactions.follow_limit)
    events.react(LimitsRecounted, matter_reactions.follow_recount)
    events.react(CaseMerged, matter_reactions.tell_rooms)
    events.react(ReplyApproved, reactions.tell_person)
    events.react(ReplyApproved, reactions.report_result)
    events.react(CaseReturned, reactions.report_return)
    events.react(CalendarChanged, reactions.recount)
    events.react(WorkHandedOver, handing_over.take_over)
    events.react(UnitsMoved, reorganised.moved)
    events.react(UnitNamed, unknown_units.go_on)
    _wire_reach()
    for happened in (CaseReceived, CaseUpdated, CaseMoved, TicketMoved):
        events.react(happened, statistics.touch)
    events.react(TicketAssigned, statistics.touch_ticket)
    events.react(DeadlineMoved, statistics.touch_clock)
    events.react(LimitsRecounted, statistics.touch_recounted)
    events.react(CaseMerged, statistics.touch_merged)

    due.on_due(STEP, escalation.step)

    due.on_due("message.receipt", channel_jobs.receipt_due)
    jobs.on_job("message.deliver", channel_jobs.deliver)
    jobs.on_job("message.update_card", card_updates.update_card)
    jobs.on_job("hotline.result", ticket_jobs.report_result)
    jobs.on_job("hotline.return", ticket_jobs.report_return)
    jobs.on_job(extending.KIND, ticket_jobs.ask_extension)
    due.on_due(rectifying.REMIND, rectifying.remind)
    jobs.on_job("clocks.recount", ticket_jobs.recount_clocks)
    jobs.on_job(heartbeat.PING, heartbeat.ping)
    web.GAUGES.append(auditing.gauge)
    jobs.on_job(exporting.KIND, exporting.write)
    jobs.on_job(patient_sheets.KIND, patient_sheets.write)
    jobs.on_job(packing.KIND, packing.pack)

    jobs.on_job(imports.READ, reading.read)
    jobs.on_job(imports.TAKE, taking.take)

    inbound.on_inbound(hotline.ORDER, hotline.take_repaired_order)
    inbound.on_inbound(hotline.CALLBACK, hotline.take_repaired_call_back)
    inbound.on_inbound(sms.RECEIPTS, receipts.take_sms_receipts)
    inbound.on_inbound(sms.REPLIES, sms.take_replies)
    inbound.on_inbound(wechat.SOURCE, wechat.take_message)

    _wire_patients()
    _wire_bot()


def _wire_reach() -> None:
    jobs.on_job(reorganised.FOLLOW, reorganised.follow)
    reach.declare(rooms_reach.BEGINNING, rooms_reach.reaching)
    events.react(PostsChanged, leaving_rooms.posts_changed)
    events.react(TicketAssigned, leaving_rooms.ticket_assigned)
    for parted in (CaseMoved, CaseUpdated, TicketMoved):
        events.react(parted, leaving_rooms.case_moved)


def _wire_patients() -> None:
    events.react(VisitMoved, following.visit_moved)
    events.react(VisitCancelled, following.visit_cancelled)
    events.react(VisitOpened, following.visit_opened)
    events.react(VisitReopened, following.visit_reopened)
    events.react(VisitClosed, following.visit_closed)
    events.react(PatientMerged, following.patient_merged)
    events.react(PatientParted, following.patient_parted)
    events.react(UnitNamed, lost_names.go_on)
    events.react(PatientDied, following.patient_died)
    events.react(DeathWithdrawn, following.death_withdrawn)
    events.react(PatientDied, asks_following.patient_died)
    events.react(DeathWithdrawn, asks_following.death_withdrawn)
    events.react(PatientMerged, asks_following.patient_merged)
    events.react(PatientParted, asks_following.patient_parted)
    events.react(VisitMoved, asks_following.visit_moved)
    events.react(VisitCancelled, asks_following.visit_cancelled)
    events.react(VisitOpened, asks_following.visit_opened)
    events.react(VisitReopened, asks_following.visit_reopened)
    events.react(VisitClosed, asks_following.visit_closed)
    web.GAUGES.append(feeds.gauge)
    jobs.on_job(pulling.KIND, pulling.work)
    profile.TIMELINE.extend(
        (*records_timeline.SOURCES, *patient_timeline.SOURCES, *response_timeline.SOURCES)
    )
    profile.QUICK_ACTIONS.append(
        QuickAction(
            "feedback",
            "登记反馈",
            "message-plus",
            "/feedback/new?patient={patient}",
            (Permission.CASE_REGISTER, Permission.CASE_FIRST),
        )
    )
    profile.QUICK_ACTIONS.append(
        QuickAction(
            "survey",
            "电话访问",
            "headset",
            "/surveys/interviews?patient={patient}",
            (Permission.SURVEY_INTERVIEW,),
        )
    )


def _wire_core() -> None:
    audit_web.watch(audit_watch.DOORS)
    rotation.declare(*SEALED)
    schedules.declare(*SCHEDULES)
    web.GAUGES.append(schedules_queries.gauge)
    jobs.on_job(rotation.KIND, rotation.rotate)
    jobs.on_job(everything_acts.KIND, everything_acts.write)
    jobs.on_job(audit_keeping.CHECK, audit_keeping.check)
    jobs.on_job(audit_keeping.PROVE, audit_keeping.prove)
    jobs.on_job(audit_keeping.RESTORE, audit_keeping.restore)
    quarantine.use(clamav.scan)
    jobs.on_job(quarantine.KIND, quarantine.scan)
    jobs.on_job(storage.REMOVE, storage.remove)
    jobs.on_job(contacts.KIND, contacts.look)
    due.on_due(posts.BEGINS, posts.begin)
    due.on_due(guarded_posts.EXPIRES, confirming.expire)
    due.on_due(staff_actions.POST_ENDS, posts.end)


def _wire_bot() -> None:
    events.react(TicketAssigned, bot_reactions.assigned)
    events.react(TicketMoved, bot_reactions.moved)
    events.react(CaseMoved, bot_reactions.case_moved)
    events.react(CaseReceived, bot_reactions.received)
    events.react(ClockStepped, reminders.stepped)
    events.react(LimitsRecounted, recounted.recounted)
    events.react(ProofMade, proof.told)
    events.react(AuditorAlarmed, proof.alarmed)
    events.react(PrivacyWaits, bot_privacy.waits)
    events.react(PrivacyDecided, bot_privacy.decided)
    events.react(WholeExportAsked, bot_exports.asked)
    events.react(WholeExportDecided, bot_exports.decided)
    events.react(ScheduleFailed, scheduled.failed)
    events.react(ScheduleRecovered, scheduled.recovered)
    events.react(LinkFellSilent, link_alarms.fell_silent)
    events.react(LinkSpokeAgain, link_alarms.spoke_again)
    events.react(FileFound, infected.found)
    events.react(PostAsked, posts_asked.asked)
    events.react(PostAskDecided, posts_asked.decided)
    events.react(LooksSpent, look_alarms.spent)
    events.react(AuditStalled, audit_stalled.stalled)
    events.react(AuditSealedAgain, audit_stalled.sealed_again)
    events.react(GuardedOpened, look_alarms.opened)
    events.react(AccountNoticed, account_notices.noticed)
    events.react(AccountHeld, account_notices.held)
    events.react(DeadlineMoved, reminders.limit_moved)
    events.react(ExtensionRefused, reminders.extension_refused)
    events.react(MessageFailed, reminders.unreached)
    events.react(MessagePosted, rooms.posted)
    events.react(RoomOpened, groups.opened)
    events.react(MessagePosted, groups.posted)
    events.react(MembersChanged, groups.changed)
    events.react(RoomChanged, groups.changed)
    events.react(RiskFlagged, alerts.risk_flagged)
    events.react(PraisePassedOn, alerts.praised)
    events.react(RectificationDue, alerts.rectification_due)

    due.on_due(bot_conversations.EXPIRE, bot_conversations.expire)
    due.on_due(rooms.NUDGE, rooms.nudge)

    jobs.on_job(FETCH, bot_jobs.take_file)
    jobs.on_job(groups.JOB, groups.mirror)
    jobs.on_job(bot_inbound.WELCOME, bot_jobs.welcome)

    inbound.on_inbound(WECOM, bot_inbound.take_callback)
    inbound.on_inbound(connection.SOURCE, bot_inbound.take_frame)


async def started() -> None:
    """What a worker does once it is up."""
    await audit_partitions()
    await schedules_running.open_schedules()
    await dictionaries.open_dictionaries()
    await templating.load_defaults()
    live.open_live(settings().redis_url)
    await connection.started()


async def stopped() -> None:
    """What a worker does before it goes."""
    await connection.stopped()
    await live.close_live()
    await http.close_http()
