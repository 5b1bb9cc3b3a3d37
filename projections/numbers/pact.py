"""共建契约 · The public numbers of pacts."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import count, distinct, net, only, ratio, total

# fmt: off

LISTED = count("pact_items_listed", "共建清单项", "Items listed", "pact.item_listed", "项")
MATCHED = count("needs_resources_matched", "供需对接", "Needs and resources matched",
                "pact.need_resource_matched", "项")
DELIVERED = count("pact_items_delivered", "契约兑现", "Deliveries", "pact.item_delivered")
REVIEWED = count("pacts_reviewed", "契约评议", "Reviews", "pact.reviewed")

NUMBERS: tuple[Counter, ...] = (
    count("pairs_formed", "结对", "Pairs formed", "pact.pair_formed", "对"),
    net("pairs_active", "现有结对", "Pairs now", ("pact.pair_formed",), ("pact.ended",), "对"),
    distinct("households_paired", "结对户", "Households paired", ("pact.pair_formed",),
             "household", "户"),
    LISTED,
    only(LISTED, "pact_needs_listed", "共建需求", "Needs listed", side="need"),
    only(LISTED, "pact_resources_listed", "共建资源", "Resources listed", side="resource"),
    only(LISTED, "pact_projects_listed", "共建项目", "Projects listed", side="project"),
    MATCHED,
    only(MATCHED, "pact_needs_matched", "需求对接", "Needs matched",
         direction=("need_taken", "one_to_one")),
    count("pacts_signed", "契约签订", "Pacts signed", "pact.signed", "份"),
    total("pact_items_promised", "契约项", "Items promised", ("pact.signed",), "promised", "项"),
    DELIVERED,
    only(DELIVERED, "venue_hours_shared_times", "场地开放", "Venue openings", sort="venue"),
    total("pact_person_times", "契约受益人次", "Person-times served by pacts",
          ("pact.item_delivered",), "beneficiaries", "人次"),
    count("pact_notices", "互相通报", "Notices exchanged", "pact.progress_reported"),
    REVIEWED,
    only(REVIEWED, "pacts_kept", "评议已履约", "Reviewed as kept", kept="kept"),
    ratio("pact_need_match_rate", "共建需求对接率", "Needs matched", "pact_needs_matched",
          "pact_needs_listed"),
    ratio("pact_kept_rate", "契约履约率", "Pacts kept", "pacts_kept", "pacts_reviewed"),
)
"""All of them."""
