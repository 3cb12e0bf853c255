"""Quotas as the vendors keep them: so many in a window, and a block when a caller oversteps.

Counting is by the sandbox clock, so a test lets a minute pass without waiting for it.
"""

from collections import defaultdict, deque

from sandbox.clock import Clock

Rule = tuple[float, int]  # (window in seconds, how many)


class Windows:
    """Sliding windows per key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._blocked: dict[str, float] = {}

    def allow(self, key: str, *rules: Rule) -> bool:
        """Count one event of ``key`` if every rule still has room; what is refused is not counted."""
        now = self._clock.now()
        seen = self._seen[key]
        longest = max(window for window, _ in rules)
        while seen and seen[0] <= now - longest:
            seen.popleft()
        for window, most in rules:
            if sum(1 for at in seen if at > now - window) >= most:
                return False
        seen.append(now)
        return True

    def admit(self, key: str, *rules: Rule) -> bool:
        """Like :meth:`allow`, but overstepping a window blocks the key for that window's length."""
        now = self._clock.now()
        if self._blocked.get(key, 0.0) > now:
            return False
        seen = self._seen[key]
        for window, most in rules:
            if len(seen) >= most and seen[-most] > now - window:
                self._blocked[key] = now + window
                return False
        most_kept = max(most for _, most in rules)
        seen.append(now)
        while len(seen) > most_kept:
            seen.popleft()
        return True

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()
        self._blocked.clear()
