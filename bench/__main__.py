"""测量 · `python -m bench [--rows append,import] [--small]`: a table, and results.json."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback

from bench import report
from bench.figures import Finding
from bench.rows import NOT_RUN, ROWS, runner
from bench.stand import FULL, SMALL, a_stand


def main() -> int:
    """The rows asked for, or all. Exit code 1 where a goal that could be judged was not met."""
    asked = _asked()
    names = [name for name in (asked.rows or "").split(",") if name] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.stderr.write(f"no such row: {', '.join(unknown)}; rows are {', '.join(ROWS)}\n")
        return 2
    machine = report.machine()
    findings = asyncio.run(_measured(names, small=asked.small))
    if not asked.rows:
        findings += NOT_RUN
    sys.stdout.write(f"{report.table(findings)}\n")
    if asked.small:
        sys.stdout.write("a small run: it shows that everything runs, the figures say nothing\n")
    else:
        sys.stdout.write(f"written to {report.write(findings, machine)}\n")
    return 0 if all(one.met is not False for one in findings) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--small", action="store_true", help="a minute: does everything run?")
    return parser.parse_args()


async def _measured(names: list[str], *, small: bool) -> list[Finding]:
    findings: list[Finding] = []
    async with a_stand(SMALL if small else FULL) as stand:
        for name in names:
            began = time.monotonic()
            stand.say(f"{name} …")
            try:
                findings += await runner(name)(stand)
            except Exception as error:  # noqa: BLE001 (the other rows are still worth having)
                traceback.print_exc()
                why = f"{type(error).__name__}: {error}"
                findings.append(Finding(name, "", goal="failed", met=False, left_out=[why]))
            stand.say(f"{name}: {time.monotonic() - began:.0f} s")
    return findings


if __name__ == "__main__":
    sys.exit(main())
