"""代办 · Numbers of errands run for people: agency."""

from __future__ import annotations

from projections.making import DAY, count, net, only, ratio, took

# fmt: off

COMPLETED = count("agencies_completed", "代办办结", "Errands done", "agency.completed", "件")

NUMBERS = (
    count("agencies_requested", "代办申请", "Errands asked for", "agency.requested", "件"),
    count("agencies_accepted", "代办受理", "Errands taken on", "agency.accepted", "件"),
    count("agencies_declined", "代办不予受理", "Errands declined", "agency.declined", "件"),
    count("agencies_off_list", "清单外代办申请", "Asked for, on no list", "agency.declined", "件",
          reason="not_on_list"),
    count("agency_supplements", "告知补正", "Materials asked for", "agency.materials_requested"),
    COMPLETED,
    only(COMPLETED, "agencies_one_visit", "跑一次办结", "Done in one visit at most",
         visits=("none", "once")),
    net("agencies_open", "在办代办", "Errands open", ("agency.requested",),
        ("agency.completed", "agency.declined", "agency.withdrawn"), "件"),
    ratio("one_visit_rate", "跑一次率", "Done in one visit at most", "agencies_one_visit",
          "agencies_completed"),
    took("agency_days", "代办用时", "Days to run an errand", ("agency.completed",),
         "requested_at", DAY, "天"),
)

# fmt: on
