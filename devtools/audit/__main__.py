"""Runs the checks one after another, prints a table, writes the report; exit code 1 when something is open.

`python -m devtools.audit [name …]` runs some of them; the server is started only when one of those needs it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace

from devtools.audit import crew, dependencies, fuzz, report, static
from devtools.audit.findings import ROOT, Judgements, Result
from devtools.audit.stage import Server, server

READING: dict[str, Callable[[], Result]] = {
    "ruff": static.ruff,
    "bandit": static.bandit,
    "house": static.house,
    "secrets": static.secrets,
    "dependencies": dependencies.python,
    "npm": dependencies.front_end,
}
ASKING: dict[str, Callable[[Server], Awaitable[Result]]] = {"schemathesis": fuzz.api, "crawl": crew.pages}


def say(text: str) -> None:
    """One line to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def checked(wanted: list[str]) -> list[Result]:
    """The results of the checks that are wanted, with the judgements."""
    judgements, results = Judgements(), []
    for name, check in READING.items():
        if name in wanted:
            say(f"{name} …")
            results.append(check())
    if any(name in wanted for name in ASKING):
        say("a server with the sample hospital …")
        async with server() as at:
            for name, asking in ASKING.items():
                if name in wanted:
                    say(f"{name} …")
                    results.append(await asking(at))
    judged = [replace(result, findings=judgements.of(result.name, result.findings)) for result in results]
    stale = judgements.stale(set(wanted))
    return [
        *judged,
        Result("stale", "devtools/audit/judged.toml", f"{len(judgements.entries)} 条研判", stale),
    ]


def main() -> int:
    """Run, print, write."""
    known = [*READING, *ASKING]
    wanted = sys.argv[1:] or known
    if unknown := set(wanted) - set(known):
        say(f"no such check: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        return 2
    results = asyncio.run(checked(wanted))
    for result in results:
        judged = len(result.findings) - len(result.open)
        say(
            f"{report.TITLES[result.name]:　<14} 未处理 {len(result.open):>3}  已研判 {judged:>3}  {result.looked_at}"
        )
        if result.unchecked:
            say(f"    未能核查：{result.unchecked}")
        for finding in result.open:
            say(f"    [{finding.severity}] {finding.rule} {finding.place} {finding.text}")
    say(f"报告 {report.write(results).relative_to(ROOT)}")
    return 1 if any(result.open for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
