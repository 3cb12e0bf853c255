"""Which groups are too small to be shown, and which are hidden with them so that nobody finds them by subtraction. Pure."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def hidden(sizes: Mapping[Key, int], least: int) -> frozenset[Key]:
    """The groups not to be shown beside a total.

    A group below `least` is hidden (an empty one tells nothing and is not). If what is hidden were one group alone, or
    fewer than `least` together, "total less what is shown" would tell it: so the smallest group shown is hidden too,
    until neither holds (complementary suppression, as statistical offices do it).
    """
    small = {key for key, n in sizes.items() if 0 < n < least}
    if not small:
        return frozenset()
    others = sorted((key for key, n in sizes.items() if n >= least), key=lambda key: (sizes[key], str(key)))
    while others and (len(small) < 2 or sum(sizes[key] for key in small) < least):
        small.add(others.pop(0))
    return frozenset(small)
