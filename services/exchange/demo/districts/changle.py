"""昌乐 · 山东省潍坊市昌乐县, about 2022 (seed S3): a map drawn anew, lists, councils.

Digits that the text at hand has lost are left out: no figure stands for them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.exchange.demo.figures import Figure
from services.exchange.demo.script import DAY, Script, after
from services.exchange.demo.year import Year

SEED, NAME, ROOT = "S3", "山东省潍坊市昌乐县", "changle"

_figure = partial(Figure, seed=SEED)
_least = partial(Figure, seed=SEED, exact=False)
_state = partial(Figure, seed=SEED, area=ROOT, how="state")
_rule = partial(Figure, seed=SEED, area=ROOT, how="rule")

# fmt: off
FIGURES = (
    _state("communities_before", "调整前城市社区", "个", 9, "communities", before=True),
    _state("large_grids_before", "调整前大网格", "个", 78, "grids", before=True),
    _state("communities_after", "调整后城市社区", "个", 22, "communities"),
    _state("enforcement_forces_merged", "整合执法力量", "类", 8, "units_seated",
           where={"role": "grid_staff"}),
    _least("people_protected", "保障群众人数", "人", 200_000, "said:changle-people", ROOT,
           "quoted"),
    _state("duty_list_categories", "责任/权力清单大类", "大类", 21, "duty_list_categories"),
    _state("duty_list_items", "责任/权力清单", "项", 95, "duty_list_items"),
    _state("grid_matters", "网格管理事项", "项", 23, "grid_duties_listed"),
    _figure("certificates_cancelled", "取消证明材料", "项", 20, "certificates_cancelled", ROOT),
    _rule("sla_general", "一般问题解决时限", "小时", 1, "limit:issue:settle:general", per=3_600),
    _rule("sla_major", "重大问题解决时限", "天", 1, "limit:issue:settle:major", per=86_400),
    _rule("sla_complex_plan", "复杂问题形成解决方案时限", "周", 1,
          "limit:issue:settle:complex", per=604_800),
    _state("pilot_communities", "智慧党建平台试点社区", "个", 2, "channels",
           where={"channel_kind": "members_home"}),
    _figure("platform_service_categories", "便民服务大类", "大类", 8, "menu_services",
            "changle-01", "state", different="category"),
    _rule("six_micros", "“六微”工作法", "项", 6, "rule:changle.micros:items"),
    _least("legal_advisers", "社区法律顾问律师", "名", 20, "people_listed", ROOT, "state",
           where={"affiliation": "expert"}),
    _state("centres_built", "新建或改扩建社区党群服务中心", "处", 22, "community_venues"),
    _state("social_orgs_introduced", "引进社会组织", "家", 76, "social_orgs"),
    _state("shared_resource_lists", "共享清单", "个", 65, "shared_resource_lists"),
    _state("needs_lists", "需求清单", "个", 53, "needs_lists"),
    _rule("fixed_volunteer_teams_min", "固定志愿队伍（下限）", "支", 2,
          "rule:changle.teams:least"),
    _rule("fixed_volunteer_teams_max", "固定志愿队伍（上限）", "支", 3,
          "rule:changle.teams:most"),
    _state("old_estates_without_property_mgmt", "物业缺失老旧小区", "个", 98, "areas",
           where={"level": "estate"}),
    _rule("deliberation_rules", "议事规则", "条", 10, "rule:changle.council:rules"),
    _figure("estates_built_by_deliberation", "议事后建设公共设施小区", "个", 8,
            "resolutions_done", ROOT),
    _state("property_companies", "配合的物业公司", "家", 83, "orgs", where={"form": "firm"}),
    _state("resident_department_teams", "“1+12+N”部门服务队", "支", 12, "teams_active",
           where={"team_kind": "department"}),
    _rule("social_workers_min", "专职社工下限", "名", 2, "terms:community_staff:full_time_min"),
    _rule("community_work_fund_min", "社区工作经费下限", "元/年", 60_000,
          "terms:work_fund:floor_fen", per=100),
    _rule("community_service_fund_min", "服务群众专项经费下限", "元/年", 200_000,
          "terms:service_fund:floor_fen", per=100),
    _rule("post_kinds", "岗位类别", "岗", 3, "terms:post_ladder:levels"),
    _rule("post_grades", "岗位等级", "级", 18, "terms:post_ladder:levels*steps"),
    _least("app_services", "“爱昌乐”APP服务", "项", 50, "menu_services", ROOT, "state"),
)
# fmt: on

BEFORE, AFTER = 9, 22
GRIDS = 78
ESTATES = 98
FORCES = 8
DEPARTMENTS = 12
COMMUNITIES = [f"changle-{number:02d}" for number in range(1, AFTER + 1)]


def script(year: Year) -> Script:
    """All of it."""
    play = Script(SEED, ROOT, year)
    _map(play)
    _organisations(play)
    _lists(play)
    _rules(play)
    _services(play)
    _councils(play)
    return play


def _map(play: Script) -> None:
    """9 communities with 78 large grids; later in the year 22 communities."""
    play.area(ROOT, "昌乐县", "district")
    for number in (1, 2):
        play.area(f"changle-s{number}", f"昌乐城市街道{number}", "street", ROOT)
    for number, code in enumerate(COMMUNITIES[:BEFORE], 1):
        play.area(code, f"昌乐第{number}社区", "community", f"changle-s{number % 2 + 1}")
    for number in range(1, GRIDS + 1):
        above = COMMUNITIES[number % BEFORE]
        play.area(f"changle-g{number:02d}", f"昌乐第{number}大网格", "grid", above)
    for number in range(1, ESTATES + 1):
        above = COMMUNITIES[number % BEFORE]
        play.area(f"changle-e{number:02d}", f"昌乐老旧小区{number:02d}", "estate", above)
    redrawn = play.year.start + timedelta(days=40)
    for number, code in enumerate(COMMUNITIES[BEFORE:], BEFORE + 1):
        above = f"changle-s{number % 2 + 1}"
        at = redrawn + timedelta(minutes=number)
        play.area(code, f"昌乐第{number}社区", "community", above, at=at)


def _organisations(play: Script) -> None:
    for number in range(1, DEPARTMENTS + 1):
        play.org(f"changle-d{number:02d}", f"昌乐县部门{number:02d}", "department", ROOT)
    for number in range(1, 84):
        where = COMMUNITIES[number % BEFORE]
        play.org(f"changle-p{number:02d}", f"物业公司{number:02d}", "new_org", where, form="firm")
    for number in range(1, 77):
        where = COMMUNITIES[number % BEFORE]
        play.org(f"changle-o{number:02d}", f"社会组织{number:02d}", "social_org", where)
    for number in range(1, DEPARTMENTS + 1):
        play.register("team", f"changle-t{number:02d}", "form", area=COMMUNITIES[0],
                      unit=f"changle-d{number:02d}", team_kind="department")  # fmt: skip
    grid = play.register("grid_team", "changle-grid", "constitute", area="changle-g01")
    for number in range(1, FORCES + 1):
        play.then(grid, "fill", person=f"changle-staff-{number}", role="grid_staff",
                  from_unit=f"changle-d{number:02d}")  # fmt: skip
    for number in range(1, 23):
        play.person(f"changle-law-{number:02d}", COMMUNITIES[number % BEFORE], "expert",
                    membership="not_a_member")  # fmt: skip


def _lists(play: Script) -> None:
    duties = [{"item": f"d{number:02d}", "category": f"k{number % 21:02d}"} for number in range(95)]
    play.listed("changle-duty", "changle-s1", "duty", duties)
    matters = [{"item": f"g{number:02d}"} for number in range(23)]
    play.listed("changle-grids", ROOT, "grid_duty", matters)
    papers = [{"item": f"c{number:02d}"} for number in range(20)]
    story = play.listed("changle-papers", ROOT, "certificates", papers)
    story.add(play.moment(), play.desk, "remove", items=[one["item"] for one in papers],
              reason="cancelled")  # fmt: skip
    for number in range(65):
        play.listed(f"changle-r{number:02d}", COMMUNITIES[number % BEFORE], "resources")
    for number in range(53):
        play.listed(f"changle-n{number:02d}", COMMUNITIES[number % BEFORE], "needs")


def _rules(play: Script) -> None:
    play.numbers("changle.micros", ROOT, items=6)
    play.numbers("changle.teams", ROOT, least=2, most=3)
    play.numbers("changle.council", ROOT, rules=10)
    play.said("changle-people", "主城区保障群众", ROOT, "人", 200_000, least=True)


def _services(play: Script) -> None:
    for number in range(1, 9):
        play.service(f"changle-m{number}", f"便民服务{number}", COMMUNITIES[0], f"kind-{number}")
    for number in range(1, 53):
        play.service(f"changle-app{number:02d}", f"爱昌乐服务{number:02d}", ROOT, "app")
    for code in COMMUNITIES[:2]:
        play.register("channel", f"{code}-home", "open_channel", name="智慧党建", area=code,
                      channel_kind="members_home")  # fmt: skip
    at = play.year.start + timedelta(days=60)
    for number, code in enumerate(COMMUNITIES, 1):
        play.register("venue", f"{code}-centre", "register", at=at + timedelta(days=number),
                      name=f"昌乐第{number}社区党群服务中心", area=code, level="community",
                      floor=800, ground_floor=400)  # fmt: skip


def _councils(play: Script) -> None:
    """Eight estates whose residents decided to build, and built."""
    for number in range(1, 9):
        story = play.case("residents_council", f"{number}", play.desk, "propose",
                          area=f"changle-e{number:02d}", proposer="council",
                          category="renewal")  # fmt: skip
        after(story, play.desk, "send_plan", minutes=60, recipients=30)
        after(story, play.desk, "vote", minutes=5 * DAY, due=30, present=26, in_favour=22)
        after(story, play.desk, "publish", minutes=DAY, disclosure="board")
        after(story, play.desk, "report_execution", minutes=20 * DAY, outcome="done")
