"""Known holes of what we depend on, from the advisory sources that can be reached; says so where none can."""

import json
import re
import sys
from importlib.metadata import version

from devtools.audit.findings import Finding, Result, Severity
from devtools.audit.static import run


def python() -> Result:
    """pip-audit over the lock file."""
    done = run(
        sys.executable, "-m", "pip_audit", "-r", "requirements.lock", "--disable-pip", "--require-hashes",
        "--progress-spinner", "off", "-f", "json",
    )  # fmt: skip
    tool = f"pip-audit {version('pip-audit')}"
    try:
        entries = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = re.sub(r"\S+://\S+", "…", (done.stderr.strip().splitlines() or ["无输出"])[-1])[:80]
        return Result("dependencies", tool, "", unchecked=f"没有可用的漏洞信息源：{last}")
    skipped = [entry["name"] for entry in entries if "skip_reason" in entry]
    found = tuple(
        Finding(
            hole["id"],
            Severity.HIGH,
            f"requirements.lock:{entry['name']}",
            f"{entry['name']} {entry['version']}",
        )
        for entry in entries
        for hole in entry.get("vulns", [])
    )
    unchecked = (
        f"{len(skipped)} 个依赖查不到漏洞信息（本机连不上信息源），须在能联网的机器上重查" if skipped else ""
    )
    known = len(entries) - len(skipped)
    return Result("dependencies", tool, f"{known} 个已查" if known else "", found, unchecked)


def front_end() -> Result:
    """npm audit over package-lock.json."""
    done = run("npm", "audit", "--json")
    tool = f"npm audit {run('npm', '--version').stdout.strip()}".strip()
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = {}
    if "vulnerabilities" not in report:
        return Result("npm", tool, "", unchecked="漏洞信息源不可用，须在能联网的机器上重查")
    found = tuple(
        Finding("npm", Severity.HIGH, f"package-lock.json:{name}", str(entry.get("severity")))
        for name, entry in report["vulnerabilities"].items()
    )
    return Result("npm", tool, "前端依赖", found)
