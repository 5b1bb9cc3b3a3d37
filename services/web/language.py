"""语言 · Which of the two languages a caller reads, from `Accept-Language` alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")
HEADER_MAX = 200


@lru_cache(maxsize=512)
def chosen(header: str, otherwise: Language = "zh") -> Language:
    """The caller's language: the known one with the highest weight, else the house's own."""
    best: Language = otherwise
    best_weight = 0.0
    for part in header[:HEADER_MAX].split(","):
        tag, _, rest = part.strip().partition(";")
        weight = _weight(rest)
        for language in LANGUAGES:
            if tag.lower().split("-")[0] == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return max(0.0, min(1.0, float(value)))
    except ValueError:
        return 0.0
