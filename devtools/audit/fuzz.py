"""schemathesis over the OpenAPI document of a real server, signed in and signing: no answer may be a 5xx."""

import asyncio
import json
import os
import sys
import tempfile
from importlib.metadata import version

from devtools.audit.findings import FOLDER, ROOT, Finding, Result, Severity
from devtools.audit.stage import Server, sign_in

EXAMPLES = 200
LONGEST = 1500  # seconds


async def api(at: Server, number: str = "zhongxinzr", examples: int = EXAMPLES) -> Result:
    """Every operation of the document with `examples` made-up requests each, as one of the centre."""
    session = await sign_in(at, number)
    tool = f"schemathesis {version('schemathesis')}"
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{at.url}/api/v1/openapi.json",
            "--checks", "not_a_server_error", "--phases", "fuzzing", "--max-examples", str(examples),
            "--generation-database", "none", "--workers", "2", "--report", "ndjson", "--report-dir", folder,
            "--no-color", "--request-timeout", "20", "--seed", "20260101",
        ]  # fmt: skip
        for name, value in session.headers.items():
            command += ["--header", f"{name}: {value}"]
        done = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "devtools.audit.signing_hook",
                "AUDIT_SECRET": at.secret,
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
        return _read(tool, printed.decode(errors="replace"), done.returncode or 0, examples)


def _read(tool: str, printed: str, code: int, examples: int) -> Result:
    lines = [line.strip() for line in printed.splitlines()]
    summary = next((line for line in reversed(lines) if "passed" in line or "failed" in line), "")
    failed = [line for line in lines if line.startswith(("- Server error", "Server error"))]
    found = tuple(
        Finding("5xx", Severity.HIGH, "/api/v1/", json.dumps(line)) for line in dict.fromkeys(failed)
    )
    if code not in (0, 1):
        return Result("schemathesis", tool, "", unchecked=f"没有跑成：{lines[-1][:200] if lines else code}")
    if code == 1 and not found:
        found = (Finding("schemathesis", Severity.MEDIUM, "/api/v1/", summary or printed[-400:]),)
    return Result("schemathesis", tool, f"每个接口 {examples} 组请求；{summary}", found)
