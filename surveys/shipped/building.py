"""A template's file made into a definition: TOML that says the questions in short, so that people can read and mend it.

[[page]] title, [[page.ask]] code, kind (default: the file's `scale`), title, options ["好|5", …] and any other field of
the kind; `dimension` tags and, with `score = true`, makes a score of all its questions. `[scale]` names a set of options.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind

ENGLISH = (
    Path(__file__).resolve().parent / "english"
)  # words.toml for all, beside it a file for one template's own
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def built(file: Path) -> tuple[Kind, str, Definition]:
    """Kind, what it is for, and the definition.

    Raises:
        pydantic.ValidationError: the file is not well formed; a test reads them all.
    """
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    scales: dict[str, list[str]] = raw.get("scales", {})
    pages = [
        {"title": page.get("title", ""), "items": [_item(ask, raw, scales) for ask in page["ask"]]}
        for page in raw["page"]
    ]
    definition = Definition.model_validate(
        {
            "title": raw["title"],
            "intro": raw.get("intro", ""),
            "pages": pages,
            "scores": [*_by_dimension(pages, raw), *raw.get("score", [])],
        }
    )
    return Kind(raw["kind"]), raw["about"], _in_english(definition, file.stem)


def _in_english(definition: Definition, key: str) -> Definition:
    """With the English words of all its texts; as it is when one is missing, for half a translation helps nobody."""
    words = _english("words") | _english(key)
    told = {place: words.get(text, "") for place, text in definition.texts().items()}
    return definition.model_copy(update={"languages": {"en": told}}) if all(told.values()) else definition


@cache
def _english(name: str) -> dict[str, str]:
    file = ENGLISH / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _item(ask: dict[str, Any], raw: dict[str, Any], scales: dict[str, list[str]]) -> dict[str, Any]:
    told = {**raw.get("usual", {}), **ask} if "kind" not in ask else dict(ask)
    options = told.get("options")
    if isinstance(options, str):
        options = scales[options]
    if options is not None:
        told["options"] = [_option(text, LETTERS[at]) for at, text in enumerate(options)]
    if "rows" in told:
        told["rows"] = [{"code": LETTERS[at], "label": label} for at, label in enumerate(told["rows"])]
    if "blanks" in told:
        told["blanks"] = [{"code": LETTERS[at], "label": label} for at, label in enumerate(told["blanks"])]
    return told


def _option(text: str, code: str) -> dict[str, Any]:
    """ "满意|4", "其他|other", "以上都没有|exclusive"; a code may lead: "yes:有"."""
    label, *more = text.split("|")
    named, _, rest = label.partition(":")
    option: dict[str, Any] = {"code": named, "label": rest} if rest else {"code": code, "label": label}
    for word in more:
        option |= {word: True} if word in {"other", "exclusive"} else {"score": word}
    return option


def _by_dimension(pages: list[dict[str, Any]], raw: dict[str, Any]) -> list[dict[str, Any]]:
    """A score for each dimension in the order it is asked, where the file says how: [dimensions] and their labels."""
    how: dict[str, Any] = raw.get("dimension_score", {})
    labels: dict[str, str] = raw.get("dimensions", {})
    found: dict[str, list[str]] = {}
    for page in pages:
        for item in page["items"]:
            if item.get("dimension") in labels:
                found.setdefault(item["dimension"], []).append(item["code"])
    return [
        {"key": key, "label": labels[key], "questions": codes, "dimension": key, **how}
        for key, codes in found.items()
    ]
