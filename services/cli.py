"""入口 · The console script `jishi`."""

from __future__ import annotations

import gc
import sys

from services.run import guard

SELDOM = (50_000, 20, 50)
"""How many objects are made before the collector looks for circles among them. Nearly all that we
make lives for a moment or as long as the process: looking every 700 costs a tenth of all work."""


def main() -> None:
    """Check that this is jishi's own installation, then do what was typed."""
    gc.set_threshold(*SELDOM)
    guard.check()
    from services.terminal.program import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
