"""权限 · Who may do what, where: a token stands for one person, and for what was granted to it.

The secret of a token is made by whoever asks for the grant and is never sent here: the fact
`access.granted` holds only its hash. No grant, no access.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from events.errors import Denied
from services.kernel.words import Actor

TOKEN_PREFIX = "jishi_"  # noqa: S105 (says what it is, opens nothing)
TOKEN_MAX = 128
EVERYTHING = "*"
READING = "read"


@dataclass(frozen=True)
class Grant:
    """What one token may do.

    `area`: it sees and acts only in this area and below; None = the whole log.
    `actions`: `*`, `read`, `order.*` or `order.accept`; reading a kind needs `read` or any action
    of that kind.
    """

    token_id: str
    person: str
    unit: str | None = None
    roles: frozenset[str] = frozenset()
    area: str | None = None
    actions: frozenset[str] = frozenset()
    expires_at: datetime | None = None

    @cached_property
    def actor(self) -> Actor:
        """The caller as deciders know him."""
        return Actor(person=self.person, unit=self.unit, roles=self.roles, area=self.area)

    def may(self, kind: str, command: str) -> bool:
        """Whether the token reaches this command of this kind."""
        actions = self.actions
        return EVERYTHING in actions or f"{kind}.*" in actions or f"{kind}.{command}" in actions

    def may_read(self, kind: str | None = None) -> bool:
        """Whether it may read this kind; without a kind, whether it may read the whole log."""
        actions = self.actions
        if EVERYTHING in actions or READING in actions:
            return True
        return kind is not None and any(action.startswith(f"{kind}.") for action in actions)

    def live(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at

    def check(self, kind: str, command: str) -> None:
        """Raises Denied where the token does not reach this command."""
        if not self.may(kind, command):
            raise Denied(
                f"the token does not reach {kind}.{command}: ask for a grant of it",
                zh=f"令牌无权执行 {kind}.{command}，请申请授权",
                action=f"{kind}.{command}",
            )

    def check_reading(self, kind: str | None = None) -> None:
        """Raises Denied where the token may not read this kind (None: everything)."""
        if not self.may_read(kind):
            what = kind or READING
            raise Denied(
                f"the token may not read {what}: ask for a grant of it",
                zh=f"令牌无权查看 {what}，请申请授权",
                action=f"{kind}.{READING}" if kind else READING,
            )


def new_token() -> str:
    """A fresh secret: 256 random bits. It is shown once and kept nowhere."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token: the SHA-256 of it, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
