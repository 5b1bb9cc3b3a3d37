"""剧本 · The short way to write down a district: its registers first, then its deeds.

The other districts are played after 荔城, in the order written here. Each deed happens at its time
in the year; it is put on record when it is played, so the log is never out of its own order.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from services.exchange.demo.steps import Doer, Numbered, Story
from services.exchange.demo.year import REST, Year

GAP = timedelta(seconds=1)
ITEMS_AT_ONCE = 200
DAY = 24 * 60
"""Minutes."""


class Script:
    """The stories of one district, written one after the other."""

    def __init__(self, seed: str, root: str, year: Year) -> None:
        self.seed = seed
        self.year = year
        self.chance = random.Random(f"{seed}/script")  # noqa: S311 (a plan, not a secret)
        self.stories: list[Story] = []
        self.desk = Doer(f"desk-{root}", None, ("administrator", "street", "community"))
        self.leader = Doer(f"leader-{root}", None, ("leader",))
        self._map = Story("area", f"{seed}/map", keyed="map")
        self.stories.append(self._map)
        self._entered = year.eve + timedelta(hours=6)

    # --- registers

    def entered(self) -> datetime:
        """The next instant of the days in which the registers are filled."""
        self._entered += GAP
        return self._entered

    def area(
        self,
        code: str,
        name: str,
        level: str,
        parent: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """One more area of the map."""
        self._map.add(
            at or self.entered(),
            self.desk,
            "define",
            code=code,
            name=name,
            level=level,
            parent=parent,
        )
        return code

    def register(
        self, kind: str, code: str, command: str, *, at: datetime | None = None, **fields: Any
    ) -> Story:
        """Something that is known by a code of its own; further steps are added to the story."""
        story = Story(kind, f"{self.seed}/{kind}/{code}", keyed=code)
        story.add(at or self.entered(), self.desk, command, code=code, **fields)
        self.stories.append(story)
        return story

    def then(self, story: Story, command: str, **fields: Any) -> Story:
        """One more step of it, by the desk."""
        return story.add(self.entered(), self.desk, command, **fields)

    def org(self, code: str, name: str, org_kind: str, area: str, **more: Any) -> Story:
        """An organisation."""
        return self.register(
            "org", code, "register", name=name, org_kind=org_kind, area=area, **more
        )

    def numbers(self, code: str, holds_in: str, /, **numbers: int) -> None:
        """A rule that fixes numbers, in force since before the year began."""
        day = (self.year.eve - timedelta(days=30)).date().isoformat()
        self.register(
            "rule", code, "publish", area=holds_in, effective_on=day, numbers={"numbers": numbers}
        )

    def listed(
        self, code: str, area: str, list_kind: str, items: Iterable[dict[str, str]] = ()
    ) -> Story:
        """A list with its items, a few commands for many of them."""
        story = self.register("list", code, "publish", area=area, list_kind=list_kind)
        waiting = list(items)
        for start in range(0, len(waiting), ITEMS_AT_ONCE):
            self.then(story, "add", items=waiting[start : start + ITEMS_AT_ONCE])
        return story

    def said(self, code: str, name: str, area: str, word: str, value: int, *, least: bool) -> None:
        """A figure that nobody could count from deeds: put out as the unit reports it."""
        end = self.year.end.date()
        story = self.register(
            "indicator",
            code,
            "define",
            name=name,
            area=area,
            effective_on=(self.year.eve - timedelta(days=30)).date().isoformat(),
            sort="count",
            window="year",
            says="reported",
            measure_word=word,
        )
        self.then(
            story,
            "publish_figure",
            value=value,
            precision="at_least" if least else "exact",
            from_on=(end - timedelta(days=365)).isoformat(),
            to_on=(end - timedelta(days=1)).isoformat(),
        )

    # --- deeds

    def moment(self) -> datetime:
        """Some time in the year, early enough for a few further steps."""
        seconds = (self.year.end - REST - self.year.start).total_seconds() - 40 * 86_400
        return self.year.start + timedelta(seconds=self.chance.randrange(int(seconds)))

    def case(
        self,
        kind: str,
        name: str,
        doer: Doer,
        command: str,
        *,
        at: datetime | None = None,
        **fields: Any,
    ) -> Story:
        """One case, begun at some time in the year."""
        story = Story(kind, f"{self.seed}/{kind}/{name}")
        story.add(at or self.moment(), doer, command, **fields)
        self.stories.append(story)
        return story

    def coming(self, kind: str, name: str, area: str, **fields: Any) -> Story:
        """An activity that is planned for two days later; what follows happens then."""
        at = self.moment()
        later = self.year.text(at + timedelta(days=2))
        return self.case(kind, name, self.desk, "plan", at=at, area=area, planned_for=later,
                         **fields)  # fmt: skip

    def output(self, name: str, area: str, category: str, output: int, measure: str) -> Story:
        """A clean-up that comes to so much."""
        story = self.coming("clean_up", name, area, category=category)
        return after(story, self.desk, "hold", minutes=2 * DAY, output=output,
                     output_measure=measure)  # fmt: skip

    def spent(self, variant: str, area: str, allocated: int, paid: int, purpose: str) -> Story:
        """A fund of the year in fen: planned, allocated, received, and some of it spent."""
        year = self.year.end.year
        story = self.case(variant, area, self.desk, "budget", area=area, fund_year=year,
                          budgeted_fen=allocated)  # fmt: skip
        after(story, self.desk, "allocate", minutes=600, allocated_fen=allocated)
        after(story, self.desk, "receive", minutes=600, received_fen=allocated)
        if paid:
            after(story, self.desk, "request", minutes=600, purpose=purpose, requested_fen=paid)
            after(story, self.leader, "approve", minutes=600, number=1)
            after(story, self.desk, "pay", minutes=600, number=1)
        return story

    def person(self, person: str, area: str, affiliation: str, membership: str = "member") -> Story:
        """Somebody on the list, by an opaque id."""
        story = Story("person", f"{self.seed}/person/{person}", keyed=person)
        story.add(self.entered(), self.desk, "register", person=person, area=area,
                  affiliation=affiliation, membership=membership)  # fmt: skip
        self.stories.append(story)
        return story

    def service(self, code: str, name: str, area: str, category: str, of: str = "public") -> Story:
        """A service on the menu."""
        return self.register("menu", code, "list", name=name, area=area,
                             category=category, service_class=of)  # fmt: skip

    def worker(self, area: str, number: int = 0) -> Doer:
        """Somebody who serves there."""
        return Doer(f"w-{area}-{number:04d}", None, ("worker",))


def after(story: Story, doer: Doer, command: str, *, minutes: float = 30, **fields: Any) -> Story:
    """One more step, so many minutes after the one before."""
    return story.add(story.steps[-1].at + timedelta(minutes=minutes), doer, command, **fields)


def in_written_order(stories: Iterable[Story]) -> Iterator[Numbered]:
    """All steps, story by story."""
    for story in stories:
        last = len(story.steps) - 1
        for number, step in enumerate(story.steps):
            yield Numbered(step, number, story.keyed, ends=number == last)
