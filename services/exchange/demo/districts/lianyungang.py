"""连云港 · 江苏省连云港市, 2018 (seed S2): where communities meet, planned, built, measured."""

from __future__ import annotations

from functools import partial

from services.exchange.demo.figures import Figure
from services.exchange.demo.script import DAY, Script, after
from services.exchange.demo.year import Year

SEED, NAME, ROOT = "S2", "江苏省连云港市", "lianyungang"

_figure = partial(Figure, seed=SEED)

# fmt: off
FIGURES = (
    _figure("community_land_area", "辖区面积", "平方公里", 0.42, "said:lyg-land", "wanrun",
            "quoted", per=100),
    _figure("resident_population", "常住人口", "人", 20_000, "said:lyg-people", "wanrun",
            "quoted", exact=False),
    _figure("venue_area", "党建阵地面积", "平方米", 200, "venue_floor", "wanrun", "state"),
    _figure("venue_compliance_target_y1", "达标率目标（首年）", "%", 60,
            "rule:lyg.targets:first_year", ROOT, "rule"),
    _figure("venue_compliance_target_y2", "达标率目标（次年）", "%", 80,
            "rule:lyg.targets:second_year", ROOT, "rule"),
    _figure("venue_compliance_target_y3", "达标率目标（第三年）", "%", 100,
            "rule:lyg.targets:third_year", ROOT, "rule"),
    _figure("venue_plan_communities", "布点专项规划社区", "个", 260, "list_items", ROOT, "state",
            where={"list_kind": "projects"}),
    _figure("street_venue_area_min", "街道阵地面积下限", "平方米", 1500,
            "rule:lyg.venue.street:area", ROOT, "rule"),
    _figure("community_venue_area_target", "社区阵地面积目标", "平方米", 1000,
            "rule:lyg.venue.community:area", ROOT, "rule"),
    _figure("ground_floor_share_min", "一层面积占比下限", "%", 50,
            "rule:lyg.venue.community:ground_percent", ROOT, "rule"),
    _figure("layout_zones", "“一区五中心”：区", "个", 1, "rule:lyg.layout:zones", ROOT, "rule"),
    _figure("layout_centres", "“一区五中心”：中心", "个", 5, "rule:lyg.layout:centres", ROOT,
            "rule"),
    _figure("venues_upgraded", "升级改造阵地", "个", 15, "venues_changed", ROOT),
    _figure("venues_registered_handed_over", "权属登记并交付阵地", "个", 3,
            "venues_handed_over", ROOT),
    _figure("demo_venues_over_1000", "1000平方米以上示范点", "个", 39, "demo_venues", ROOT,
            "state"),
    _figure("service_circle_degrees", "党建服务圈", "度", 360, "rule:lyg.circle:degrees",
            "puxi", "rule"),
    _figure("governance_bodies", "“一委三会”：会", "个", 3, "rule:lyg.governance:councils",
            ROOT, "rule"),
)
# fmt: on

PLANNED = 260
DEMONSTRATION = 39
UPGRADED = 15
ZONE_AND_CENTRES = ["display", "members", "council", "safety", "culture", "service"]
STAGES = ("planning", "land", "housing", "construction", "ownership", "transfer")


def script(year: Year) -> Script:
    """All of it."""
    play = Script(SEED, ROOT, year)
    play.area(ROOT, "连云港市", "city")
    play.area("haizhou", "海州区", "district", ROOT)
    play.area("xinpu", "新浦街道", "street", "haizhou")
    play.area("puxi", "浦西街道", "street", "haizhou")
    play.area("wanrun", "万润社区", "community", "xinpu")
    for number in range(1, DEMONSTRATION + 1):
        play.area(f"lyg-{number:02d}", f"连云港第{number}社区", "community", "haizhou")
    play.org("lyg-office", "社区居委会联合办公室", "community_org", ROOT)
    _rules(play)
    _venues(play)
    _handed_over(play)
    play.said("lyg-land", "万润社区辖区面积", "wanrun", "公顷", 42, least=False)
    play.said("lyg-people", "万润社区常住人口", "wanrun", "人", 20_000, least=True)
    return play


def _rules(play: Script) -> None:
    play.numbers("lyg.targets", ROOT, first_year=60, second_year=80, third_year=100)
    play.numbers("lyg.venue.street", ROOT, area=1500)
    play.numbers("lyg.venue.community", ROOT, area=1000, ground_percent=50, functions=6)
    play.numbers("lyg.layout", ROOT, zones=1, centres=5)
    play.numbers("lyg.circle", "puxi", degrees=360)
    play.numbers("lyg.governance", ROOT, councils=3)
    planned = [{"item": f"place-{number:03d}"} for number in range(1, PLANNED + 1)]
    play.listed("lyg-plan", ROOT, "projects", planned)


def _venues(play: Script) -> None:
    """Those of more than 1000 m²; some of them were smaller before, and rebuilt."""
    play.register("venue", "lyg-wanrun", "register", name="万润社区党群服务中心", area="wanrun",
                  level="community", floor=200, ground_floor=200)  # fmt: skip
    for number in range(1, DEMONSTRATION + 1):
        area, floor = f"lyg-{number:02d}", 1_010 + 20 * number
        upgraded = number <= UPGRADED
        venue = play.register(
            "venue",
            f"venue-{area}",
            "register",
            name=f"连云港第{number}社区党群服务中心",
            area=area,
            level="community",
            floor=400 if upgraded else floor,
            ground_floor=200 if upgraded else floor // 2 + 10,
            functions=["members", "service"] if upgraded else ZONE_AND_CENTRES,
        )
        if upgraded:
            venue.add(play.moment(), play.desk, "change", floor=floor,
                      ground_floor=floor // 2 + 10, functions=ZONE_AND_CENTRES)  # fmt: skip
        after(venue, play.desk, "rate", minutes=DAY, standard="lyg.venue.community")
        after(venue, play.desk, "title", minutes=DAY, title="demo_site")


def _handed_over(play: Script) -> None:
    """Three new ones that went through every gate and were handed over."""
    for number in (1, 2, 3):
        works = play.case("venue_works", f"{number}", play.desk, "propose",
                          at=play.year.start, area="haizhou", square_metres=1_100)  # fmt: skip
        after(works, play.leader, "approve", minutes=3 * DAY)
        for stage in STAGES:
            after(works, play.desk, "clear", minutes=30 * DAY, stage=stage)
        after(works, play.desk, "accept", minutes=5 * DAY, square_metres=1_110)
        after(works, play.desk, "hand_over", minutes=DAY, to="lyg-office", square_metres=1_110)
