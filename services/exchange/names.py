"""名与码 · The names of a source, and the codes and ids they get here.

Codes are opaque (`events.places`), so a name becomes a readable stem and a digest of the whole
raw text: blanks and names that differ in one space stay apart. The way leads only forward; a
reconciliation turns the names it expects into codes and looks those up.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping

from services.exchange.profile import Profile

STEM_MAX = 20
DIGEST_HEX = 8
PERSON_MAX = 64
_OTHER = re.compile(r"[^a-z0-9]+")
_PERSON = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


def raw(text: str) -> str:
    """A raw text as it is kept: unchanged but for the one spelling Unicode calls normal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class Names:
    """Names of one source. Shape: `area`, `unit`, `category` give codes, `person` an opaque id."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._areas = _Codes(f"{profile.name}\narea\n", profile.areas)
        self._units = _Codes(f"{profile.name}\nunit\n", profile.units)
        self._categories = _Codes("category\n", profile.categories)

    def area(self, text: str) -> str:
        """The code of an area. A blank is an area too: the source did not say."""
        return self._areas.of(text)

    def unit(self, text: str) -> str | None:
        """The code of a unit; None for a blank."""
        return self._units.of(text) if text.strip() else None

    def category(self, text: str) -> str | None:
        """The code of a category; the same word is the same category in every source."""
        return self._categories.of(text) if text.strip() else None

    def person(self, text: str) -> str | None:
        """The id of a person the source already calls by a pseudonym."""
        text = raw(text)
        if not text.strip():
            return None
        whole = f"{self._profile.name}-{text}"
        return whole if _PERSON.match(whole) else f"{self._profile.name}-{_digest(text, 16)}"

    def made_areas(self) -> Mapping[str, str]:
        """Raw name → code of every area met so far that the profile does not map to a known one."""
        return self._areas.made

    def made_units(self) -> Mapping[str, str]:
        """The same for units."""
        return self._units.made

    def code(self, dimension: str, text: str) -> str:
        """The key under which a raw text stands in a breakdown by this dimension."""
        if dimension == "area":
            return self.area(text)
        if dimension == "unit":
            return self.unit(text) or ""
        if dimension == "category":
            return self.category(text) or ""
        if dimension == "requester":
            return self.person(text) or ""
        return raw(text)


class _Codes:
    """Codes of one dimension, each worked out once."""

    def __init__(self, scope: str, given: Mapping[str, str]) -> None:
        self._scope = scope
        self._known = dict(given)
        self.made: dict[str, str] = {}

    def of(self, text: str) -> str:
        code = self._known.get(text)
        if code is None:
            text = raw(text)
            stem = _OTHER.sub("-", text.lower()).strip("-")[:STEM_MAX].rstrip("-") or "x"
            code = f"{stem}-{_digest(self._scope + text, DIGEST_HEX)}"
            self._known[text] = self.made[text] = code
        return code


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
