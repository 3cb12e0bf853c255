"""The lines of walk_table.py about filling in questionnaires and reading the responses."""

from tests.console.walk_lines import Line, anyone, may, own, reach, staff

RESPONSES: tuple[Line, ...] = (
    # before patients: who fills in is nobody's log-in
    anyone("GET /p/q/{token}", "/p/q/none", status=404),
    anyone("POST /p/q/{token}", "/p/q/none", status=404),
    anyone("GET /p/s/{token}", "/p/s/none", status=404),
    anyone("POST /p/s/{token}", "/p/s/none", status=404),
    anyone("GET /p/r/{token}", "/p/r/none", status=404),
    anyone("POST /p/r/{token}", "/p/r/none", status=404),
    anyone("GET /p/r/{token}/edit", "/p/r/none/edit", status=404),
    anyone("POST /p/r/{token}/edit", "/p/r/none/edit", status=404),
    anyone("GET /p/ask/{id}", "/p/ask/1", status=303),  # to the patients' sign-in
    anyone("POST /p/api/responses", status=422),
    anyone("PUT /p/api/responses/{id}/answers/{code}", "/p/api/responses/none/answers/a", status=404),
    anyone("POST /p/api/responses/{id}/files", "/p/api/responses/none/files", status=404),
    anyone("POST /p/api/responses/{id}/end", "/p/api/responses/none/end", status=404),
    # responses to questionnaires
    may("GET /surveys/statistics", "survey:read", "/surveys/statistics?questionnaire={asking}"),
    may("GET /surveys/statistics/cross", "survey:read", "/surveys/statistics/cross?questionnaire={asking}"),
    may("GET /surveys/statistics/texts", "survey:read", "/surveys/statistics/texts?questionnaire={asking}"),
    may("GET /surveys/statistics/sheet", "survey:read", "/surveys/statistics/sheet?questionnaire={asking}"),
    may("GET /surveys/statistics/reports", "survey:read"),
    may(
        "GET /surveys/statistics/reports/new",
        "survey:read",
        "/surveys/statistics/reports/new?questionnaire={asking}",
    ),
    may(
        "POST /surveys/statistics/reports/new",
        "survey:read",
        "/surveys/statistics/reports/new?questionnaire={asking}",
    ),
    own("GET /surveys/statistics/reports/{id}", "/surveys/statistics/reports/{survey_report}", "survey:read"),
    own(
        "GET /surveys/statistics/reports/{id}/file",
        "/surveys/statistics/reports/{survey_report}/file",
        "survey:read",
    ),
    may("GET /surveys/responses", "survey:read"),
    reach("GET /surveys/responses/{response}", "/surveys/responses/{response}", "survey:read"),
    reach(
        "GET /surveys/responses/{response}/files/{file}",
        "/surveys/responses/{response}/files/{response_file}",
        "survey:read",
    ),
    reach(
        "GET /surveys/responses/{response}/reveal",
        "/surveys/responses/{response}/reveal",
        "patient:reveal",
        then="survey:read",
    ),
    reach(
        "POST /surveys/responses/{response}/reveal",
        "/surveys/responses/{response}/reveal",
        "patient:reveal",
        then="survey:read",
    ),
    reach(
        "GET /surveys/responses/{response}/fhir",
        "/surveys/responses/{response}/fhir",
        "survey:export",
        then="survey:read",
    ),
    may("GET /surveys/responses/import", "survey:design"),
    may("POST /surveys/responses/import", "survey:design"),
    may("GET /surveys/responses.csv", "survey:export", "/surveys/responses.csv?questionnaire={asking}"),
    may("GET /surveys/responses.xlsx", "survey:export", "/surveys/responses.xlsx?questionnaire={asking}"),
    may("GET /surveys/entrances", "survey:read"),
    may("POST /surveys/entrances", "survey:design"),
    may("GET /surveys/entrances/{code}/code.svg", "survey:read", "/surveys/entrances/{door_code}/code.svg"),
    reach(
        "POST /surveys/entrances/{id}/close",
        "/surveys/entrances/{door}/close",
        "survey:design",
        spent=True,
        last=1,
    ),
    may("GET /surveys/interviews", "survey:interview"),
    may("POST /surveys/interviews", "survey:interview"),
    own("GET /surveys/interviews/{response}", "/surveys/interviews/{interview}", "survey:interview"),
    own("POST /surveys/interviews/{response}", "/surveys/interviews/{interview}", "survey:interview"),
    own(
        "PUT /surveys/interviews/{response}/answers/{code}",
        "/surveys/interviews/{interview}/answers/a",
        "survey:interview",
    ),
    # anonymous rounds: whoever is invited fills in, nobody else finds the sheet
    staff("GET /surveys/rounds"),
    may("GET /surveys/rounds/new", "survey:design survey:review"),
    may("POST /surveys/rounds/new", "survey:design survey:review"),
    own("GET /surveys/rounds/{id}", "/surveys/rounds/{round}"),
    own("GET /surveys/rounds/{id}/sheets/{ratee}", "/surveys/rounds/{round}/sheets/0"),
    own("POST /surveys/rounds/{id}/sheets/{ratee}", "/surveys/rounds/{round}/sheets/0"),
    may("GET /surveys/rounds/{id}/weights", "survey:design survey:review", "/surveys/rounds/{round}/weights"),
    may(
        "POST /surveys/rounds/{id}/weights", "survey:design survey:review", "/surveys/rounds/{round}/weights"
    ),
    may("GET /surveys/rounds/{id}/results", "survey:read", "/surveys/rounds/{round_read}/results"),
    may(
        "GET /surveys/rounds/{id}/results/sheet",
        "survey:read",
        "/surveys/rounds/{round_read}/results/sheet",
    ),
    may(
        "POST /surveys/rounds/{id}/close",
        "survey:design survey:review",
        "/surveys/rounds/{round}/close",
        spent=True,
    ),
)
