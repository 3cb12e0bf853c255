"""The pages of personal data: consent, requests about one's data, what is shown or taken out whole. See walk_lines.py."""

from tests.console.walk_lines import Line, keeps, may, reach

INSIDE = "case:handle case:review case:export"

PERSONAL_DATA: tuple[Line, ...] = (
    keeps("GET /settings/staff/{id}/reveal", "/settings/staff/{somebody}/reveal"),
    keeps("POST /settings/staff/{id}/reveal", "/settings/staff/{somebody}/reveal"),
    reach("GET /cases/{id}/files/{file}/reveal", "/cases/{case}/files/{file}/reveal"),
    reach("POST /cases/{id}/files/{file}/reveal", "/cases/{case}/files/{file}/reveal"),
    reach(
        "GET /cases/{id}/feedback/files/{file}/reveal",
        "/cases/{feedback}/feedback/files/{note}/reveal",
        closed=404,
        then=INSIDE,
    ),
    reach(
        "POST /cases/{id}/feedback/files/{file}/reveal",
        "/cases/{feedback}/feedback/files/{note}/reveal",
        closed=404,
        then=INSIDE,
    ),
    reach("GET /patients/{id}/consent", "/patients/{patient}/consent", "patient:read"),
    may(
        "GET /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"
    ),  # an empty form
    may("POST /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"),  # faulty
    reach(
        "GET /patients/{id}/consent/{line}/proof",
        "/patients/{patient}/consent/{agreed}/proof",
        "consent:record",
    ),
    reach("GET /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach("POST /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach(
        "GET /cases/{id}/privacy/packages/{package}",
        "/cases/{feedback}/privacy/packages/{package}",
        "privacy:handle",
    ),
    reach(
        "POST /cases/{id}/privacy/packages/{package}/send",
        "/cases/{feedback}/privacy/packages/{package}/send",
        "privacy:handle",
    ),
    reach(
        "GET /cases/{id}/privacy/packages/{package}/password",
        "/cases/{feedback}/privacy/packages/{package}/password",
        "privacy:handle",
    ),
    reach(
        "POST /cases/{id}/privacy/packages/{package}/password",
        "/cases/{feedback}/privacy/packages/{package}/password",
        "privacy:handle",
    ),
)
