"""Names of files as people gave them, made safe to show, to keep and to send back. Looks at no content.

What is taken out: paths, control signs, signs that turn the direction of writing (so that "gpj.exe" cannot read as
"exe.jpg"), what Windows does not allow, leading dots. OWASP ASVS 4.0 12.3.1, 12.3.2.
"""

import re
import unicodedata

from core.errors import Fault, Invalid

LONGEST = 150
UNNAMED = "未命名"
# What runs, or is shown as a page, on somebody's machine: no name may carry one before its true ending.
_RUNS = re.compile(
    "apk|app|aspx?|bat|cgi|chm|cmd|com|cpl|dll|dmg|docm|dotm|exe|hta|x?html?|iso|jar|jse?|jspx?|lnk|mht|msix?|pif|php"
    "|phtml|pl|ps1|py|reg|scr|sh|shtml|svg|swf|url|vb|vbe|vbs|wsf|xlsm|xltm|xml"
)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')


def safe(name: str) -> str:
    """The name without what could mislead; "未命名" when nothing is left."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        sign for sign in unicodedata.normalize("NFC", name) if unicodedata.category(sign) not in _HIDDEN
    )
    return _FORBIDDEN.sub("_", kept).strip().lstrip(".").rstrip(". ")[-LONGEST:].strip() or UNNAMED


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def ending(name: str) -> str:
    """ "pdf" of "报告.PDF"; "" when there is none."""
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def check(name: str) -> None:
    """Refuse "发票.exe.pdf".

    Raises:
        Invalid: an ending of a program or page stands before the last one.
    """
    inner = [part.strip().lower() for part in name.split(".")[1:-1]]
    if found := next((part for part in inner if _RUNS.fullmatch(part)), ""):
        raise refusal(name, f"的文件名带有双重扩展名（.{found}），请改名后再上传")


def refusal(name: str, reason: str) -> Invalid:
    """What is said of a file that is not taken."""
    return Invalid(
        f"“{name}”{reason}", details=[Fault(field="file", label="附件", reason=reason, value=name)]
    )
