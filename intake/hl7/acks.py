"""Answers to HL7 messages in the original mode of acknowledgement (HL7 v2.x 2.9.2): AA, AE, AR, and where the fault is.

AA: stored safely (it is worked on after that). AE: the content or its form is at fault, and the message is kept, parked.
AR: not ours (sender, type, version, processing id), or we could not store it: the sender keeps it and sends it again.
In the enhanced mode (2.9.3) of a link the same are CA, CE and CR, given when MSH-15 asks for them; an answer of the
application is not sent after that.
"""

from enum import StrEnum

from core import clock
from patients.feeds.hl7.message import Message, NotHl7, escape, parse


class Code(StrEnum):
    """MSA-1."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


COMMIT = {Code.ACCEPT: "CA", Code.ERROR: "CE", Code.REJECT: "CR"}
WANTED = {  # MSH-15, HL7 table 0155
    "NE": frozenset[Code](),
    "ER": frozenset({Code.ERROR, Code.REJECT}),
    "SU": frozenset({Code.ACCEPT}),
}


class Why(StrEnum):
    """ERR-3, HL7 table 0357."""

    FIELD_MISSING = "101"
    DATA_TYPE = "102"
    SEGMENT_SEQUENCE = "100"
    UNSUPPORTED_TYPE = "200"
    UNSUPPORTED_EVENT = "201"
    UNSUPPORTED_PROCESSING = "202"
    UNSUPPORTED_VERSION = "203"
    UNKNOWN_KEY = "204"
    INTERNAL = "207"


def answer(
    asked: Message | None,
    code: Code,
    *,
    why: Why | None = None,
    at: str = "",
    words: str = "",
    enhanced: bool = False,
) -> str:
    """The acknowledgement of a message (None: one that could not be read at all), segments ended by CR.

    "" when the link is `enhanced` and the sender wants none.
    """
    get = asked.get if asked is not None else lambda _: ""
    if enhanced and code not in WANTED.get(get("MSH-15"), frozenset(Code)):
        return ""
    event = get("MSH-9.2")
    kind = f"ACK^{escape(event)}^ACK" if event else "ACK"
    ours = [escape(get(where)) for where in ("MSH-5", "MSH-6", "MSH-3", "MSH-4")]
    control = get("MSH-10")
    stamp = f"{clock.local(clock.now()):%Y%m%d%H%M%S}"
    head = [
        "MSH",
        "^~\\&",
        *ours,
        stamp,
        "",
        kind,
        f"A{escape(control)}"[:50],
        escape(get("MSH-11.1")) or "P",
    ]
    lines = [
        "|".join([*head, escape(get("MSH-12.1")) or "2.4", *[""] * 5, escape(get("MSH-18"))]).rstrip("|"),
        "|".join(["MSA", COMMIT[code] if enhanced else code, escape(control), escape(words[:80])]).rstrip(
            "|"
        ),
    ]
    if why is not None:
        lines.append("|".join(["ERR", "", _location(at), why, "E", "", "", "", escape(words[:250])]))
    return "\r".join(lines) + "\r"


def _location(at: str) -> str:
    """ERR-2 (segment^occurrence^field^repetition^component) of "PV1-3.1"."""
    segment, _, rest = at.partition("-")
    field, _, component = rest.partition(".")
    return "^".join([escape(segment), "1", escape(field), "1", escape(component)]).rstrip("^") if at else ""


def peeked(line: str) -> Message | None:
    """The MSH of a message whose rest cannot be read; None when it cannot be read either."""
    try:
        return parse(line)
    except NotHl7:
        return None
