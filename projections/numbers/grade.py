"""星级积分 · Numbers of points and grades: by item, level and step, never by person."""

from __future__ import annotations

from projections.making import count, net, only, total

# fmt: off

GRADED = net("grades_held", "现有职级星级", "Grades held", ("grade.assigned",),
             ("grade.released",), "个")

NUMBERS = (
    net("point_accounts", "积分账户", "Accounts", ("grade.account_opened",),
        ("grade.account_closed",)),
    total("points_granted", "记分", "Points given", ("grade.points_granted",), "points", "分"),
    count("points_entries", "记分次数", "Times points were given", "grade.points_granted"),
    GRADED,
    only(GRADED, "workers_graded", "职级核定的社区工作者", "Community workers graded", "名",
         variant="worker_ladder"),
    only(GRADED, "units_starred", "星级单位", "Units with stars", "家", variant="unit_stars"),
    count("grade_appeals", "积分职级申诉", "Appeals on points and grades", "grade.appealed", "件"),
)

# fmt: on
