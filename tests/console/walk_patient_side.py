"""The staff pages that keep the patient side: terminals, texts agreed to, words of consent. See walk_lines.py."""

from tests.console.walk_lines import Line, may, nothing

PATIENT_SIDE: tuple[Line, ...] = (
    may("GET /settings/terminals", "machine:operate"),
    may("GET /settings/terminals/new", "machine:operate"),
    may("POST /settings/terminals/new", "machine:operate"),
    nothing("POST /settings/terminals/{id}/pairing", "machine:operate", "/settings/terminals/0/pairing"),
    nothing("POST /settings/terminals/{id}/key", "machine:operate", "/settings/terminals/0/key"),
    nothing("POST /settings/terminals/{id}/{how}", "machine:operate", "/settings/terminals/0/disable"),
    may("GET /settings/terms", "parameter:manage"),
    may("GET /settings/terms/{kind}", "parameter:manage", "/settings/terms/service"),
    may("POST /settings/terms/{kind}", "parameter:manage", "/settings/terms/service"),  # faulty
    may("GET /settings/consent", "parameter:manage"),
    may("GET /settings/consent/{purpose}", "parameter:manage", "/settings/consent/survey"),
    may("POST /settings/consent/{purpose}", "parameter:manage", "/settings/consent/survey"),
)
