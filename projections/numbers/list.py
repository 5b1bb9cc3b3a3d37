"""清单 · The public numbers of lists."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import count, distinct, net, only

# fmt: off

ADDED, REMOVED = ("list.item_added",), ("list.item_removed",)
LISTS = net("lists", "清单数", "Lists", ("list.published",), ("list.withdrawn",))
ITEMS = net("list_items", "清单项数", "Items on lists", ADDED, REMOVED, "项")
DEPARTMENTS = distinct("list_departments", "清单涉及部门", "Departments on lists", ADDED, "unit",
                       "个", REMOVED)
CLASSES = distinct("list_classes", "清单大类", "Classes on lists", ADDED, "category", "类", REMOVED)
GONE = count("list_items_removed", "清单减项", "Items removed from lists", REMOVED, "项")

NUMBERS: tuple[Counter, ...] = (
    LISTS,
    only(LISTS, "needs_lists", "需求清单", "Lists of needs", list_kind="needs"),
    only(LISTS, "shared_resource_lists", "共享清单", "Lists of shared resources",
         list_kind="resources"),
    ITEMS,
    only(ITEMS, "community_matters_listed", "社区事项清单", "Matters of communities",
         list_kind="matters"),
    only(ITEMS, "seal_uses_listed", "社区印章使用清单", "Uses of the seal", list_kind="seals"),
    only(ITEMS, "duty_list_items", "责任清单项", "Duties listed", list_kind="duty"),
    only(ITEMS, "power_list_items", "权力清单项", "Powers listed", list_kind="power"),
    only(ITEMS, "grid_duties_listed", "网格职责清单项", "Duties of grids", list_kind="grid_duty"),
    only(ITEMS, "needs_listed", "需求清单项", "Needs listed", list_kind="needs"),
    only(ITEMS, "resources_listed", "资源清单项", "Resources listed", list_kind="resources"),
    DEPARTMENTS,
    only(DEPARTMENTS, "matters_list_departments", "事项清单涉及部门",
         "Departments on lists of matters", list_kind="matters"),
    CLASSES,
    only(CLASSES, "duty_list_categories", "责任清单大类", "Classes of duties",
         list_kind="duty"),
    only(CLASSES, "needs_list_categories", "需求清单大类", "Classes of needs",
         list_kind="needs"),
    GONE,
    only(GONE, "list_items_met", "清单落实", "Items of lists met", reason="met"),
    only(GONE, "certificates_cancelled", "取消证明材料", "Certificates cancelled",
         list_kind="certificates"),
    only(GONE, "community_matters_cancelled", "社区事项减项", "Matters taken off communities",
         list_kind="matters"),
    count("requests_off_list", "清单外事项退回", "Requests returned as on no list",
          "issue.returned", "件", reason="not_on_list"),
)
"""All of them."""
