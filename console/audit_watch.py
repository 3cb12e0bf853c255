"""Which looks and takings of the staff pages, the chat and the machine doors are lines of the audit log.

A page of one person or one matter, what is searched for among persons, what is listened to or taken away. Lists that
show no single person's data, progress bars and parts that a page fetches by itself are none. A new page about a person
is one line here; what changes something needs none (its verb writes, see core/audit_web.py).
"""

from console.audit_reading import FILTERS
from core.audit_web import Watched

DOORS: dict[str, Watched] = {
    "/cases/{id}": Watched("case.view", "case", "id"),
    "/cases/{id}/files/{file}": Watched("case.file", "case", "id"),
    "/cases/{id}/feedback/files/{file}": Watched("case.file", "case", "id"),
    "/cases/{id}/visits": Watched("case.visits", "case", "id"),
    "/cases/{id}/matter/find": Watched("case.compare", "case", "id", ("q",)),
    "/cases/{id}/report": Watched("case.report_try", "case", "id"),
    "/tickets/{id}": Watched("ticket.view", "ticket", "id"),
    "/tickets/{id}/chat": Watched("ticket.chat", "ticket", "id"),
    "/petitions/{id}/file": Watched("petition.file", "case", "id"),
    "/matters/{id}": Watched("matter.view", "matter", "id"),
    "/reports/{id}": Watched("case.report_view", "case_report", "id"),
    "/patients": Watched("patient.search", "patient", asked=("q",)),
    "/patients/{id}": Watched("patient.view", "patient", "id"),
    "/patients/{id}/visits/{visit}": Watched("patient.record", "patient", "id"),
    "/patients/{id}/reports/{report}": Watched("patient.record", "patient", "id"),
    "/patients/{id}/documents/{document}": Watched("patient.record", "patient", "id"),
    "/patients/analysis": Watched("patient.search", "patient", asked=("diagnosis", "doctor")),
    "/patients/{list}": Watched("patient.search", "patient", asked=("name", "phone", "number")),
    "/feedback/known": Watched("patient.search", "patient", asked=("caller_phone",)),
    "/imports/{id}": Watched("import.view", "import", "id"),
    "/imports/{id}/faulty": Watched("import.faulty", "import", "id"),
    "/operate/{queue}/{state}/{number}": Watched("queue.view", "{queue}", "number"),
    "/settings/word/{id}/file": Watched("template.download", "word_template", "id"),
    "/settings/word/{id}/try": Watched("template.try", "word_template", "id"),
    "/settings/forms/{id}/export": Watched("form.export", "form", "id"),
    "/settings/forms/versions/{version}/export": Watched("form.export", "form_version", "version"),
    "/audit": Watched("audit.search", "audit", asked=FILTERS),
    "/chat/rooms/{room}/files/{file}": Watched("room.file", "room", "room"),
    "/chat/search": Watched("room.search", "room", asked=("q",)),
    "/api/v1/cases": Watched("case.list", "case"),
    "/api/v1/cases/{id}": Watched("case.view", "case", "id"),
    "/api/v1/tickets": Watched("ticket.list", "ticket"),
    "/api/v1/tickets/{id}": Watched("ticket.view", "ticket", "id"),
    "/api/v1/feedback/{code}": Watched("feedback.progress", "feedback", "-"),
}
