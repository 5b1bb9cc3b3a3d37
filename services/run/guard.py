"""门卫 · A distribution named `Events` also installs a package called `events`. Whichever came last
would win without a word, and the first sign would be a traceback from somewhere deep. This looks
first, and says what to do.

It is the first line of the program, so it uses nothing but the standard library.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

PROJECT = "jishi"
ROOMS = ("events", "streams", "projections", "services")


def check() -> None:
    """End the program (exit code 1) with a clear message where one of the four rooms is not
    jishi's own, or where they come from different installations."""
    problem = clash()
    if problem is not None:
        sys.exit(problem)


def clash() -> str | None:
    """What is wrong with the installation, or None."""
    homes: dict[str, Path | None] = {}
    for room in ROOMS:
        try:
            module = import_module(room)
        except ImportError as error:
            return _advice(f"the package {room} cannot be read ({error})")
        homes[room] = _home(module)
        if getattr(module, "PROJECT", None) != PROJECT:
            return _advice(f"{homes[room]} holds a package {room} that is not jishi's")
    if len(set(homes.values())) > 1:
        places = ", ".join(f"{room} in {home}" for room, home in homes.items())
        return _advice(f"the parts of jishi come from different places: {places}")
    return None


def _home(module: ModuleType) -> Path | None:
    """The folder that holds the package. A namespace package (a folder without a file of its own)
    has no `__file__`."""
    if module.__file__ is not None:
        return Path(module.__file__).resolve().parents[1]
    paths = list(module.__path__)
    return Path(paths[0]).resolve().parent if paths else None


def _advice(what: str) -> str:
    return (
        f"jishi cannot start: {what}.\n"
        "Another distribution (for one, `Events` from PyPI) has the same package name. Install "
        "jishi into an environment of its own: `pipx install jishi`, or a new `python -m venv`.\n"
        "jishi 无法启动：安装环境中有同名的包。请为 jishi 单独建立环境"
        "（pipx install jishi，或新建 venv）后重新安装。"
    )
