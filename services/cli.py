"""入口 · The console script `jishi`."""

from __future__ import annotations

import sys

from services.run import guard


def main() -> None:
    """Check that this is jishi's own installation, then do what was typed."""
    guard.check()
    from services.terminal.program import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
