"""A monitor outside that is called regularly and raises the alarm when the calls stop; a plain GET, no content."""

from integrations import http

SYSTEM = "heartbeat"


async def ping(url: str) -> None:
    """Tell the monitor at `url` that we live.

    Raises:
        CallFailed: nobody answered, or the answer was no success.
    """
    answer = await http.call(SYSTEM, "ping", "GET", url)
    if answer.status >= 300:
        raise http.CallFailed(
            SYSTEM, "ping", f"http {answer.status}", "the monitor did not take it", http.Kind.PERMANENT
        )
