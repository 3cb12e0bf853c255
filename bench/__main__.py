"""All benchmarks, or those named: `python -m bench [name …]`; prints a table with the facts of the machine.

Each runs in a process of its own, one after another, so that none warms or burdens the next. Exit code 1 when one
could not be run.
"""

import importlib.util
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import orjson

NAMES = (
    "intake",
    "imports",
    "outbox",
    "case_list",
    "callback",
    "chat",
    "chat_search",
    "clocks",
    "logic",
    "likeness",
    "statistics",
    "saved_views",
    "log_in",
    "hl7",
    "feed_work",
    "feed_fhir",
    "feed_view",
    "feed_kills",
    "patients",
    "survey_statistics",
    "rotation",
    "audit",
    "permissions",
    "filling",
    "submitting",
    "double_submits",
    "branching",
    "response_export",
    "filling_kills",
)
ROOT = Path(__file__).resolve().parent.parent
WIDE = 60


def machine() -> str:
    """Processor, cores, memory, system, Python."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{_processor()}, {cores} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "processor"
    )


def present() -> list[str]:
    """The benchmarks that exist, in the order of the table."""
    return [name for name in NAMES if importlib.util.find_spec(f"bench.{name}")]


def rows_of(name: str) -> list[tuple[str, float, str]] | None:
    """The rows of one benchmark; None when it failed (it has said why itself)."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.alone", name], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        return None
    rows: list[tuple[str, float, str]] = orjson.loads(done.stdout.splitlines()[-1])
    return rows


def main() -> int:
    """Run and print."""
    wanted = sys.argv[1:] or present()
    if unknown := set(wanted) - set(present()):
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(present())}")
        return 2
    print(machine(), f"load average {os.getloadavg()[0]:.1f} at the start", sep="\n", flush=True)
    failed = []
    for name in wanted:
        began = time.perf_counter()
        rows = rows_of(name)
        print(f"\n{name} ({time.perf_counter() - began:.0f} s)")
        if rows is None:
            failed.append(name)
            print("  could not be run")
            continue
        for label, value, unit in rows:
            print(f"  {label:<{WIDE}}{value:>12,} {unit}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
