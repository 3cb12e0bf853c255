"""The lines of walk_table.py about the web doors of hospital systems: each asks for the token of a link. No test here."""

from tests.console.walk_lines import anyone, machine

FEEDS = (
    anyone("GET /api/v1/fhir/metadata"),
    *(
        machine(f"{method} /api/v1/{path}", f"/api/v1/{at}")
        for method, path, at in (
            ("POST", "fhir", "fhir"),
            ("POST", "fhir/Bundle", "fhir/Bundle"),
            ("POST", "fhir/{type}", "fhir/Patient"),
            ("PUT", "fhir/{type}/{id}", "fhir/Patient/1"),
            ("DELETE", "fhir/{type}/{id}", "fhir/Patient/1"),
            ("*", "fhir/{rest}", "fhir/Patient"),
            ("POST", "feeds/{link}/json", "feeds/1/json"),
            ("POST", "feeds/{link}/soap", "feeds/1/soap"),
        )
    ),
)
