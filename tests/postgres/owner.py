"""A process that uses the embedded server of a home, for tests that must kill or watch one.

    python owner.py HOME [--hold]

Prints one JSON line when the server takes connections; with --hold it then waits for the end of
its input, and stops the server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from events.errors import JishiError
from services.run import postgres


def say(what: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def main() -> int:
    try:
        server = postgres.start(Path(sys.argv[1]), talk=lambda line: None)
    except JishiError as error:
        say({"error": error.detail, "zh": error.zh})
        return 1
    say({"pid": server.pid, "dsn": server.dsn, "adopted": server.adopted})
    if "--hold" in sys.argv:
        sys.stdin.read()
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
