"""Why somebody does something about a link or a message: words that an auditor can make something of."""

from core.errors import Fault, Invalid

LEAST, MOST = 6, 200  # characters of a reason


def reasoned(text: str) -> str:
    """A reason.

    Raises:
        Invalid: too short, or too long.
    """
    words = " ".join(text.split())
    if sum(sign.isalnum() for sign in words) < LEAST or len(set(words)) < 3 or len(words) > MOST:
        said = f"请写明具体原因，{LEAST} 至 {MOST} 个字"
        fault = Fault(field="reason", label="原因", reason=said, value=words[:50])
        raise Invalid("请写明原因", details=[fault])
    return words
