"""回执 · The short number of a case, for people."""

from __future__ import annotations

from uuid import UUID

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def receipt(case_id: str) -> str:
    """A short number to say on the telephone: of a uuid, its last 40 random bits."""
    try:
        number = UUID(case_id).int & (1 << 40) - 1
    except ValueError:
        return case_id
    letters = "".join(CROCKFORD[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"
