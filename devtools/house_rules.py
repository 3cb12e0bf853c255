"""Checks the house rules that no linter knows: file length, opening docstring, nothing skipped; and the rules of
security (devtools/security_rules.py).

Run as `python -m devtools.house_rules [root]`; prints one line per breach, exits 1 when there is one.
It reads files only; it never repairs and never imports what it checks.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from devtools import security_rules

LONGEST = 500  # lines; a file that is read as a whole stays a page or two (house rule 2)
SKIPPED_FOLDERS = frozenset({".git", ".venv", ".data", ".cache", "node_modules", "vendor", "__pycache__"})
LENGTH_CHECKED = frozenset({".py", ".js", ".css", ".html", ".sql", ".sh"})

# Written in pieces, so that this file does not accuse itself.
UNFINISHED = re.compile(
    r"\b(?:TO" + r"DO|FIX" + r"ME)\b|raise NotImplemented" + r"Error|pragma: no " + r"cover"
)
SKIPPING = re.compile(r"pytest\.(?:mark\.)?(?:ski" + r"p|xfa" + r"il|skipif)\b|importorski" + r"p\b")


def project_files(root: Path) -> Iterator[Path]:
    """Yield every file of the project below `root` that a person wrote."""
    for path in sorted(root.iterdir()):
        if path.is_dir():
            if path.name not in SKIPPED_FOLDERS:
                yield from project_files(path)
        elif path.is_file():
            yield path


def is_data_table(text: str) -> bool:
    """Say whether a module declares itself a data table in its first lines (the only exception to length)."""
    return "Data table:" in text[:200]


def faults_of(path: Path) -> Iterator[str]:
    """Yield a sentence per house rule which the file at `path` breaks."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines > LONGEST and not is_data_table(text):
        yield f"{lines} lines, more than {LONGEST}: split it"
    if path.suffix != ".py":
        return
    if not ast.get_docstring(ast.parse(text)):
        yield "does not begin with a docstring that says what it is for and what it never does"
    for number, line in enumerate(text.splitlines(), start=1):
        if UNFINISHED.search(line):
            yield f"line {number}: unfinished or excused code"
        if SKIPPING.search(line):
            yield f"line {number}: a test that is not run"


def breaches(root: Path) -> list[str]:
    """Return every breach below `root` as `path: sentence`, in path order."""
    return [
        f"{path.relative_to(root)}: {fault}"
        for path in project_files(root)
        if path.suffix in LENGTH_CHECKED
        for fault in (*faults_of(path), *security_rules.faults(path, root))
    ]


def main() -> int:
    """Print the breaches of the folder given as argument (default: here) and return the exit code."""
    found = breaches(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    for line in found:
        print(line)
    print("house rules: " + (f"{len(found)} broken" if found else "kept"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
