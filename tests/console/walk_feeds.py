"""The lines of walk_table.py about the web doors of hospital systems, which ask for the token of a link, and about what is done on a link. No test here."""

from tests.console.walk_lines import anyone, machine, nothing

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
    nothing("GET /operate/feeds/{id}/{what}", "machine:operate", "/operate/feeds/0/replay"),
    nothing("POST /operate/feeds/{id}/{what}", "machine:operate", "/operate/feeds/0/replay"),
    nothing("POST /operate/feeds/{id}/resume", "machine:operate", "/operate/feeds/0/resume"),
    nothing("GET /operate/feeds/{id}/codes", "machine:operate", "/operate/feeds/0/codes"),
    nothing("POST /operate/feeds/{id}/codes", "machine:operate", "/operate/feeds/0/codes"),
    nothing("POST /operate/feeds/{id}/codes/forget", "machine:operate", "/operate/feeds/0/codes/forget"),
    *(
        nothing(
            f"POST /operate/feeds/{{id}}/messages/{{message}}/{what}",
            "machine:operate",
            f"/operate/feeds/0/messages/1/{what}",
        )
        for what in ("raw", "repair")
    ),
)
