"""Checks that read the code: ruff's security rules, bandit, our own rules, secrets in tracked files."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from devtools.audit.findings import ROOT, Finding, Result, Severity
from devtools.audit.words import MARKED

PACKAGES: Final = (
    "core", "integrations", "staff", "patients", "im", "telephony", "library", "surveys", "channels", "outreach",
    "tickets", "reports", "bot", "console", "patient_portal", "intake",
)  # fmt: skip
PROGRAMS: Final = ("app.py", "worker.py", "feeds.py", "manage.py", "wiring.py", "gates.py", "timetable.py")
NOT_READ: Final = r"(\.lock|package-lock\.json|devtools/icons\.txt)$"
_SEVERITIES: Final = {"HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command in the project's folder; its output as text."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def line_of(path: str, number: int) -> str:
    """One line of a file; "" beyond its end."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""


def ruff() -> Result:
    """flake8-bandit's rules as ruff has them, over everything; the few left out stand with reasons in pyproject.toml."""
    done = run(sys.executable, "-m", "ruff", "check", "--output-format", "json", ".")
    found = [
        Finding(
            entry["code"],
            Severity.MEDIUM,
            f"{Path(entry['filename']).relative_to(ROOT)}:{entry['location']['row']}",
            entry["message"],
        )
        for entry in json.loads(done.stdout or "[]")
        if str(entry["code"]).startswith("S")
    ]
    return Result("ruff", f"ruff {version('ruff')}", "全部 Python 文件，S 类规则", tuple(found))


def bandit() -> Result:
    """bandit over the programs; what a `# noqa` with the rule's number judges counts as judged."""
    done = run(sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", *PACKAGES, *PROGRAMS)
    found = [_of_bandit(entry) for entry in json.loads(done.stdout)["results"]]
    return Result(
        "bandit",
        f"bandit {version('bandit')}",
        f"{len(PACKAGES)} 个包、{len(PROGRAMS)} 个程序文件",
        tuple(found),
    )


def _of_bandit(entry: dict[str, Any]) -> Finding:
    path, rule = str(entry["filename"]).removeprefix("./"), str(entry["test_id"])
    lines = range(min(entry["line_range"]), max(entry["line_range"]) + 2)
    reason = next((text for at in lines if (text := judged(line_of(path, at), rule))), "")
    return Finding(
        rule,
        _SEVERITIES[entry["issue_severity"]],
        f"{path}:{entry['line_number']}",
        entry["issue_text"],
        reason,
    )


def judged(line: str, rule: str) -> str:
    """Why a line marked with `# noqa` is all right. Only pieced-together SQL needs no reason beside it: it is everywhere
    the same, and the stage proves it with the database's own log.
    """
    found = re.search(rf"# noqa:[^#]*\bS{rule[1:]}\b(?:\s*-\s*(?P<why>.+))?", line)
    return MARKED.get(rule, "") if found is not None and (found["why"] or rule == "B608") else ""


def house() -> Result:
    """The rules of this house that a machine can check."""
    done = run(sys.executable, "-m", "devtools.house_rules")
    found = (
        ()
        if done.returncode == 0
        else tuple(
            Finding("house", Severity.LOW, line.split(" ", 1)[0], line)
            for line in done.stdout.splitlines()
            if line and not line.startswith("house rules:")  # the sum, not a finding
        )
    )
    return Result("house", "devtools.house_rules", "目录、分层与本系统的安全写法", found)


def secrets() -> Result:
    """Words that look like secrets in what is tracked."""
    files = run("git", "ls-files").stdout.split("\n")
    wanted = [name for name in files if name and not re.search(NOT_READ, name)]
    done = run(sys.executable, "-m", "detect_secrets", "scan", "--no-verify", "--exclude-files", NOT_READ)
    listed: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    found = [
        Finding(
            entry["type"].replace(" ", ""), Severity.HIGH, f"{name}:{entry['line_number']}", entry["type"]
        )
        for name, entries in listed.items()
        for entry in entries
    ]
    return Result(
        "secrets", f"detect-secrets {version('detect-secrets')}", f"{len(wanted)} 个文件", tuple(found)
    )
