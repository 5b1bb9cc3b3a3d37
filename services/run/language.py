"""语言 · Which of the two languages the command line speaks.

The only place beside `settings` that reads the environment: `--help` must know the language, and
must not wait for everything that checking all settings brings with it.
"""

from __future__ import annotations

import os
from typing import Literal

VARIABLES = ("JISHI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first of them that is set decides."""


def language() -> Literal["zh", "en"]:
    """`en` where the setting, or else the locale, is English; otherwise Chinese."""
    found = next((value for name in VARIABLES if (value := os.environ.get(name))), "")
    return "en" if found.lower().startswith("en") else "zh"
