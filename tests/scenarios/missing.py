"""Mechanisms that no scenario shows yet. The list may only become shorter."""

from __future__ import annotations

LISTED = """
S1-01 S1-02 S1-06 S1-07 S1-09 S1-14 S1-15 S1-16 S1-17 S1-18 S1-24 S1-25 S1-26 S1-27
S1-28 S1-29 S1-30 S1-34 S1-35 S1-36 S1-40 S1-41 S1-42 S1-44 S1-45
S3-01 S3-02 S3-05 S3-06 S3-07 S3-14 S3-15 S3-19 S3-21 S3-22 S3-24 S3-25 S3-27 S3-28
S3-29 S3-30 S3-31 S3-33 S3-34
S4-19
"""
MISSING = frozenset(LISTED.split())
