"""All addresses of the staff pages, and what their templates may use beside core's; answers nothing itself."""

from collections.abc import Callable, Hashable
from datetime import datetime
from functools import lru_cache
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup

from console import (
    account,
    account_handing,
    account_notices,
    audit,
    auditor,
    bulletins,
    case_doing,
    case_exports,
    case_matter,
    case_page,
    case_reports,
    cases_list,
    chat_page,
    confirmations,
    deadlines,
    dictionaries,
    disclosures,
    everything,
    feedback_doing,
    feedback_mine,
    feedback_praise,
    feedback_register,
    feedback_settings,
    feeds,
    feeds_doors,
    feeds_messages,
    feeds_try,
    form_designer,
    form_designer_shared,
    forms,
    holidays,
    home,
    imports,
    interviews,
    login,
    login_certificate,
    login_wecom,
    looks,
    matrix,
    matter_page,
    mutual,
    mutual_running,
    operate,
    parameters,
    patient_file,
    patient_records,
    patients,
    patients_analysis,
    patients_exports,
    patients_keeping,
    patients_lists,
    patients_pairs,
    petition_file,
    petition_register,
    pick,
    portal_terms,
    privacy_consent,
    privacy_exports,
    privacy_requests,
    proving,
    questionnaires,
    questionnaires_bank,
    questionnaires_designer,
    questionnaires_list,
    recounts,
    register,
    remaining,
    responses,
    responses_importing,
    responses_one,
    responses_sheet,
    saved_views,
    schedules,
    security,
    settle,
    staff_contacts,
    staff_doing,
    staff_importing,
    staff_login,
    staff_people,
    statistics_page,
    statistics_reports,
    survey_statistics,
    survey_statistics_reports,
    templates_page,
    terminals,
    units,
    units_codes,
    units_correcting,
    units_one,
    units_unknown,
)
from core import clock
from core.assets import icon

routes: list[web.AbstractRouteDef] = [
    *login.routes,
    *login_wecom.routes,
    *login_certificate.routes,
    *home.routes,
    *bulletins.routes,
    *account.routes,
    *account_handing.routes,
    *account_notices.routes,
    *proving.routes,
    *settle.routes,
    *pick.routes,
    *saved_views.routes,
    *holidays.routes,
    *recounts.routes,
    *parameters.routes,
    *dictionaries.routes,
    *schedules.routes,
    *deadlines.routes,
    *auditor.routes,
    *feeds_try.routes,
    *feeds.routes,
    *feeds_doors.routes,
    *feeds_messages.routes,
    *everything.routes,
    *operate.routes,
    *audit.routes,
    *security.routes,
    *disclosures.routes,
    *staff_contacts.routes,
    *staff_importing.routes,
    *staff_people.routes,
    *matrix.routes,
    *staff_login.routes,
    *staff_doing.routes,
    *statistics_page.routes,
    *statistics_reports.routes,
    *cases_list.routes,
    *privacy_exports.routes,  # before those of one sheet
    *case_exports.routes,
    *case_page.routes,
    *feedback_doing.routes,  # before those of every verb
    *privacy_requests.routes,
    *case_doing.routes,
    *looks.routes,
    *case_matter.routes,
    *case_reports.routes,
    *matter_page.routes,
    *chat_page.routes,
    *confirmations.routes,
    *register.routes,
    *petition_register.routes,
    *petition_file.routes,
    *feedback_register.routes,
    *feedback_mine.routes,
    *feedback_settings.routes,
    *feedback_praise.routes,
    *patients_analysis.routes,
    *patients_exports.routes,  # before those of one patient
    *patients_lists.routes,  # before those of one patient
    *patients.routes,
    *patient_file.routes,
    *patient_records.routes,
    *patients_pairs.routes,
    *patients_keeping.routes,
    *privacy_consent.routes,
    *portal_terms.routes,
    *templates_page.routes,
    *terminals.routes,
    *form_designer.routes,
    *form_designer_shared.routes,
    *questionnaires.routes,
    *questionnaires_bank.routes,
    *questionnaires_designer.routes,
    *questionnaires_list.routes,
    *imports.routes,
    *survey_statistics_reports.routes,
    *survey_statistics.routes,
    *mutual_running.routes,  # before those of one round
    *mutual.routes,
    *responses_sheet.routes,  # before those of one response
    *responses_importing.routes,
    *responses.routes,
    *responses_one.routes,
    *interviews.routes,
    *units.routes,
    *units_unknown.routes,
    *units_codes.routes,
    *units_correcting.routes,
    *units_one.routes,
]


def left(due: datetime) -> str:
    """ "剩 2天3小时" at this moment."""
    return remaining.remaining(due, clock.now())


def tone(due: datetime) -> str:
    """How pressing `due` is at this moment: calm, soon, late."""
    return remaining.tone(due, clock.now())


@lru_cache(maxsize=16_384)
def remembered(macro: Callable[..., Markup], *given: Hashable) -> Markup:
    """What `macro` draws of these values, drawn once; for parts that are alike on page after page, such as a choice
    among all departments. The values must say all: a macro that looks at the time or at the person is not for it."""
    return macro(*given)


def furnish(app: web.Application) -> None:
    """Give the templates of `app` the words they use: icon, controls, remembered, tones of states; filters left, tone, iso."""
    environment = aiohttp_jinja2.get_env(app)
    more: dict[str, Any] = {"icon": icon, "controls": forms.controls, "remembered": remembered}
    tones: dict[str, Any] = {"case_tones": case_page.CASE_TONES, "ticket_tones": case_page.TICKET_TONES}
    environment.globals.update(more | tones)
    environment.filters.update(left=left, tone=tone, iso=iso)


def iso(instant: datetime) -> str:
    """ "2026-11-21T01:30:00+00:00", for the browser's clock."""
    return instant.isoformat(timespec="seconds")
