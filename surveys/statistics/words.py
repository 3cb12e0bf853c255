"""Which words come up in texts: pairs of characters joined to longer ones where they always stand together. Pure.

Without a dictionary of Chinese words, so that no package has to be trusted with what patients wrote: what comes up in
several texts as one run is told as one word; punctuation and the smallest words part the runs.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

LONGEST = 6
LONGEST_RUN = 14
FEWEST = 2  # texts in which a word must come up
_BREAKS = re.compile(
    r"[^\u4e00-\u9fffA-Za-z0-9]+|[的了是在就都很也还有和与及吧吗呢啊呀我你您他她它们这那着过把被让给对从到地得没不太要会能可以]"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]+")


def frequent(texts: Iterable[str], most: int = 40) -> list[tuple[str, int]]:
    """Words and in how many texts each comes up, the most frequent first.

    A shorter word is left out where a longer one holds it in (nearly) all its texts.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_candidates(text))
    words = {word: n for word, n in counts.items() if n >= FEWEST}
    inside: dict[str, int] = {}
    for word, n in words.items():
        for piece in _pieces(word):
            if piece in words:
                inside[piece] = max(inside.get(piece, 0), n)
    kept = _joined({word: n for word, n in words.items() if inside.get(word, 0) < 0.7 * n})
    return sorted(kept.items(), key=lambda one: (-one[1], -len(one[0]), one[0]))[:most]


def _joined(words: Mapping[str, int]) -> dict[str, int]:
    """Pieces of one longer run ("保洁师傅帮忙", "洁师傅帮忙指" …) come up together: told once, as the run, up to LONGEST_RUN."""
    begins = {word[:-1]: word for word in words if len(word) == LONGEST}
    follows = {
        word: after
        for word, n in words.items()
        if len(word) == LONGEST
        and (after := begins.get(word[1:])) is not None
        and after != word
        and min(n, words[after]) >= 0.7 * max(n, words[after])
    }
    heads = set(follows) - set(follows.values())
    found, used = (
        {word: n for word, n in words.items() if word not in {*follows, *follows.values()}},
        set[str](),
    )
    for head in sorted(heads):
        run, at, n = head, head, words[head]
        used.add(head)
        while (after := follows.get(at)) is not None and after not in used and len(run) < LONGEST_RUN:
            run, at, n = run + after[-1], after, min(n, words[after])
            used.add(after)
        found[run] = n
    return found


def _candidates(text: str) -> set[str]:
    found: set[str] = set()
    for run in _BREAKS.split(text):
        if _LATIN.fullmatch(run):
            found.add(run.lower())
            continue
        for length in range(2, min(LONGEST, len(run)) + 1):
            found.update(run[at : at + length] for at in range(len(run) - length + 1))
    return {word for word in found if not word.isdigit()}


def _pieces(word: str) -> set[str]:
    return {word[at : at + length] for length in range(2, len(word)) for at in range(len(word) - length + 1)}
