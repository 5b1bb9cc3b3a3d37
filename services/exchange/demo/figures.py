"""数字 · The published figures, each beside the question whose answer must come to it.

`how`: `events` where deeds are counted, `state` where a register is, `rule` where it is laid down
as a rule or in the terms of a variant, `quoted` where nobody could count it and the log holds the
word of whoever said so. Here: 荔城 (seed S0, 中共莆田市荔城区委组织部, 2018-09-28); the other
districts have theirs beside their deeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Number = int | float


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure and the question whose answer must equal it, or reach it where the
    source says “more than”.

    `counter` is a counter; for `rule` it is `rule:<code>:<number>`, `terms:<variant>:<field>` or
    `limit:<kind>:<clock>:<case>` (seconds), for `quoted` `said:<code>`. What was counted is divided
    by `per`: fen to yuan, seconds to hours, a share to hundredths.
    """

    indicator: str
    zh: str
    measure_word: str
    published: Number
    counter: str
    area: str
    how: str = "events"
    where: Mapping[str, str] = field(default_factory=dict)
    exact: bool = True
    seed: str = "S0"
    per: Number = 1
    areas: tuple[str, ...] = ()
    """Where the figure is of several areas together: the sum of these."""
    before: bool = False
    """As it was when the year began."""
    different: str = ""
    """So many different ones of this dimension were counted at all."""
    level: str = ""
    """Of the areas of this level: how many come to `reaching`, or what `of_level` says."""
    reaching: int = 1
    of_level: str = ""
    """`most`: what the area with the most comes to; `least`: the one with the least."""

    def met(self, counted: Number) -> bool:
        """Exactly, or at least where the source says “more than”."""
        return counted == self.published if self.exact else counted >= self.published

    def row(self, counted: Number) -> dict[str, Any]:
        """The row of `jishi demo --json`."""
        return {
            "seed": self.seed,
            "area": self.area,
            "indicator": self.indicator,
            "measure_word": self.measure_word,
            "published": self.published,
            "exact": self.exact,
            "how": self.how,
            "counted": counted,
            "equal": self.met(counted),
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A number the article does not give: shown beside the figures, compared with nothing."""

    counter: str
    zh: str
    measure_word: str
    area: str


FIGURES = (
    Figure("streets", "街道", "个", 2, "streets", "licheng", "state"),
    Figure("urban_communities", "城市社区", "个", 12, "communities", "licheng", "state"),
    Figure("resident_units", "驻区单位", "个", 44, "resident_units", "licheng", "state"),
    Figure("new_economic_social_orgs", "“两新”组织", "个", 61, "new_orgs", "licheng", "state"),
    Figure("grassroots_party_orgs", "党组织", "个", 126, "party_orgs", "licheng", "state"),
    Figure("party_members", "党员", "名", 4941, "party_members", "licheng", "state"),
    Figure(
        "after_hours_services", "“八小时以外”服务", "次", 3509, "services_after_hours", "licheng"
    ),
    Figure("problems_solved", "解决问题", "个", 858, "problems_solved", "licheng"),
    Figure("members_participating", "参与党员", "名", 3415, "members_participating", "licheng"),
    Figure("posts_claimed", "认领岗位", "个", 2897, "posts_claimed", "licheng"),
    Figure(
        "resident_person_times_served", "服务居民", "人次", 9865, "resident_person_times", "licheng"
    ),
    Figure("disputes_resolved", "化解矛盾", "起", 139, "disputes_resolved", "licheng"),
    Figure("needy_households_served", "服务困难群体", "户", 86, "households_served", "gongchen"),
    Figure("tailored_services", "差异化个性化服务", "项", 213, "tailored_services", "gongchen"),
)

BESIDE = (
    Shown("check_ins_confirmed", "报到确认", "名", "licheng"),
    Shown("orders_accepted", "接单", "单", "licheng"),
    Shown("wishes_fulfilled", "微心愿实现", "个", "licheng"),
)
