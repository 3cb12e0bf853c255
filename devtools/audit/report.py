"""The code audit report (代码审计报告) as a Word document, from the results of the checks."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from docx import Document
from docx.document import Document as Made

from core.clock import SHANGHAI
from devtools.audit.findings import FOLDER, Finding, Result
from devtools.audit.static import run

TITLES = {
    "ruff": "安全编码规则（ruff S）",
    "bandit": "静态分析（bandit）",
    "house": "架构与目录约定",
    "secrets": "密钥与口令扫描",
    "dependencies": "后端依赖漏洞",
    "npm": "前端依赖漏洞",
    "schemathesis": "接口模糊测试",
    "crawl": "页面遍历与注入尝试",
    "stale": "已失效的研判",
}


def write(results: Sequence[Result]) -> Path:
    """The report of this run; the file."""
    made = datetime.now(SHANGHAI)
    document = Document()
    document.add_heading("代码审计报告", 0)
    commit = run("git", "rev-parse", "--short", "HEAD").stdout.strip()
    document.add_paragraph(f"系统：回音 Huiyin    版本：{commit}    生成时间：{made:%Y-%m-%d %H:%M}")
    document.add_heading("一、范围与方法", 1)
    document.add_paragraph(
        "范围为本仓库全部受版本管理的文件，以及以示例医院数据启动的真实服务。方法为静态分析、密钥扫描、依赖核查、"
        "依据接口文档的模糊测试、以各岗位身份遍历页面并逐个参数尝试攻击串。"
    )
    _summary(document, results)
    document.add_heading("三、未处理的问题", 1)
    left = [(result, finding) for result in results for finding in result.open]
    _table(document, [(TITLES[r.name], f) for r, f in left]) if left else document.add_paragraph("无。")
    document.add_heading("四、已研判的提示", 1)
    judged = [(TITLES[r.name], f) for r in results for f in r.findings if f.judged]
    _table(document, judged, judged=True) if judged else document.add_paragraph("无。")
    document.add_heading("五、未能核查的内容", 1)
    unchecked = [f"{TITLES[result.name]}：{result.unchecked}" for result in results if result.unchecked]
    for text in [*unchecked, "医院网络、主机加固、机房与第三方系统不在本报告范围，由医院信息科另行核查。"]:
        document.add_paragraph(text, style="List Bullet")
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"代码审计报告-{made:%Y%m%d-%H%M}.docx"
    document.save(str(path))
    return path


def _summary(document: Made, results: Sequence[Result]) -> None:
    document.add_heading("二、结果汇总", 1)
    table = document.add_table(rows=1, cols=5, style="Light Grid Accent 1")
    for cell, words in zip(
        table.rows[0].cells, ("检查", "工具", "检查范围", "已研判", "未处理"), strict=True
    ):
        cell.text = words
    for result in results:
        row = table.add_row().cells
        judged = len(result.findings) - len(result.open)
        texts = (
            TITLES[result.name],
            result.tool,
            result.looked_at or "未能核查",
            str(judged),
            str(len(result.open)),
        )
        for cell, text in zip(row, texts, strict=True):
            cell.text = text


def _table(document: Made, found: Sequence[tuple[str, Finding]], *, judged: bool = False) -> None:
    table = document.add_table(rows=1, cols=4, style="Light Grid Accent 1")
    for cell, words in zip(
        table.rows[0].cells, ("检查", "位置", "提示", "研判理由" if judged else "等级"), strict=True
    ):
        cell.text = words
    for title, finding in found:
        row = table.add_row().cells
        last = finding.judged if judged else str(finding.severity)
        for cell, text in zip(
            row, (title, finding.place, f"{finding.rule} {finding.text}", last), strict=True
        ):
            cell.text = text
