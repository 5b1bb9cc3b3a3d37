"""语言 · Which of the two languages a caller reads: from `Accept-Language`, on pages also as they
chose."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from starlette.requests import Request as HttpRequest

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")
COOKIE = "jishi_lang"
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


def asked_language(
    http: HttpRequest, otherwise: Language
) -> tuple[Language, tuple[tuple[bytes, bytes], ...]]:
    """The language of a page: as asked now (and from now on: the headers that keep it), as asked
    before, as the browser says."""
    now = http.query_params.get("lang")
    for language in LANGUAGES:
        if now == language:
            cookie = f"{COOKIE}={language}; Path=/; SameSite=Lax; Max-Age=31536000"
            return language, ((b"set-cookie", cookie.encode()),)
    before = http.cookies.get(COOKIE)
    for language in LANGUAGES:
        if before == language:
            return language, ()
    return otherwise, ()


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return max(0.0, min(1.0, float(value)))
    except ValueError:
        return 0.0
