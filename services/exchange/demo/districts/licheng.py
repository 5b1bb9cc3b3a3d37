"""荔城其余 · What else 荔城's article counts (S0): seats, funds, venues, plays, a chain of four.

Its year of deeds, with the figures its board is known by, is played before this.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.exchange.demo.figures import Figure
from services.exchange.demo.script import DAY, Script, after
from services.exchange.demo.town import COMMUNITIES as IN_STREETS
from services.exchange.demo.town import STREET_NAMES
from services.exchange.demo.year import Year

SEED, NAME, ROOT = "S0", "福建省莆田市荔城区", "licheng"

_figure = partial(Figure, seed=SEED)
_least = partial(Figure, seed=SEED, exact=False)
_state = partial(Figure, seed=SEED, area=ROOT, how="state")
_rule = partial(Figure, seed=SEED, area=ROOT, how="rule")

# fmt: off
FIGURES = (
    _rule("parttime_seats_street_min", "街道兼职委员（下限）", "名", 7,
          "terms:street_grand_committee:part_time_min"),
    _rule("parttime_seats_street_max", "街道兼职委员（上限）", "名", 9,
          "terms:street_grand_committee:part_time_max"),
    _rule("parttime_seats_community_min", "社区兼职委员（下限）", "名", 5,
          "terms:community_grand_committee:part_time_min"),
    _rule("parttime_seats_community_max", "社区兼职委员（上限）", "名", 7,
          "terms:community_grand_committee:part_time_max"),
    _state("org_chain_levels", "组织层级", "级", 4, "areas", different="level"),
    _state("exchanged_instructors", "互派党建指导员", "名", 14, "instructors"),
    _state("arts_teams", "文艺队伍", "支", 20, "arts_teams", exact=False),
    _least("plays_produced", "现代文明小戏", "部", 10, "campaign_items", ROOT,
           where={"item_kind": "example"}),
    _least("themed_cultural_activities", "主题文化活动", "场", 20, "culture_events", ROOT),
    _rule("theme_day_of_month", "主题党日日期", "日/月", 15, "terms:theme_day:day"),
    _state("professional_service_teams", "专业型党员服务队", "支", 48, "professional_teams"),
    _state("fulltime_community_workers_recruited", "公开招聘专职居务（党务）工作者", "名", 17,
           "seats_filled", where={"way": "recruited"}),
    _rule("community_annual_fund_min", "社区每年经费保障（下限）", "元/年", 100_000,
          "terms:earmarked_fund:floor_fen", per=100),
    _figure("communities_collective_income_over_100k", "集体经济收入10万元以上社区", "个", 10,
            "collective_income_fen", ROOT, level="community", reaching=10_000_000),
    _figure("max_collective_income", "社区集体经济最高收入", "元", 5_860_000,
            "collective_income_fen", ROOT, level="community", of_level="most", per=100),
    _least("venue_investment", "阵地建设资金投入", "元", 10_000_000, "fund_paid_fen", ROOT,
           where={"variant": "works_fund"}, per=100),
    _state("home_service_centre_area", "城市家园服务中心占地", "平方米", 1_000, "venue_floor",
           where={"level": "street"}, exact=False),
    _state("community_service_room_area_min", "社区服务用房面积（均超过）", "平方米", 200,
           "venue_floor", level="community", of_level="least", exact=False),
    _rule("construction_standard_items", "“1+8”建设标准", "项", 9, "rule:licheng.standard:items"),
    _rule("staff_teams_kinds", "工作者队伍类别", "支", 3, "rule:licheng.staff:kinds"),
)
# fmt: on

COMMUNITIES = [
    f"{street}-{number:02d}"
    for street, count in IN_STREETS.items()
    for number in range(1, count + 1)
]
INSTRUCTORS = 7
"""Of each street."""
RECRUITED = 17
ARTS_TEAMS = 21
PLAYS = 12
EVENTS = 21
FLOOR_FEN = 10_000_000
INCOMES_FEN = (586_000_000, *(FLOOR_FEN + 900_000 * number for number in range(9)), 8_200_000,
               6_400_000)  # fmt: skip
"""Of each community, in the year."""


def script(year: Year) -> Script:
    """All of it."""
    play = Script(SEED, ROOT, year)
    for number, code in enumerate(COMMUNITIES, 1):
        play.area(f"licheng-e{number:02d}", f"荔城第{number}小区", "estate", code)
    play.numbers("licheng.standard", ROOT, items=9)
    play.numbers("licheng.staff", ROOT, kinds=3)
    _seats(play)
    _venues(play)
    _culture(play)
    _funds(play)
    return play


def _seats(play: Script) -> None:
    """Instructors that streets and units send each other; workers who were recruited openly."""
    for street in STREET_NAMES:
        body = play.register("exchange", f"lc-x-{street}", "constitute", area=street)
        for number in range(1, INSTRUCTORS + 1):
            play.then(body, "fill", person=f"lc-instructor-{street}-{number}", role="instructor",
                      from_unit=f"unit-{number:03d}")  # fmt: skip
    for place, code in enumerate(COMMUNITIES):
        body = play.register("community_staff", f"lc-staff-{code}", "constitute", area=code)
        for number in range(place, RECRUITED, len(COMMUNITIES)):
            play.then(body, "fill", person=f"lc-recruit-{number + 1:02d}", seat_kind="full_time",
                      way="recruited")  # fmt: skip


def _venues(play: Script) -> None:
    play.register("venue", "lc-home", "register", name="城市家园服务中心", area="zhenhai",
                  level="street", floor=1_020)  # fmt: skip
    for number, code in enumerate(COMMUNITIES, 1):
        play.register("venue", f"lc-{code}", "register", name=f"荔城第{number}社区服务用房",
                      area=code, level="community", floor=205 + 5 * number)  # fmt: skip


def _culture(play: Script) -> None:
    """Teams that sing and act, the plays they made, and the days people came to see them."""
    for number in range(1, ARTS_TEAMS + 1):
        play.register("team", f"lc-arts-{number:02d}", "form", team_kind="arts",
                      area=COMMUNITIES[number % len(COMMUNITIES)])  # fmt: skip
    day = play.year.eve.date().isoformat()
    plays = play.register("campaign", "lc-plays", "start", name="现代文明小戏", area=ROOT,
                          campaign_kind="series", from_on=day)  # fmt: skip
    for number in range(1, PLAYS + 1):
        play.then(plays, "publish_item", item=f"play-{number:02d}", item_kind="example")
    for number in range(EVENTS):
        event = play.coming("culture_event", f"{number}", COMMUNITIES[number % len(COMMUNITIES)])
        later = play.year.text(event.steps[0].at + timedelta(days=2))
        after(event, play.desk, "announce", planned_for=later)
        after(event, play.desk, "hold", minutes=2 * DAY)


def _funds(play: Script) -> None:
    """What each community is given, what it earns, and what was spent on venues."""
    for code, income in zip(COMMUNITIES, INCOMES_FEN, strict=True):
        play.spent("earmarked_fund", code, FLOOR_FEN, 0, "service")
        own = play.case("collective_income", code, play.desk, "budget", area=code,
                        fund_year=play.year.end.year, budgeted_fen=income)  # fmt: skip
        after(own, play.desk, "receive", minutes=600, received_fen=income)
    play.spent("works_fund", ROOT, 1_050_000_000, 1_020_000_000, "works")
