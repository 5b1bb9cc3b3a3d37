"""授权 · Access: what a token may do, where and until when; granted and revoked as facts.

Deny by default: a token no fact speaks of reaches nothing. The secret itself is made by whoever
asks and never comes here; only its hash does. A grant reaches no further than the area of the
administrator who gives it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from events.clock import Instant
from services.kernel.words import (
    RELATIONS,
    Actor,
    Choice,
    Label,
    Party,
    Person,
    Refusal,
    refuse,
)
from services.kernel.workflow import Command, Context, Fact, Opening, State, Workflow

ROLES_MAX = 12
ACTIONS_MAX = 64

NOT_A_ROLE = Refusal(
    "not_a_role",
    zh="“{role}”是与某一案件的关系，不是可以授予的角色",
    en="{role} is a relation to one case, not a role that can be granted",
)
ALREADY_OVER = Refusal(
    "already_over",
    zh="有效期 {expires_at} 已过，请另定期限",
    en="the expiry {expires_at} has passed: choose a later one",
)

SecretHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(examples=["0" * 64]),
    Label("密钥摘要（SHA-256）", "SHA-256 of the secret"),
]
Action = Annotated[
    str,
    StringConstraints(pattern=r"^(\*|read|[a-z][a-z_]{0,31}\.(\*|[a-z][a-z_]{0,31}))$"),
    Field(examples=["order.*"]),
]
Actions = Annotated[
    tuple[Action, ...],
    Field(min_length=1, max_length=ACTIONS_MAX, examples=[["read", "order.*"]]),
    Label("可执行的操作", "Actions"),
]
Roles = Annotated[
    tuple[Party, ...],
    Field(max_length=ROLES_MAX, examples=[["dispatcher"]]),
    Label("角色", "Roles"),
]
Expiry = Annotated[
    Instant, Field(examples=["2099-01-01T00:00:00Z"]), Label("有效期至", "Expires at")
]


class RevokeReason(Choice, zh="撤销原因", en="Reason"):
    """Why a token is taken back."""

    LEFT = "left", "人员离岗", "The person left"
    CHANGED = "changed", "权限调整", "Replaced by another grant"
    LOST = "lost", "令牌遗失或泄露", "Lost or seen by others"
    OTHER = "other", "其他"


class Access(State):
    """One token. Its area and unit are those of `about`."""

    person: str
    roles: tuple[Party, ...]
    actions: tuple[str, ...]
    secret_hash: str
    expires_at: Instant | None

    def parties(self, actor: Actor) -> set[Party]:
        """The person it stands for may give it back."""
        return {Party.HOLDER} if actor.person == self.person else set()


class Valid(Access, zh="有效"):
    """It opens what it was granted for."""


class Revoked(Access, zh="已撤销"):
    """It opens nothing any more."""


class AccessGranted(Fact, zh="已授权"):
    """A token may be used from now on."""

    person: Person
    roles: Roles = ()
    actions: Actions
    secret_hash: SecretHash
    expires_at: Expiry | None = None

    def apply(self, nothing: None) -> Valid:
        """The first fact of a token."""
        return Valid(
            self.about, self.person, self.roles, self.actions, self.secret_hash, self.expires_at
        )


class AccessRevoked(Fact, zh="已撤销授权", en="Access revoked"):
    """The token is worthless from now on."""

    reason: RevokeReason

    def apply(self, access: Valid) -> Revoked:
        """It keeps what it once opened, for the record."""
        return Revoked(
            access.about,
            access.person,
            access.roles,
            access.actions,
            access.secret_hash,
            access.expires_at,
        )


class Grant(Opening, zh="授权", by=(Party.ADMINISTRATOR, Party.SYSTEM)):
    """Give a token its rights."""

    person: Person
    roles: Roles = ()
    actions: Actions
    secret_hash: SecretHash
    expires_at: Expiry | None = None

    def decide(self, nothing: None, context: Context) -> AccessGranted:
        """Only roles can be granted, and only for a time that has not passed."""
        for role in self.roles:
            if role in RELATIONS:
                refuse(NOT_A_ROLE, role=role.value)
        if self.expires_at is not None and self.expires_at <= context.now:
            refuse(ALREADY_OVER, expires_at=self.expires_at.isoformat())
        return AccessGranted(
            about=self.about(context),
            person=self.person,
            roles=self.roles,
            actions=self.actions,
            secret_hash=self.secret_hash,
            expires_at=self.expires_at,
        )


class Revoke(Command, zh="撤销授权", by=(Party.ADMINISTRATOR, Party.HOLDER)):
    """Take it back, at once."""

    reason: RevokeReason

    def decide(self, access: Valid, context: Context) -> AccessRevoked:
        """There is no way back: give a new token instead."""
        return AccessRevoked(about=access.about, reason=self.reason)


WORKFLOW = Workflow(__name__, zh="授权", en="Access", guarded=True)
