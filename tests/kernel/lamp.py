"""路灯 · Lamp: a broken street lamp is reported, waits for parts, is mended. For tests only."""

from __future__ import annotations

from typing import Annotated, Any

from events.fact import Coded, Member
from services.kernel.words import (
    Choice,
    ItemCode,
    Label,
    Party,
    Person,
    Terms,
    hours,
    working_days,
)
from services.kernel.workflow import (
    Clock,
    Command,
    Context,
    Fact,
    Note,
    Opening,
    State,
    Workflow,
)


class Tier(Choice, zh="等级", en="Tier"):
    """How urgent."""

    GENERAL = "general", "一般"
    MAJOR = "major", "重大"


class LampTerms(Terms):
    """What a variant fixes."""

    tier: Annotated[Tier, Label("等级", "Tier")] = Tier.GENERAL


class Lamp(State):
    """Every lamp."""

    tier: Tier


class Broken(Lamp):
    """Not mended yet."""


class Reported(Broken, zh="待修"):
    """Waiting for somebody to mend it."""


class Waiting(Broken, zh="待料"):
    """Waiting for parts."""


class Mended(Lamp, zh="已修"):
    """Lit again."""


class LampReported(Fact, zh="已报修", version=2):
    """Version 1 had no tier."""

    pole: ItemCode
    tier: Annotated[Tier, Coded]

    def apply(self, lamp: None) -> Reported:
        """The beginning."""
        return Reported(self.about, self.tier)


class LampGraded(Fact, zh="已定级"):
    """The tier was changed."""

    tier: Annotated[Tier, Coded]

    def apply(self, lamp: Reported) -> Reported:
        """Another limit."""
        return Reported(lamp.about, self.tier)


class PartsAwaited(Fact, zh="待料"):
    """Nothing can be done."""

    def apply(self, lamp: Reported) -> Waiting:
        """The clock rests."""
        return Waiting(lamp.about, lamp.tier)


class PartsCame(Fact, zh="料到"):
    """It can go on."""

    def apply(self, lamp: Waiting) -> Reported:
        """The clock runs on."""
        return Reported(lamp.about, lamp.tier)


class LampMended(Fact, zh="已修复"):
    """Lit again."""

    worker: Annotated[Person, Member]

    def apply(self, lamp: Broken) -> Mended:
        """The end."""
        return Mended(lamp.about, lamp.tier)


class LampSeen(Note, zh="已查看"):
    """Somebody looked."""


class Report(Opening, zh="报修", by=[Party.RESIDENT, Party.COMMUNITY]):
    """Say that a lamp is dark."""

    pole: ItemCode

    def decide(self, lamp: None, context: Context) -> LampReported:
        """The tier is the variant's."""
        tier = context.terms_of(LampTerms).tier
        return LampReported(about=self.about(context), pole=self.pole, tier=tier)


class Grade(Command, zh="定级", by=Party.COMMUNITY):
    """Change the tier."""

    tier: Tier

    def decide(self, lamp: Reported, context: Context) -> LampGraded:
        """Any time before it is mended."""
        return LampGraded(about=lamp.about, tier=self.tier)


class Wait(Command, zh="等料", by=Party.WORKER):
    """Parts are missing."""

    def decide(self, lamp: Reported, context: Context) -> PartsAwaited:
        """The clock rests."""
        return PartsAwaited(about=lamp.about)


class Resume(Command, zh="复工", by=Party.WORKER):
    """Parts have come."""

    def decide(self, lamp: Waiting, context: Context) -> PartsCame:
        """The clock runs on."""
        return PartsCame(about=lamp.about)


class Mend(Command, zh="修复", by=Party.WORKER):
    """Mend it; whoever waits for parts may find them in the car."""

    def decide(self, lamp: Broken, context: Context) -> LampMended | tuple[LampSeen, LampMended]:
        """A look comes first where parts were awaited."""
        mended = LampMended(about=lamp.about, worker=context.actor.person)
        if isinstance(lamp, Waiting):
            return LampSeen(about=lamp.about), mended
        return mended


class Look(Command, zh="查看", by=Party.WORKER):
    """Look at it."""

    def decide(self, lamp: Lamp, context: Context) -> LampSeen:
        """Any time."""
        return LampSeen(about=lamp.about)


def with_tier(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 → 2."""
    return {**data, "tier": "general"}


WORKFLOW = Workflow(
    __name__,
    zh="路灯",
    terms=LampTerms,
    upcasts={("lamp.reported", 1): with_tier},
    clocks=[
        Clock(
            "mend",
            Label("修复时限", "Mend"),
            runs=(Reported,),
            rests=(Waiting,),
            limit={Tier.GENERAL: hours(8), Tier.MAJOR: working_days(1)},
            of="tier",
            met=(Mended,),
        )
    ],
)
