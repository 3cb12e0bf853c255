"""The lines of walk_table.py about questionnaires and the bank. No test here."""

from tests.console.walk_lines import anyone, may, reach

SURVEYING = "survey:design survey:review survey:read"
QUESTIONNAIRES = (
    may("POST /settings/pictures", "form:manage survey:design"),
    may("GET /settings/questionnaires", SURVEYING),
    may("POST /settings/questionnaires", "survey:design"),
    may("GET /settings/questionnaires/example", "survey:design"),
    reach("GET /settings/questionnaires/{id}", "/settings/questionnaires/{asking}", SURVEYING),
    reach("GET /settings/questionnaires/{id}/export", "/settings/questionnaires/{asking}/export", SURVEYING),
    reach(
        "GET /settings/questionnaires/{id}/versions", "/settings/questionnaires/{asking}/versions", SURVEYING
    ),
    reach(
        "GET /settings/questionnaires/{id}/bank", "/settings/questionnaires/{asking}/bank", "survey:design"
    ),
    reach(
        "POST /settings/questionnaires/{id}/bank", "/settings/questionnaires/{asking}/bank", "survey:design"
    ),
    *(
        reach(
            f"POST /settings/questionnaires/{{id}}/{act}",
            f"/settings/questionnaires/{{asking}}/{act}",
            "survey:design",
        )
        for act in ("copy", "preview", "save", "publish", "take-back")
    ),
    *(
        reach(
            f"POST /settings/questionnaires/{{id}}/{act}",
            f"/settings/questionnaires/{{asking}}/{act}",
            "survey:review",
        )
        for act in ("send-back", "approve", "retire")
    ),
    reach(
        "POST /settings/questionnaires/{id}/comments",
        "/settings/questionnaires/{asking}/comments",
        "survey:design survey:review",
    ),
    reach(
        "POST /settings/questionnaires/{id}/comments/{comment}/settle",
        "/settings/questionnaires/{asking}/comments/{comment}/settle",
        "survey:design survey:review",
    ),
    reach(
        "GET /settings/questionnaires/versions/{version}",
        "/settings/questionnaires/versions/{asked_version}",
        SURVEYING,
    ),
    reach(
        "GET /settings/questionnaires/versions/{version}/export",
        "/settings/questionnaires/versions/{asked_version}/export",
        SURVEYING,
    ),
    reach(
        "POST /settings/questionnaires/versions/{version}/enforce",
        "/settings/questionnaires/versions/{asked_version}/enforce",
        "survey:review",
    ),
    may("GET /settings/bank", "survey:design"),
    may("GET /settings/bank/{code}", "survey:design", "/settings/bank/{bank_item}"),
    may("POST /settings/bank/{code}/move", "survey:design", "/settings/bank/{bank_item}/move"),
    may("POST /settings/bank/{code}/{act}", "survey:design", "/settings/bank/{bank_item}/retire"),
    anyone("GET /pictures/{id}", "/pictures/{picture}"),
)
