"""报告 · The table for people, and results.json for programs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Finding

RESULTS = Path(__file__).parent / "results.json"
MARKS = {True: "met", False: "NOT MET", None: "–"}
UNITS = {"us": "µs", "ms": "ms", "s": "s", "mb": "MB"}


def table(findings: Sequence[Finding]) -> str:
    """One line for each finding, those of the peers below it."""
    lines = [f"{'row':<24}{'ours':>14} {'':<12}{'goal':<86}{'':>8}", "-" * 145]
    for one in findings:
        ours = "not run" if one.ours is None else _number(one.ours)
        lines.append(f"{one.row:<24}{ours:>14} {one.unit:<12}{one.goal:<86}{MARKS[one.met]:>8}")
        for name, value in one.peers.items():
            times = f"{one.ratios[name]:.2f}×" if name in one.ratios else ""
            lines.append(f"    {name:<42.42}{_number(value):>14} {one.unit:<12}{times:>10}")
        if one.also:
            lines.append("    " + " · ".join(_beside(*item) for item in one.also.items()))
        lines += [f"    left out: {reason}" for reason in one.left_out]
    return "\n".join(lines)


def _beside(name: str, value: float) -> str:
    words, _, unit = name.rpartition("_")
    if unit in UNITS:
        return f"{words.replace('_', ' ')} {_number(value)} {UNITS[unit]}"
    return f"{name.replace('_', ' ')} {_number(value)}"


def _number(value: float) -> str:
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def results(findings: Sequence[Finding], measured_on: dict[str, Any]) -> dict[str, Any]:
    """What is written to results.json."""
    return {
        "machine": measured_on,
        "commit": commit(),
        "rows": [one.json() for one in findings],
    }


def write(findings: Sequence[Finding], measured_on: dict[str, Any]) -> Path:
    """Write results.json beside this file."""
    text = json.dumps(results(findings, measured_on), ensure_ascii=False, indent=1)
    RESULTS.write_text(f"{text}\n", encoding="utf-8")
    return RESULTS


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was before."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def commit() -> str:
    """The commit that was measured, with `+` where something is changed since."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
            capture_output=True,
            text=True,
            check=True,
            cwd=RESULTS.parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()
