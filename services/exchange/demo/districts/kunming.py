"""昆明 · 云南省昆明市, 2019 (seed S1): alliances and grand committees, lists, grids, volunteers.

Counts of thousands are as many cases, each with the shortest life there is: an activity put on
record after it was held, a dispute settled on the spot, a wish that was fulfilled when it was
entered. Person-times are sums: one entry says how many there were.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.exchange.demo.districts import kunming_bodies
from services.exchange.demo.districts.kunming_bodies import COMMUNITIES, MAIN, ROOT
from services.exchange.demo.figures import Figure
from services.exchange.demo.script import Script, after
from services.exchange.demo.steps import Doer
from services.exchange.demo.year import Year

SEED, NAME = "S1", "云南省昆明市"

_figure = partial(Figure, seed=SEED)
_least = partial(Figure, seed=SEED, exact=False)
_state = partial(Figure, seed=SEED, how="state")
_rule = partial(Figure, seed=SEED, how="rule")
_quoted = partial(Figure, seed=SEED, how="quoted")
_main = partial(Figure, seed=SEED, area=ROOT, areas=MAIN)

# fmt: off
FIGURES = (
    _rule("special_meetings_per_quarter", "党建专题会议", "次/季度", 1,
          "rule:km.meetings:per_quarter", ROOT),
    _state("direct_party_committees_before", "优化前直管部门党委", "家", 17, "orgs", ROOT,
           where={"form": "committee"}, before=True),
    _state("work_committees_after", "优化后党工委", "个", 7, "orgs", ROOT,
           where={"form": "working_committee"}),
    _state("street_powers_granted", "赋予街道权利", "项", 5, "power_list_items", ROOT),
    _state("street_offices", "街道内设办", "个", 5, "orgs", "xishan", where={"form": "office"}),
    _state("street_centres", "街道内设中心", "个", 6, "orgs", "xishan",
           where={"form": "centre"}),
    _least("community_functions_cancelled", "取消社区职能", "项", 70,
           "community_matters_cancelled", "xishan"),
    _state("matters_list_departments", "社区事项清单涉及部门", "个", 21,
           "matters_list_departments", "xishan"),
    _state("community_matters_listed", "社区事项清单", "项", 84, "community_matters_listed",
           "xishan"),
    _state("seal_uses_listed", "社区印章使用清单", "项", 31, "seal_uses_listed", "xishan"),
    _rule("grade_levels", "职级级数", "级", 4, "terms:worker_ladder:levels", "panlong"),
    _rule("grade_steps", "职级档数", "档", 12, "terms:worker_ladder:levels*steps", "panlong"),
    _rule("top_grade_bonus", "一级一档绩效奖励", "元/人/月", 1500, "rule:km.bonus:yuan_a_month",
          "panlong"),
    _state("street_alliances", "街道党建联盟", "个", 46, "street_alliances", ROOT),
    _state("community_grand_committees", "社区“大党委”", "个", 286,
           "community_grand_committees", ROOT),
    _state("parttime_member_units", "担任兼职委员的单位", "家", 1413, "units_seated", ROOT,
           where={"seat_kind": "part_time"}),
    _state("streets_with_joint_conference", "建立联席会议的街道", "个", 59,
           "activities_planned", ROOT, where={"variant": "joint_meeting"}, level="street"),
    _state("communities_with_joint_conference", "建立联席会议的社区", "个", 277,
           "activities_planned", ROOT, where={"variant": "joint_meeting"}, level="community"),
    _state("needs_list_categories", "需求清单大类", "类", 10, "needs_list_categories",
           "longxiang"),
    _state("services_into_community", "进社区服务项", "项", 100, "menu_services", "yongxing",
           exact=False),
    _figure("petitions", "拆迁安置上访", "件", 0, "issues_received", "yining",
            where={"category": "petition"}),
    _quoted("property_fee_collection_rate", "物业费收缴率", "%", 100, "said:km-fees", "yining"),
    _figure("cobuilding_programmes", "共建共享工程", "个", 5, "projects_approved", "yining"),
    _state("grids", "网格", "个", 195, "grids", "xishan"),
    _rule("liaison_per_grid", "每网格党建联络员", "名", 1, "rule:km.liaison:per_grid", "xishan"),
    _state("one_stop_service_items", "一站式便民服务事项", "项", 111, "public_services", ROOT),
    _state("platform_members", "智慧党建云平台党员", "名", 19_000, "people_listed", "guandu",
           exact=False),
    _state("platform_branches", "智慧党建云平台支部", "个", 900, "party_orgs", "guandu"),
    _quoted("ten_thousand_members_campaign", "万名党员进社区（名义规模）", "名", 10_000,
            "said:km-ten-thousand", ROOT, exact=False),
    _state("four_ones_items", "“四个一”活动", "项", 4, "campaign_items", ROOT),
    _state("volunteer_teams", "志愿服务队伍", "支", 87, "teams_active", "yiliang"),
    _figure("service_person_times", "累计服务人次", "人次", 24_095, "volunteer_attendance",
            "yiliang"),
    _figure("volunteer_activities", "志愿服务活动", "个", 4_368, "volunteering_sessions",
            "yiliang"),
    _figure("wishes_fulfilled", "兑现微心愿", "个", 543, "wishes_fulfilled", "yiliang"),
    _least("resident_participation_person_times", "群众自发参与", "人次", 3_800,
           "resident_participants", "yiliang"),
    _quoted("avg_resolution_time_reduction", "问题解决时间平均缩短", "%", 60, "said:km-time",
            "jinxing"),
    _least("resident_satisfaction_min", "居民满意度", "%", 95, "satisfaction_rate", "jinxing",
           per=0.01),
    _state("grids", "船房社区网格", "个", 24, "grids", "chuanfang"),
    _main("grid_volunteer_teams", "网格党员志愿服务队", "支", 2_168, "teams_active",
          how="state"),
    _main("volunteer_sessions", "志愿服务场次", "场次", 46_000, "volunteering_sessions",
          exact=False),
    _main("disputes_resolved", "化解矛盾纠纷", "件", 10_000, "disputes_resolved", exact=False),
    _main("wishes_fulfilled", "完成微心愿", "个", 15_000, "wishes_fulfilled", exact=False),
    _state("main_districts", "主城区数", "个", 5, "campaign_units", ROOT),
)
# fmt: on

ACTIVITIES = 4_368
PERSON_TIMES = 24_095
RESIDENTS = 3_820
WISHES = 543
FULL_LIVES = 43
"""So many of these wishes are played from being stated to being confirmed."""

TEAMS = 2_168
DISPUTES = 10_050
SESSIONS = 46_000
PLATFORM_MEMBERS = 19_010
ASKED, CONTENT = 40, 39
"""Of 金星社区's residents whose matter was dealt with, and how many of them were satisfied."""
CITY_WISHES = 15_000


def script(year: Year) -> Script:
    """All of it."""
    play = Script(SEED, ROOT, year)
    kunming_bodies.write(play)
    _rules(play)
    _volunteers(play)
    _city(play)
    _asked(play)
    _platform(play)
    return play


def _rules(play: Script) -> None:
    play.numbers("km.meetings", ROOT, per_quarter=1)
    play.numbers("km.bonus", "panlong", yuan_a_month=1500)
    play.numbers("km.liaison", "xishan", per_grid=1)
    play.said("km-fees", "小区物业费收缴率", "yining", "%", 100, least=False)
    play.said("km-ten-thousand", "万名党员进社区", ROOT, "名", 10_000, least=True)
    play.said("km-time", "问题解决时间平均缩短", "jinxing", "%", 60, least=False)
    for number in range(1, 6):
        project = play.case("programme_item", f"{number}", play.desk, "propose", area="yining")
        after(project, play.leader, "approve", minutes=600)


def _volunteers(play: Script) -> None:
    """宜良县: what its teams did, how many took part, which wishes came true."""
    for number in range(1, 88):
        play.register("team", f"yl-t{number:02d}", "form", area="yiliang", team_kind="general")
    served, residents = PERSON_TIMES, RESIDENTS
    for number in range(ACTIVITIES):
        story = play.case("volunteering", f"yiliang/{number}", play.desk, "plan",
                          area="yiliang")  # fmt: skip
        if served:
            served -= (here := min(100, served))
            after(story, play.desk, "record_attendance", role="volunteer", number=here)
        if residents:
            residents -= (here := min(100, residents))
            after(story, play.desk, "record_attendance", role="resident", number=here)
    for number in range(WISHES):
        if number < FULL_LIVES:
            _wish_in_full(play, number)
        else:
            _wish(play, f"yiliang/{number}", "yiliang", number)


def _wish_in_full(play: Script, number: int) -> None:
    asks = f"r-yiliang-{number:04d}"
    server = play.worker("yiliang", number)
    story = play.case("wish", f"yiliang/{number}", play.desk, "propose", area="yiliang",
                      requester=asks, category="household")  # fmt: skip
    after(story, play.desk, "verify_item", minutes=600)
    after(story, play.desk, "publish")
    after(story, server, "take", minutes=900)
    after(story, server, "fulfil", minutes=3_000)
    after(story, play.desk, "confirm", minutes=600, person=server.person)


def _wish(play: Script, name: str, area: str, number: int) -> None:
    play.case("wish", name, play.desk, "propose", area=area, requester=f"r-{area}-{number:05d}",
              done_by=f"w-{area}-{number % 400:04d}")  # fmt: skip


def _asked(play: Script) -> None:
    """金星社区: what residents say of how their matters were dealt with."""
    handler = Doer("h-jinxing", "km-panlong", ("worker",))
    for number in range(ASKED):
        resident = Doer(f"r-jinxing-{number:04d}", None, ("resident",))
        story = play.case("issue", f"jinxing/{number}", play.desk, "find", area="jinxing",
                          category="property", requester=resident.person)  # fmt: skip
        after(story, play.desk, "classify", minutes=5, tier="general")
        after(story, play.desk, "assign", minutes=5, unit="km-panlong")
        after(story, handler, "handle", minutes=40, resolution="solved")
        after(story, play.desk, "feed_back", minutes=5)
        said = "satisfied" if number < CONTENT else "dissatisfied"
        after(story, resident, "give_feedback", minutes=60, satisfaction=said)
        after(story, play.desk, "close", minutes=30, resolution="solved")


def _platform(play: Script) -> None:
    """官渡区: the members whose branches are on the platform, by opaque ids."""
    where = [code for code, district in COMMUNITIES.items() if district == "guandu"]
    for number in range(PLATFORM_MEMBERS):
        play.person(f"gd-{number:05d}", where[number % len(where)], "resident_member")


def _city(play: Script) -> None:
    """The five districts of the city proper while it was judged as a civilised city."""
    where = [code for code, district in COMMUNITIES.items() if district in MAIN]
    day = (play.year.start + timedelta(days=1)).date().isoformat()
    campaign = play.register("campaign", "km-civilised", "start", name="创建文明城市", area=ROOT,
                             campaign_kind="campaign", from_on=day,
                             at=play.year.start + timedelta(days=1))  # fmt: skip
    for district in MAIN:
        after(campaign, play.desk, "join", unit=f"km-{district}")
    ones = play.register("campaign", "km-four-ones", "start", name="“四个一”活动", area=ROOT,
                         campaign_kind="series", from_on=day,
                         at=play.year.start + timedelta(days=1))  # fmt: skip
    for number in range(1, 5):
        after(ones, play.desk, "publish_item", item=f"one-{number}", item_kind="plan")
    for number in range(TEAMS):
        play.register("team", f"km-t{number:04d}", "form", area=where[number % len(where)],
                      team_kind="grid_group")  # fmt: skip
    for number in range(DISPUTES):
        area = where[number % len(where)]
        play.case("dispute", f"{number}", play.desk, "register", area=area,
                  settled_by=f"md-{area}")  # fmt: skip
    for number in range(SESSIONS):
        play.case("volunteering", f"city/{number}", play.desk, "plan",
                  area=where[number % len(where)])  # fmt: skip
    for number in range(CITY_WISHES):
        area = where[number % len(where)]
        _wish(play, f"city/{number}", area, number)
