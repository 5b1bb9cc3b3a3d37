"""Mechanisms that no scenario shows yet. The list may only become shorter."""

from __future__ import annotations

LISTED = """
"""
MISSING = frozenset(LISTED.split())
