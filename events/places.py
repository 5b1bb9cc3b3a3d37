"""区域与单位 · Codes of areas, units, categories and people.

Codes are flat and opaque: the parent of an area stands only in the register, since a path-like
code would tell a lie after the first redraw of the map. Names are text beside them.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

CODE_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"
IDENTIFIER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN, max_length=32)]
"""Code of an area, unit, team, category or variant."""

PersonId = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN, max_length=64)]
"""Opaque id of a person or household. Never a name, a number of a document or a telephone."""

_CODE = re.compile(CODE_PATTERN)


def is_code(text: str) -> bool:
    """Whether a text may stand as a code."""
    return _CODE.match(text) is not None and not text.endswith("\n")
