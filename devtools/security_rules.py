"""Security rules of this house that no linter knows; called by devtools/house_rules.py for every file.

Each reads one line at a time and errs on the side of speaking up: a line that is right all the same says why in a
comment that begins with `secure:`. Repairs nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path

PROGRAM = frozenset(
    {
        *("core", "integrations", "staff", "patients", "im", "telephony", "library", "surveys", "channels"),
        *("outreach", "tickets", "reports", "bot", "console", "patient_portal", "intake"),
    }
)
EXCUSED = "secure:"
_NAMES = r"(?:token|secret|signature|csrf|mac|otp|password_hash|api_key)"
PYTHON: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(rf"\b(?:given|sent|expected|wanted)?_?{_NAMES}\b\s*(?:==|!=)\s*(?![\"']{{2}}|None)[\w(]"),
        "compares a secret with == : use hmac.compare_digest",
    ),
    (
        re.compile(r"\b(?:aiohttp\.ClientSession|requests\.(?:get|post|Session)|urlopen|httpx\.)\b"),
        "calls outward past integrations/http.py, which knows where calls may go",
    ),
    (
        re.compile(
            r"\b(?:verify_ssl|ssl)\s*=\s*False\b|CERT_NONE|check_hostname\s*=\s*False|_create_unverified"
        ),
        "switches the verification of TLS off",
    ),
    (
        re.compile(r"set_cookie\(\s*[\"'](?!huiyin_)"),
        "sets a cookie whose name does not begin with huiyin_ (core/edge.py binds those to this host)",
    ),
    (
        re.compile(
            r"\b(?:pickle|marshal|shelve)\.(?:loads?|open)\b|\byaml\.load\(|(?<![.\w])(?:eval|exec)\("
        ),
        "makes code or objects of data",
    ),
    (re.compile(r"[Aa]ccess-[Cc]ontrol-[Aa]llow"), "opens answers to other sites"),
)
TEMPLATE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\{%-?\s*autoescape\s+false"), "switches escaping off"),
    (
        re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
        "a script within the page: the CSP refuses it",
    ),
    (re.compile(r"\s(?:on[a-z]{3,}|style)\s*=\s*[\"']", re.IGNORECASE), "a handler or style within the page"),
    (re.compile(r"target=[\"']_blank[\"'](?![^>]*noopener)"), "opens a window without rel=noopener"),
)
_ALLOWED = {
    "integrations/http.py": "calls outward",
    "core/edge.py": "opens answers",  # it takes such headers away
}


def faults(path: Path, root: Path) -> Iterator[str]:
    """A sentence for each line of a program or a template that breaks one of the rules."""
    name = path.relative_to(root).as_posix()
    if path.suffix == ".py" and name.split("/", 1)[0] in PROGRAM:
        rules = PYTHON
    elif path.suffix == ".html" and name.startswith("templates/"):
        rules = TEMPLATE
    else:
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if EXCUSED in line:
            continue
        for shape, sentence in rules:
            allowed = _ALLOWED.get(name)
            if shape.search(line) and not (allowed and sentence.startswith(allowed)):
                yield f"line {number}: {sentence}"
