"""The pages of personal data: consent, requests about one's data, what is shown or taken out whole. See walk_lines.py."""

from tests.console.walk_lines import Line, may, reach

PERSONAL_DATA: tuple[Line, ...] = (
    reach("GET /patients/{id}/consent", "/patients/{patient}/consent", "patient:read"),
    may(
        "GET /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"
    ),  # an empty form
    may("POST /patients/{id}/consent/new", "consent:record", "/patients/{patient}/consent/new"),  # faulty
    reach(
        "GET /patients/{id}/consent/{line}/proof",
        "/patients/{patient}/consent/{said}/proof",
        "consent:record",
    ),
    reach("GET /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach("POST /cases/{id}/privacy/{act}", "/cases/{feedback}/privacy/check", "privacy:handle"),
    reach(
        "GET /cases/{id}/privacy/packages/{package}",
        "/cases/{feedback}/privacy/packages/{package}",
        "privacy:handle",
    ),
)
