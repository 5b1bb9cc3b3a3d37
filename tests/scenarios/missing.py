"""Mechanisms that no scenario shows yet. The list may only become shorter."""

from __future__ import annotations

LISTED = """
S1-29
S3-01
"""
MISSING = frozenset(LISTED.split())
