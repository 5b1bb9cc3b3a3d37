"""席位 · The public numbers of bodies and seats."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import distinct, net, only, ratio, total

# fmt: off

FILLED, VACATED = ("seat.filled",), ("seat.vacated",)
BODIES = net("bodies_constituted", "机构", "Bodies", ("seat.body_constituted",),
             ("seat.body_dissolved",))
SEATS = net("seats_filled", "任职", "Seats held", FILLED, VACATED, "名")
PART_TIME = only(SEATS, "parttime_seats_filled", "兼职委员", "Part-time seats held",
                 seat_kind="part_time")

NUMBERS: tuple[Counter, ...] = (
    BODIES,
    only(BODIES, "street_grand_committees", "街道“大工委”", "Street grand committees",
         variant="street_grand_committee"),
    only(BODIES, "community_grand_committees", "社区“大党委”", "Community grand committees",
         variant="community_grand_committee"),
    only(BODIES, "street_alliances", "街道党建联盟", "Street alliances",
         variant="street_alliance"),
    SEATS,
    PART_TIME,
    total("parttime_seats_allowed", "兼职席位", "Part-time seats there may be",
          ("seat.body_constituted",), "part_time_max", "名"),
    ratio("parttime_seat_rate", "兼职席位满额率", "Part-time seats held of those there may be",
          "parttime_seats_filled", "parttime_seats_allowed", least=0),
    only(SEATS, "instructors", "党建指导员", "Instructors", role="instructor"),
    only(SEATS, "first_secretaries", "第一书记", "First secretaries", role="first_secretary"),
    only(SEATS, "grid_leads", "网格长", "Grid leads", role="grid_lead"),
    only(SEATS, "grid_workers", "网格员", "Grid workers", role="grid_worker"),
    only(SEATS, "liaisons", "党建联络员", "Liaisons", role="liaison"),
    only(SEATS, "social_workers", "专职社工", "Social workers", role="social_worker"),
    distinct("seat_holders", "任职人员", "People seated", FILLED, "person", down_on=VACATED),
    distinct("units_seated", "任职单位", "Units with a seat", FILLED, "from_unit", "家", VACATED),
)
"""All of them."""
