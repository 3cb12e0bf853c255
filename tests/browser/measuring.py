"""Looks at a page as the rules for elderly users do: sizes, lines, targets (measure.js), and everything axe-core knows.

Numbers: 工信部《互联网网站适老化通用设计规范》 (2021): text of 18 dp and more and the largest of 30 in large letters, lines of
1.3 and more, targets of 60 × 60 there and 44 × 44 elsewhere, contrast of 4.5 (axe, WCAG 2.1 AA).
"""

import json
from functools import cache
from pathlib import Path

from playwright.async_api import Page

from core.assets import FOLDER, manifest

HERE = Path(__file__).parent
AXE = """axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}).then((found) =>
    found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`))"""


@cache
def _script() -> str:
    return (HERE / "measure.js").read_text(encoding="utf-8")


@cache
def _axe() -> str:
    return (FOLDER / "vendor" / manifest().files["axe.min.js"]).read_text(encoding="utf-8")


async def faults_of(page: Page, *, big: bool) -> list[str]:
    """What is wrong with the page as it stands, a line each."""
    least = {"text": 18, "target": 60} if big else {"text": 13, "target": 44}
    found = await page.evaluate(_script(), least)
    assert found["texts"] > 3, f"{page.url} shows nothing to be measured"
    faults = [f"{name}: {line}" for name in ("small", "tight", "narrow") for line in found[name]]
    if found["wide"]:
        faults.append(f"wide: {found['wide']} px beyond the window")
    if big and found["largest"] < 30:
        faults.append(f"largest: {found['largest']}")
    await page.evaluate(_axe())
    faults += [f"axe: {line}" for line in await page.evaluate(AXE)]
    where = page.url.partition("//")[2].partition("/")[2]
    return [f"/{where}: {fault}" for fault in dict.fromkeys(faults)]


def told(faults: list[str]) -> str:
    """All of them, for the message of a failure."""
    return json.dumps(faults, ensure_ascii=False, indent=1)
