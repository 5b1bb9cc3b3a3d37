"""昆明的机构 · 昆明's map, its bodies and who sits in them, its lists, its menu."""

from __future__ import annotations

from datetime import timedelta

from services.exchange.demo.script import DAY, Script, after

ROOT = "kunming"
MAIN = ("wuhua", "panlong", "guandu", "xishan", "chenggong")
"""主城五区."""

DISTRICTS = {
    "wuhua": "五华区",
    "panlong": "盘龙区",
    "guandu": "官渡区",
    "xishan": "西山区",
    "chenggong": "呈贡区",
    "yiliang": "宜良县",
}
STREETS = {"longxiang": "wuhua"} | {
    f"km-s{number:02d}": list(DISTRICTS)[number % 6] for number in range(1, 59)
}
"""59 streets, and the district of each."""

NAMED = {
    "chuanfang": ("船房社区", "xishan"),
    "yongxing": ("永兴路社区", "xishan"),
    "jinxing": ("金星社区", "panlong"),
}
COMMUNITIES = {code: district for code, (_, district) in NAMED.items()} | {
    f"km-c{number:03d}": STREETS[f"km-s{number % 58 + 1:02d}"] for number in range(1, 284)
}
"""286 communities, and the district of each."""

CONFERENCES = 277
ALLIANCES = 46
UNITS = 1_413
SEATS = 5
GRIDS, OF_CHUANFANG = 195, 24
COMMITTEES, WORK_COMMITTEES = 17, 7
DEPARTMENTS, MATTERS, MATTERS_GONE, SEALS = 21, 84, 72, 31
BRANCHES = 900


def write(play: Script) -> None:
    """All registers of 昆明."""
    _map(play)
    _working_committees(play)
    _menu(play)
    _organisations(play)
    _seats(play)
    _conferences(play)
    _lists(play)


def _map(play: Script) -> None:
    play.area(ROOT, "昆明市", "city")
    for code, name in DISTRICTS.items():
        play.area(code, name, "district", ROOT)
    for number, (code, district) in enumerate(STREETS.items()):
        name = "龙翔街道" if code == "longxiang" else f"昆明第{number}街道"
        play.area(code, name, "street", district)
    for code, (name, district) in NAMED.items():
        play.area(code, name, "community", district)
    for number, code in enumerate(list(COMMUNITIES)[len(NAMED) :], 1):
        play.area(code, f"昆明第{number}社区", "community", f"km-s{number % 58 + 1:02d}")
    play.area("yining", "怡宁公司片区", "estate", "panlong")
    own = [code for code, district in COMMUNITIES.items() if district == "xishan"]
    others = [code for code in own if code != "chuanfang"]
    for number in range(1, GRIDS + 1):
        above = "chuanfang" if number <= OF_CHUANFANG else others[number % len(others)]
        play.area(f"xs-g{number:03d}", f"西山第{number}网格", "grid", above)


def _working_committees(play: Script) -> None:
    for number in range(1, WORK_COMMITTEES + 1):
        play.org(f"km-w{number}", f"市委党工委{number}", "party_org", ROOT,
                 form="working_committee", at=play.year.start + timedelta(days=30))  # fmt: skip


def _organisations(play: Script) -> None:
    """17 committees go into 7 working committees; offices, centres, departments, branches,
    units."""
    for number in range(1, COMMITTEES + 1):
        story = play.org(f"km-p{number:02d}", f"市委直管部门党委{number:02d}", "party_org", ROOT,
                         form="committee")  # fmt: skip
        after(story, play.desk, "close", minutes=60 * DAY, reason="merged",
              into=f"km-w{number % WORK_COMMITTEES + 1}")  # fmt: skip
    for district in MAIN:
        play.org(f"km-{district}", f"{DISTRICTS[district]}区委组织部", "party_org", district)
    for number in range(1, 6):
        play.org(f"xs-o{number}", f"街道办公室{number}", "department", "xishan", form="office")
    for number in range(1, 7):
        play.org(f"xs-k{number}", f"街道中心{number}", "department", "xishan", form="centre")
    for number in range(1, DEPARTMENTS + 1):
        play.org(f"xs-d{number:02d}", f"西山区部门{number:02d}", "department", "xishan")
    for number in range(1, BRANCHES):
        play.org(f"gd-b{number:03d}", f"党支部{number:03d}", "party_org", "guandu", form="branch")
    where = list(COMMUNITIES)
    for number in range(1, UNITS + 1):
        play.org(f"km-u{number:04d}", f"驻区单位{number:04d}", "resident_unit",
                 where[number % len(where)])  # fmt: skip


def _seats(play: Script) -> None:
    """Each grand committee has five part-time members, each from a unit; a few units sit twice."""
    for number, street in enumerate(list(STREETS)[:ALLIANCES], 1):
        play.register("street_alliance", f"km-a{number:02d}", "constitute", area=street)
    units = 0
    for number, community in enumerate(COMMUNITIES, 1):
        body = play.register("community_grand_committee", f"km-g{number:03d}", "constitute",
                             area=community)  # fmt: skip
        for _ in range(SEATS):
            code = f"km-u{units % UNITS + 1:04d}"
            units += 1
            play.then(body, "fill", person=f"d-{code}", from_unit=code)


def _conferences(play: Script) -> None:
    """Periodic ones: each is due in every quarter from when it was set up."""
    for code in (*STREETS, *list(COMMUNITIES)[:CONFERENCES]):
        play.case("joint_meeting", code, play.desk, "plan", area=code)


def _lists(play: Script) -> None:
    powers = [{"item": f"power-{number}"} for number in range(1, 6)]
    play.listed("km-powers", ROOT, "power", powers)
    kept = [
        {"item": f"matter-{number:02d}", "department": f"xs-d{number % DEPARTMENTS + 1:02d}"}
        for number in range(MATTERS)
    ]
    gone = [{"item": f"gone-{number:02d}"} for number in range(MATTERS_GONE)]
    matters = play.listed("xs-matters", "xishan", "matters", kept + gone)
    matters.add(play.moment(), play.desk, "remove", items=[one["item"] for one in gone],
                reason="handed_back")  # fmt: skip
    seals = [{"item": f"seal-{number:02d}"} for number in range(SEALS)]
    play.listed("xs-seals", "xishan", "seals", seals)
    needs = [{"item": f"need-{number}", "category": f"kind-{number}"} for number in range(10)]
    play.listed("lx-needs", "longxiang", "needs", needs)


def _menu(play: Script) -> None:
    for number in range(1, 112):
        play.service(f"km-m{number:03d}", f"便民服务事项{number:03d}", ROOT, "one-stop")
    for number in range(1, 103):
        play.service(f"yx-m{number:03d}", f"进社区服务{number:03d}", "yongxing", "community",
                     of="social")  # fmt: skip
