"""The security rules of the house speak up where they should, and only there; the audit's reading of tools."""

from pathlib import Path

import pytest

from devtools import security_rules
from devtools.audit.findings import Finding, Judgements, Severity
from devtools.audit.fuzz import _read


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("core/a.py", "if given_token == kept:", "compares a secret"),
        ("core/a.py", "if token == '':", ""),
        ("staff/a.py", "if signature != wanted:", "compares a secret"),
        ("staff/a.py", "if hmac.compare_digest(token, kept):", ""),
        ("tickets/a.py", "async with aiohttp.ClientSession() as http:", "past integrations/http.py"),
        ("integrations/http.py", "    held = aiohttp.ClientSession(", ""),
        ("integrations/a.py", "session.get(url, ssl=False)", "TLS off"),
        ("console/a.py", 'response.set_cookie("wanted", "1")', "huiyin_"),
        ("console/a.py", 'response.set_cookie("huiyin_x", "1")', ""),
        ("core/a.py", "return pickle.loads(data)", "of data"),
        ("core/a.py", "await client.eval(SCRIPT)", ""),
        ("intake/a.py", 'headers["Access-Control-Allow-Origin"] = "*"', "other sites"),
        ("templates/a.html", "<script>go()</script>", "within the page"),
        ("templates/a.html", "<script src=\"{{ asset('a.js') }}\"></script>", ""),
        ("templates/a.html", '<p style="color: red">', "within the page"),
        ("templates/a.html", "{% autoescape false %}", "escaping off"),
        ("core/a.py", "if token == other:  # secure: both are public", ""),
        ("devtools/a.py", "if token == other:", ""),
    ],
)
def test_a_line_is_found_or_left_alone(name: str, line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(f"{line}\n")
    found = list(security_rules.faults(path, tmp_path))
    assert [told in fault for fault in found] == ([True] if told else [])


def test_a_judgement_fits_its_rule_and_place_and_one_that_fits_nothing_is_told() -> None:
    entries = [
        {"check": "bandit", "rules": "B1 B2", "paths": "core/*", "reason": "looked at"},
        {"check": "bandit", "rules": "B9", "paths": "core/*", "reason": "gone"},
    ]
    judgements = Judgements(entries)
    here, there = (Finding("B2", Severity.LOW, f"{path}:7", "x") for path in ("core/a.py", "staff/a.py"))
    assert [one.judged for one in judgements.of("bandit", [here, there])] == ["looked at", ""]
    assert [one.text for one in judgements.stale({"bandit"})] == ["B9 core/*"]
    assert judgements.stale({"crawl"}) == ()


def test_a_server_error_of_the_fuzz_is_a_finding_and_a_clean_run_is_none() -> None:
    bad = _read("t", "POST /api/v1/x\n- Server error\n1 failed, 2 passed", 1, 200)
    good = _read("t", "3 passed", 0, 200)
    assert [(one.rule, one.severity) for one in bad.open] == [("5xx", Severity.HIGH)]
    assert (good.open, good.looked_at) == ([], "每个接口 200 组请求；3 passed")
    assert _read("t", "bad option", 2, 200).unchecked == "没有跑成：bad option"
