"""Several reminders to one person become one message with a list. Pure: texts in, one text out."""

from collections.abc import Sequence

MOST_LINES = 20
LINE = 80


def bundled(texts: Sequence[str]) -> str:
    """One text for many: a head that counts, a numbered line for each (its first line), oldest first."""
    lines = [f"您有 {len(texts)} 条提醒："]
    lines += [f"{at}. {_first_line(text)}" for at, text in enumerate(texts[:MOST_LINES], start=1)]
    if len(texts) > MOST_LINES:
        lines.append(f"…另有 {len(texts) - MOST_LINES} 条")
    return "\n".join(lines)


def _first_line(text: str) -> str:
    line = " ".join(text.strip().split("\n")[0].split())
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"
