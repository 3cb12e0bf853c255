"""Structured logs with a trace id that follows a request through reaction, job and outward call."""

import logging
import random
import sys
from collections import deque
from contextvars import ContextVar
from typing import NamedTuple

import structlog
from structlog.typing import EventDict, WrappedLogger

from core.error_words import clean, traced


class Noted(NamedTuple):
    """An error that was logged: its event, the kind of exception, the trace id."""

    event: str
    error: str
    trace_id: str


ERRORS: deque[Noted] = deque(maxlen=500)  # until core.audit_errors writes them into the audit log
_trace: ContextVar[str] = ContextVar("trace_id", default="")


def trace_id() -> str:
    """The trace id of the present request, reaction or job; empty outside of one."""
    return _trace.get()


def begin_trace(value: str = "") -> str:
    """Continue the trace `value`, or begin a new one (16 hex digits)."""
    value = value or f"{random.getrandbits(64):016x}"
    _trace.set(value)
    return value


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if current := _trace.get():
        event["trace_id"] = current
    return event


def note_error(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """Keep what is logged as an error for the audit log."""
    if level in ("error", "critical", "exception"):
        error = event.get("exc_info")
        kind = type(error).__name__ if isinstance(error, BaseException) else ""
        ERRORS.append(Noted(str(event.get("event", ""))[:200], kind, trace_id()))
    return event


def _in_words(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Nothing personal in any line, of ours or of a library, whatever was handed over to be logged."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = traced(error)
    return clean(dict(event))


def set_up(level: str, form: str, process: str) -> None:
    """Send our logs and the libraries' to standard output, as JSON lines or readable text."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[note_error, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _in_words,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("aiohttp.access", "tortoise", "asyncio", "engineio", "socketio", "arq"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; events are short English names, facts go into keywords, personal data never (core/error_words.py guards)."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return log
