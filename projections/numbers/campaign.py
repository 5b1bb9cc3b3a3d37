"""专项 · Numbers of campaigns."""

from __future__ import annotations

from projections.making import count, net, only, total

# fmt: off

CAMPAIGNS = net("campaigns_open", "进行中的专项", "Campaigns under way", ("campaign.opened",),
                ("campaign.closed",))
ITEMS = count("campaign_items", "专项发布", "Put out in campaigns", "campaign.item_published", "项")
COPIES = total("campaign_copies", "专项发布份数", "Copies put out", ("campaign.item_published",),
               "copies", "份")

NUMBERS = (
    CAMPAIGNS,
    only(CAMPAIGNS, "brands", "服务品牌", "Brands", campaign_kind="brand"),
    net("campaign_units", "参加专项单位", "Units in campaigns", ("campaign.unit_joined",),
        ("campaign.unit_left",), "家"),
    ITEMS,
    only(ITEMS, "demonstration_sites", "示范点", "Demonstration sites", "个", item_kind="site"),
    COPIES,
    only(COPIES, "appeals_published", "倡议书", "Appeals", item_kind="appeal"),
)

# fmt: on
