"""The sandbox's own time, which a test or a demonstrator may push forward.

Expiry and quotas are judged by this clock; waiting between retries is real waiting.
"""

import time
from datetime import UTC, datetime


class Clock:
    """Unix time plus an offset that only grows."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Unix seconds as the sandbox sees them."""
        return time.time() + self._ahead

    def moment(self) -> datetime:
        """The same instant, timezone-aware UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` (not negative) pass at once; raises ``ValueError`` for a step back."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self._ahead += seconds

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead = 0.0
