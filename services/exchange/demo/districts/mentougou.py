"""门头沟 · 北京市门头沟区, 2016 (seed S4): first secretaries, works of estates, a reading club."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from services.exchange.demo.figures import Figure
from services.exchange.demo.script import DAY, Script, after
from services.exchange.demo.steps import Doer
from services.exchange.demo.year import Year

SEED, NAME, ROOT = "S4", "北京市门头沟区", "mentougou"

_figure = partial(Figure, seed=SEED)
_least = partial(Figure, seed=SEED, exact=False)

PLANTS = {"rose": 25_000, "lilac": 1_632, "hibiscus": 4_600, "winter_jasmine": 5_124}

# fmt: off
FIGURES = (
    _figure("first_secretaries", "第一书记", "名", 13, "first_secretaries", "yanchi", "state"),
    _figure("report_meetings", "汇报会", "次", 2, "meetings_held", "yanchi"),
    _figure("research_reports", "调研报告", "篇", 13, "campaign_items", "yanchi"),
    _figure("work_bulletins", "上报工作信息", "条", 34, "channel_items", "yanchi"),
    _least("households_visited", "走访户数", "户", 800, "households_visited", "yanchi"),
    _least("help_activities", "帮扶活动", "次", 30, "help_activities", "yanchi"),
    _least("problems_solved", "为群众解决问题", "件", 50, "problems_solved", "yanchi"),
    _figure("party_members", "党员", "名", 73, "party_members", "dongyangtuo", "state"),
    _figure("grids", "区域网格", "个", 7, "grids", "dongyangtuo", "state"),
    _figure("member_management_modes", "党员管理方式", "种", 4, "people_listed", "dongyangtuo",
            "state", different="affiliation"),
    _figure("incubated_orgs", "入驻社会组织", "家", 15, "social_orgs", "chengzi", "state"),
    _figure("dispatched_instructors", "派驻党建指导员", "名", 2, "instructors", "chengzi",
            "state"),
    _least("purchase_fund_street", "购买服务投入", "元", 1_000_000, "fund_allocated_fen",
           "chengzi", where={"variant": "purchase_fund"}, per=100),
    _figure("service_fund_used", "服务群众经费", "元", 200_000, "fund_paid_fen", "chengzi",
            where={"variant": "service_fund"}, per=100),
    _figure("service_projects", "党建服务项目", "个", 32, "service_projects", "chengzi"),
    _figure("activities_and_trainings", "承办活动及培训", "次", 28, "activities_held", "chengzi"),
    _least("posts_claimed", "认领服务岗", "个", 20, "posts_claimed", "chengzi"),
    _least("initiative_letters", "倡议书", "份", 100, "appeals_published", "chengzi"),
    _figure("registered_members", "在册党员", "人", 4, "party_members", "chengzi", "state",
            where={"affiliation": "resident_member"}),
    _figure("floating_members", "流动党员", "人", 16, "party_members", "chengzi", "state",
            where={"affiliation": "floating_member"}),
    _figure("debris_removed", "清理废料", "车", 11, "activity_output", "huize",
            where={"output_measure": "vehicles"}),
    _least("soil_investment", "更换花土投入", "元", 100_000, "fund_paid_fen", "huize", per=100),
    _figure("roses_planted", "藤本月季", "株", 25_000, "activity_output", "huize",
            where={"category": "rose"}),
    _figure("lilacs_planted", "丁香", "株", 1_632, "activity_output", "huize",
            where={"category": "lilac"}),
    _figure("hibiscus_planted", "木槿", "株", 4_600, "activity_output", "huize",
            where={"category": "hibiscus"}),
    _figure("winter_jasmine_planted", "迎春花", "株", 5_124, "activity_output", "huize",
            where={"category": "winter_jasmine"}),
    _least("staff_mobilised", "抽调员工", "名", 100, "people_attending", "binhe"),
    _least("mobilised_person_times", "出动人次", "人次", 2_300, "person_times_mobilised",
           "binhe"),
    _figure("rubbish_removed", "清除杂物", "车", 98, "activity_output", "binhe",
            where={"output_measure": "vehicles"}),
    _least("weeds_cleared_area", "清除绿地杂草", "平方米", 20_000, "activity_output", "binhe",
           where={"output_measure": "square_metres"}),
    _least("fee_collection_rate_min", "费用收缴率", "%", 90, "said:mtg-fees", "mentougou",
           "quoted"),
    _figure("yishi_yiyi_investment", "“一事一议”累计投入", "元", 138_000_000,
            "fund_allocated_fen", "mentougou", where={"variant": "works_fund"}, per=100),
    _figure("beautiful_villages", "市级美丽乡村", "个", 49, "demonstration_sites", "mentougou"),
    _figure("most_beautiful_villages", "最美乡村", "个", 10, "campaign_items", "mentougou",
            where={"item_kind": "badge"}),
    _figure("club_members", "读书会会员", "名", 31, "seats_filled", "zgc-park", "state",
            where={"variant": "club_members"}),
    _figure("club_directors", "读书会理事", "人", 9, "seats_filled", "zgc-park", "state",
            where={"variant": "club_board"}),
    _figure("donated_space", "无偿提供房屋", "平方米", 500, "venue_floor", "zgc-park", "state"),
    _figure("books_donated", "资助图书", "册", 8_000, "output_quantity", "zgc-park",
            where={"category": "books"}),
    _figure("books_value", "资助图书价值", "元", 200_000, "said:mtg-books-value", "zgc-park",
            "quoted"),
    _figure("study_sessions", "专题学习活动", "次", 9, "study_sessions", "zgc-park"),
    _figure("rota_frequency", "轮值频率", "名理事/周", 1, "rule:mtg.rota:directors_per_week",
            "zgc-park", "rule"),
)
# fmt: on

VILLAGES = [f"yanchi-{number:02d}" for number in range(1, 14)]


def script(year: Year) -> Script:
    """All of it."""
    play = Script(SEED, ROOT, year)
    _map(play)
    _secretaries(play)
    _members(play)
    _chengzi(play)
    _greening(play)
    _clearing(play)
    _works(play)
    _club(play)
    return play


def _map(play: Script) -> None:
    play.area(ROOT, "门头沟区", "district")
    for code, name in (
        ("yanchi", "雁翅镇"),
        ("junzhuang", "军庄镇"),
        ("chengzi", "城子街道"),
        ("dongxinfang", "东辛房街道"),
        ("zgc-park", "中关村科技园门头沟园"),
    ):
        play.area(code, name, "street", ROOT)
    for number, code in enumerate(VILLAGES, 1):
        play.area(code, f"雁翅镇第{number}村", "community", "yanchi")
    play.area("dongyangtuo", "东杨坨村", "community", "junzhuang")
    for number in range(1, 8):
        play.area(f"dongyangtuo-g{number}", f"东杨坨第{number}网格", "grid", "dongyangtuo")
    play.area("huize", "惠泽家园", "community", "dongxinfang")
    play.area("binhe", "滨河楼", "community", "dongxinfang")
    play.org("mtg-bureau", "选派单位", "department", ROOT)
    play.org("mtg-library", "门头沟区图书馆", "resident_unit", "zgc-park")
    play.org("mtg-club", "读书会", "social_org", "zgc-park", form="association")


def _secretaries(play: Script) -> None:
    """雁翅镇: each village has its first secretary, who visits, helps, and has things put right."""
    for number, village in enumerate(VILLAGES, 1):
        body = play.register("village_posting", f"post-{village}", "constitute", area=village)
        play.then(body, "fill", person=f"fs-{number:02d}", seat_kind="full_time",
                  role="first_secretary", way="appointed", from_unit="mtg-bureau")  # fmt: skip
    day = play.year.eve.date().isoformat()
    reports = play.register("campaign", "mtg-reports", "start", name="调研报告", area="yanchi",
                            campaign_kind="series", from_on=day)  # fmt: skip
    for number in range(1, 14):
        play.then(reports, "publish_item", item=f"report-{number:02d}", item_kind="plan")
    news = play.register("channel", "mtg-news", "open_channel", name="工作信息专刊", area="yanchi",
                         channel_kind="newsletter", direction="tells")  # fmt: skip
    for items in (9, 8, 9, 8):
        play.then(news, "publish", items=items)
    meeting = play.case("regular_meeting", "reports", play.desk, "plan",
                        at=play.year.start + timedelta(days=20), area="yanchi")  # fmt: skip
    after(meeting, play.desk, "hold", minutes=100 * DAY)
    after(meeting, play.desk, "hold", minutes=150 * DAY)
    for number in range(812):
        village = VILLAGES[number % 13]
        play.case("home_visit", f"{number}", _secretary(number % 13 + 1), "plan",
                  area=village, household=f"h-{village}-{number:03d}")  # fmt: skip
    for number in range(32):
        play.case("help_event", f"{number}", play.desk, "plan", area=VILLAGES[number % 13])
    for number in range(53):
        _problem(play, number)


def _secretary(number: int) -> Doer:
    return Doer(f"fs-{number:02d}", "mtg-bureau", ("leader", "worker"))


def _problem(play: Script, number: int) -> None:
    village = VILLAGES[number % 13]
    secretary = _secretary(number % 13 + 1)
    story = play.case("issue", f"problem/{number}", play.desk, "find", area=village,
                      channel="visit", category="road",
                      requester=f"r-{village}-{number:03d}")  # fmt: skip
    after(story, play.desk, "classify", minutes=5, tier="major")
    after(story, play.desk, "assign", minutes=5, unit="mtg-bureau")
    after(story, secretary, "handle", minutes=600, resolution="solved")
    after(story, play.desk, "feed_back", minutes=20)
    after(story, play.desk, "close", minutes=30, resolution="solved")


def _members(play: Script) -> None:
    """东杨坨村: 73 members in 7 grids, looked after in four ways."""
    modes = ("serving_member", "resident_member", "retired_member", "floating_member")
    for number in range(73):
        grid = f"dongyangtuo-g{number % 7 + 1}"
        play.person(f"dyt-{number:03d}", grid, modes[min(number % 6, 3)])
    for number in range(20):
        mode = "resident_member" if number < 4 else "floating_member"
        play.person(f"cz-{number:03d}", "chengzi", mode)


def _chengzi(play: Script) -> None:
    """城子街道: organisations that moved in, projects bought, posts, letters."""
    for number in range(1, 16):
        play.org(f"cz-org-{number:02d}", f"入驻社会组织{number:02d}", "social_org", "chengzi")
    body = play.register("exchange", "cz-instructors", "constitute", area="chengzi")
    for number in (1, 2):
        play.then(body, "fill", person=f"cz-instructor-{number}", role="instructor",
                  way="appointed", from_unit="mtg-bureau")  # fmt: skip
    day = play.year.eve.date().isoformat()
    letters = play.register("campaign", "cz-letters", "start", name="党员倡议在行动",
                            area="chengzi", campaign_kind="initiative",
                            from_on=day)  # fmt: skip
    for number, copies in enumerate((40, 36, 32), 1):
        play.then(letters, "publish_item", item=f"letter-{number}", item_kind="appeal",
                  copies=copies)  # fmt: skip
    play.spent("purchase_fund", "chengzi", 105_000_000, 96_000_000, "purchase")
    play.spent("service_fund", "chengzi", 20_000_000, 20_000_000, "service")
    for number in range(32):
        story = play.case("need_project", f"{number}", play.desk, "propose", area="chengzi")
        after(story, play.leader, "approve", minutes=600)
    for number in range(28):
        if number < 20:
            event = play.coming("culture_event", f"chengzi/{number}", "chengzi")
            later = play.year.text(event.steps[0].at + timedelta(days=2))
            after(event, play.desk, "announce", planned_for=later)
            after(event, play.desk, "hold", minutes=2 * DAY)
        else:
            play.case("staff_training", f"{number}", play.desk, "plan", area="chengzi")
    post = play.case("post", "chengzi", play.desk, "propose", area="chengzi", places=24)
    after(post, play.desk, "publish")
    for number in range(22):
        after(post, play.worker("chengzi", number), "take", minutes=600)


def _greening(play: Script) -> None:
    """惠泽家园: what stood there against the rules goes, new soil and plants come."""
    play.output("huize/debris", "huize", "debris", 11, "vehicles")
    for plant, trees in PLANTS.items():
        play.output(f"huize/{plant}", "huize", plant, trees, "trees")
    play.spent("grant_fund", "huize", 11_000_000, 10_800_000, "works")


def _clearing(play: Script) -> None:
    """滨河楼: staff of its company clear the rubbish and cut the weeds."""
    story = play.output("binhe/rubbish", "binhe", "rubbish", 98, "vehicles")
    staff = [f"staff-{number:03d}" for number in range(1, 109)]
    after(story, play.desk, "record_attendance", role="worker", people=staff)
    after(story, play.desk, "record_attendance", role="worker", number=2_240)
    play.output("binhe/weeds", "binhe", "weeds", 20_600, "square_metres")


def _works(play: Script) -> None:
    """The whole district: works that villages decided on, and what villages are known for."""
    play.spent("works_fund", ROOT, 13_800_000_000, 0, "works")
    day = play.year.eve.date().isoformat()
    villages = play.register("campaign", "mtg-villages", "start", name="美丽乡村", area=ROOT,
                             campaign_kind="programme", from_on=day)  # fmt: skip
    for number in range(1, 50):
        play.then(villages, "publish_item", item=f"village-{number:02d}", item_kind="site")
    for number in range(1, 11):
        play.then(villages, "publish_item", item=f"finest-{number:02d}", item_kind="badge")
    play.said("mtg-fees", "物业费用收缴率", ROOT, "%", 90, least=True)


def _club(play: Script) -> None:
    """中关村科技园门头沟园: a reading club, its board, its room and its books."""
    members = play.register("club_members", "mtg-readers", "constitute", area="zgc-park")
    board = play.register("club_board", "mtg-directors", "constitute", area="zgc-park")
    for number in range(1, 32):
        play.then(members, "fill", person=f"reader-{number:02d}")
    for number in range(1, 10):
        role = "head" if number == 1 else "deputy" if number < 4 else "director"
        play.then(board, "fill", person=f"reader-{number:02d}", role=role, way="elected")
    play.register("venue", "mtg-reading", "register", name="读书会用房", area="zgc-park",
                  level="unit", floor=500, functions=["reading"])  # fmt: skip
    librarian = Doer("librarian", "mtg-library", ("worker",))
    books = play.case("order", "books", librarian, "place", area="zgc-park", category="books",
                      requester="reader-01")  # fmt: skip
    after(books, librarian, "report", timing="working_hours", output=8_000,
          output_measure="items")  # fmt: skip
    play.said("mtg-books-value", "资助图书价值", "zgc-park", "元", 200_000, least=False)
    play.numbers("mtg.rota", "zgc-park", directors_per_week=1)
    at = play.year.start + timedelta(days=60)
    club = play.case("reading_club", "club", play.desk, "plan", at=at, area="zgc-park")
    for week in range(9):
        begun = at + timedelta(days=7 * week)
        day = play.year.text(begun + timedelta(days=2))
        club.add(begun + timedelta(hours=2), play.desk, "announce", planned_for=day)
        club.add(begun + timedelta(days=2), play.desk, "hold")
