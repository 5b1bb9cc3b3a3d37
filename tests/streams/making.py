"""A tiny fact of the tests' own, and ways to write many of them down."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from events.clock import Instant, text_of
from events.envelope import Draft, draft
from events.fact import About, Books, Coded, Fact, LocalDay, Member, Provenance, Quantity, Shape
from events.places import PersonId
from events.ports import Append, Condition

ZONE = ZoneInfo("Asia/Shanghai")
LOG_ID = "test-log"
MORNING = datetime(2018, 3, 1, 1, 0, tzinfo=UTC)


class Timing(str, Enum):
    ON_TIME = "on_time"
    LATE = "late"


class DeedDone(Fact):
    fact: ClassVar[str] = "deed.done"

    beneficiaries: Annotated[int, Quantity] = 1
    worker: Annotated[PersonId | None, Member] = None
    timing: Annotated[Timing | None, Coded] = None
    note: str | None = None


class DeedPraised(Fact):
    fact: ClassVar[str] = "deed.praised"


class DeedCorrected(Fact):
    """A fact that takes back and puts: `data` has the two lists."""

    fact: ClassVar[str] = "record.corrected"

    taken: tuple[dict[str, Any], ...] = ()
    put: tuple[dict[str, Any], ...] = ()


class DeedTagged(Fact):
    """A fact whose counted texts may hold any character."""

    fact: ClassVar[str] = "deed.tagged"
    version: ClassVar[int] = 2

    tag: Annotated[str, Coded]
    holder: Annotated[str, Member] = ""
    at: Annotated[Instant | None, Quantity] = None
    on: Annotated[date | None, LocalDay] = None


class Unlisted(Fact):
    """A fact whose shape the log was not told of: it makes no entry."""

    fact: ClassVar[str] = "deed.unlisted"


SHAPES: dict[str, Shape] = {
    kind.fact: kind.shape() for kind in (DeedDone, DeedPraised, DeedCorrected, DeedTagged)
}
_numbers = itertools.count(1)


def uuid_of(number: int) -> UUID:
    """The same id for the same number."""
    return UUID(int=number)


@dataclass(frozen=True)
class Spell:
    """How one draft is to look."""

    area: str = "c1"
    unit: str | None = "u1"
    fact: Fact | None = None
    hours: float = 0.0

    def made(self) -> Fact:
        if self.fact is not None:
            return self.fact
        return DeedDone(about=About(area=self.area, unit=self.unit), beneficiaries=2, worker="w1")


def written(
    stream: str,
    expected: int,
    spells: Sequence[Spell] = (Spell(),),
    *,
    command: UUID | None = None,
    request: bytes = b"the request",
    conditions: Sequence[Condition] = (),
    actor: str = "person/p1",
    log: str = LOG_ID,
) -> Append:
    """An append of these facts, decided on revision `expected`."""
    command_id = command or uuid_of(next(_numbers) << 40)
    drafts = tuple(
        one_draft(spell.made(), stream, revision, command_id, actor, spell.hours, log)
        for revision, spell in enumerate(spells, expected + 1)
    )
    return Append(
        stream=stream,
        expected=expected,
        drafts=drafts,
        command_id=command_id,
        request_hash=hashlib.sha256(request).digest(),
        conditions=tuple(conditions),
    )


def one_draft(
    fact: Fact, stream: str, revision: int, command: UUID, actor: str, hours: float, log: str
) -> Draft:
    return draft(
        fact,
        log=log,
        zone=ZONE,
        shape=SHAPES.get(fact.fact, type(fact).shape()),
        stream=stream,
        revision=revision,
        actor=actor,
        command=command,
        occurred_at=MORNING + timedelta(hours=hours),
        cause=None if revision == 1 else f"{stream}@{revision - 1}",
    )


def varied(chance: random.Random) -> Spell:
    """A fact with anything in it that the columns have room for."""
    about = About(
        area=chance.choice(["c1", "c2", "c3"]),
        unit=chance.choice([None, "u1", "u2"]),
        category=chance.choice([None, "repair"]),
        variant=chance.choice([None, "wish"]),
        provenance=chance.choice(list(Provenance)),
        books=chance.choice([Books(), Books(home_unit="h1", team="t1")]),
    )
    fact: Fact
    match chance.randrange(8):
        case 0:
            fact = DeedPraised(about=about)
        case 1:
            fact = Unlisted(about=about)
        case 3:
            fact = DeedTagged(
                about=about, tag="t", at=MORNING, on=date(2018, 2, chance.randint(1, 28))
            )
        case 2:
            fact = DeedCorrected(about=about, taken=(moved(about, 3),), put=(moved(about, 5),))
        case _:
            fact = DeedDone(
                about=about,
                beneficiaries=chance.randrange(100),
                worker=chance.choice([None, "w1", "w2"]),
                timing=chance.choice([None, Timing.LATE]),
                note=chance.choice([None, "谢谢", 'back\\slash "and" tab']),
            )
    return Spell(fact=fact, hours=chance.randrange(2_000) / 7)


def moved(about: About, beneficiaries: int) -> dict[str, Any]:
    """What a correction takes back or puts: one deed as it counts."""
    return {
        "revision": 1,
        "fact": "deed.done",
        "version": 1,
        "occurred_at": text_of(MORNING),
        "about": about.model_dump(mode="json", exclude_none=True),
        "data": {"beneficiaries": beneficiaries},
    }
