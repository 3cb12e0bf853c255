"""schemathesis over the OpenAPI document of a real server, signed in and signing: no answer may be a 5xx.

How requests get past signatures and tokens, and which 500 of a SOAP service is none: devtools/audit/signing_hook.py.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import aiohttp

from devtools.audit.findings import FOLDER, ROOT, Finding, Result, Severity
from devtools.audit.stage import Server, sign_in

EXAMPLES = 200
NUMBERS = ("zhongxinzr", "xinnei", "xinneizr", "zhongxin", "jijian")  # between them they may do every verb
LONGEST = 3600  # seconds


async def api(at: Server, numbers: tuple[str, ...] = NUMBERS, examples: int = EXAMPLES) -> Result:
    """Every operation of the document with `examples` made-up requests each, in turn as these people."""
    sessions = [(await sign_in(at, number)).headers for number in numbers]
    tool = f"schemathesis {version('schemathesis')}"
    with tempfile.TemporaryDirectory() as folder:
        counts, document = Path(folder, "counts.json"), Path(folder, "openapi.json")
        await _fetch(at, sessions[0], document)
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", at.url,
            "--checks", "no_server_error", "--phases", "fuzzing", "--max-examples", str(examples),
            "--generation-database", "none", "--workers", "2", "--no-color", "--request-timeout", "20",
            "--seed", "20260101", "--suppress-health-check", "all",  # they are about a slow machine, not about us
        ]  # fmt: skip
        done = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "devtools.audit.signing_hook",
                "AUDIT_SECRET": at.secret,
                "AUDIT_KEYS": at.keys.model_dump_json(),
                "AUDIT_SESSIONS": json.dumps(sessions),
                "AUDIT_COUNTS": str(counts),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            printed, _ = await asyncio.wait_for(done.communicate(), LONGEST)
        except TimeoutError:
            done.kill()
            return Result("schemathesis", tool, "", unchecked=f"{LONGEST} 秒内没有跑完")
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "schemathesis.txt").write_bytes(printed)
        result = _read(tool, printed.decode(errors="replace"), done.returncode or 0, examples)
        return replace(result, table=_operations(counts))


async def _fetch(at: Server, headers: dict[str, str], target: Path) -> None:
    """The document, which strangers do not get, into a file."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{at.url}/api/v1/openapi.json", headers=headers) as answer,
    ):
        if answer.status != 200:
            raise SystemExit(f"the OpenAPI document is not given to who is signed in: {answer.status}")
        target.write_bytes(await answer.read())


def _operations(counts: Path) -> tuple[tuple[str, ...], ...]:
    """The operations with how many requests each got and how they were answered."""
    told: dict[str, dict[str, int]] = json.loads(counts.read_text()) if counts.exists() else {}
    rows: list[tuple[str, ...]] = [("接口", "请求数", "成功 2xx", "拒绝 4xx", "出错 5xx")]
    for name in sorted(told):
        by = {first: sum(n for status, n in told[name].items() if status[0] == first) for first in "245"}
        rows.append((name, str(sum(told[name].values())), *(str(by[first]) for first in "245")))
    return tuple(rows)


def _read(tool: str, printed: str, code: int, examples: int) -> Result:
    lines = [line.strip() for line in printed.splitlines()]
    summary = next((line for line in reversed(lines) if "passed" in line or "failed" in line), "")
    summary = re.sub(r"^(\d+) generated, (\d+) passed$", r"共 \1 组，\2 组通过", summary)
    failed = [line for line in lines if line.startswith(("- Server error", "Server error"))]
    found = tuple(
        Finding("5xx", Severity.HIGH, "/api/v1/", json.dumps(line)) for line in dict.fromkeys(failed)
    )
    if code not in (0, 1):
        return Result("schemathesis", tool, "", unchecked=f"没有跑成：{lines[-1][:200] if lines else code}")
    if code == 1 and not found:
        found = (Finding("schemathesis", Severity.MEDIUM, "/api/v1/", summary or printed[-400:]),)
    return Result("schemathesis", tool, f"每个接口 {examples} 组请求；{summary}", found)
