"""走访 · The numbers of visits."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import DAY, count, distinct, only, ratio, took, total

# fmt: off

MADE = ("visit.made",)
NEEDS = ("visit.need_noted",)
SETTLED = ("visit.need_settled",)

VISITS = count("visits_made", "走访", "Visits made", MADE)

NUMBERS: tuple[Counter, ...] = (
    count("visits_planned", "计划走访", "Visits planned", "visit.planned"),
    VISITS,
    only(VISITS, "home_visits", "入户家访", "Home visits", setting="home"),
    only(VISITS, "organisation_visits", "走访单位次数", "Visits to organisations",
         setting="organisation"),
    only(VISITS, "receptions", "接访", "Receptions", setting="reception"),
    distinct("households_visited", "走访户数", "Households visited", MADE, "household", "户"),
    distinct("visitors", "走访人", "Visitors", MADE, "visitor"),
    total("people_met", "走访人次", "People met", MADE, "people", "人次"),
    count("visits_cancelled", "取消走访", "Visits cancelled", "visit.cancelled"),
    count("revisits_done", "回访", "Revisits", "visit.revisit_done"),
    count("needs_noted", "记录需求", "Needs noted", NEEDS, "项"),
    count("needs_followed", "转办需求", "Needs followed up", "visit.need_followed", "项"),
    count("needs_settled", "了结需求", "Needs settled", SETTLED, "项"),
    count("needs_met", "解决需求", "Needs met", SETTLED, "项", outcome="met"),
    ratio("needs_met_rate", "需求解决率", "Needs met", "needs_met", "needs_noted"),
    took("need_days", "需求了结用时", "Days to settle a need", SETTLED, "made_at", DAY, "天"),
)
"""All public numbers of visits."""
