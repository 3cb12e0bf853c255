"""All addresses of the staff pages, and what their templates may use beside core's; answers nothing itself."""

from datetime import datetime
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from console import (
    account,
    audit,
    auditor,
    case_doing,
    case_exports,
    case_matter,
    case_page,
    case_reports,
    cases_list,
    chat_page,
    deadlines,
    feedback_doing,
    feedback_praise,
    feedback_register,
    feedback_settings,
    form_designer,
    forms,
    holidays,
    home,
    imports,
    login,
    matter_page,
    operate,
    parameters,
    patients,
    petition_file,
    petition_register,
    pick,
    questionnaires,
    recounts,
    register,
    remaining,
    saved_views,
    settle,
    statistics_page,
    statistics_reports,
    templates_page,
)
from core import clock
from core.assets import icon

routes: list[web.AbstractRouteDef] = [
    *login.routes,
    *home.routes,
    *account.routes,
    *settle.routes,
    *pick.routes,
    *saved_views.routes,
    *holidays.routes,
    *recounts.routes,
    *parameters.routes,
    *deadlines.routes,
    *auditor.routes,
    *operate.routes,
    *audit.routes,
    *statistics_page.routes,
    *statistics_reports.routes,
    *cases_list.routes,
    *case_exports.routes,
    *case_page.routes,
    *feedback_doing.routes,  # before those of every verb
    *case_doing.routes,
    *case_matter.routes,
    *case_reports.routes,
    *matter_page.routes,
    *chat_page.routes,
    *register.routes,
    *petition_register.routes,
    *petition_file.routes,
    *feedback_register.routes,
    *feedback_settings.routes,
    *feedback_praise.routes,
    *patients.routes,
    *templates_page.routes,
    *form_designer.routes,
    *questionnaires.routes,
    *imports.routes,
]


def left(due: datetime) -> str:
    """ "剩 2天3小时" at this moment."""
    return remaining.remaining(due, clock.now())


def tone(due: datetime) -> str:
    """How pressing `due` is at this moment: calm, soon, late."""
    return remaining.tone(due, clock.now())


def furnish(app: web.Application) -> None:
    """Give the templates of `app` the words they use: icon, controls, and the filters left, tone, iso."""
    environment = aiohttp_jinja2.get_env(app)
    more: dict[str, Any] = {"icon": icon, "controls": forms.controls}
    environment.globals.update(more)
    environment.filters.update(left=left, tone=tone, iso=iso)


def iso(instant: datetime) -> str:
    """ "2026-11-21T01:30:00+00:00", for the browser's clock."""
    return instant.isoformat(timespec="seconds")
