"""阵地、服务菜单、渠道 · The numbers of venues, of the menu, and of channels."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import count, net, only, ratio, total

# fmt: off

VENUES = net("venues", "阵地", "Venues", ("venue.registered",), ("venue.closed",))
RATED = net("venues_rated", "已评定阵地", "Venues rated", ("venue.rated",), ("venue.rating_ended",),
            "个", rating=("compliant", "not_compliant"))
SHARED = net("venues_shared", "开放共享", "Venues shared", ("venue.shared",),
             ("venue.sharing_ended",), "处")
SERVICES = net("menu_services", "菜单服务", "Services on the menu", ("menu.service_listed",),
               ("menu.service_retired",), "项")
CHANNELS = net("channels", "渠道", "Channels", ("channel.opened",), ("channel.closed",))

BOOKED = net("venue_bookings", "场地预约", "Bookings of venues", ("venue.booked",),
             ("venue.booking_released",), "次")

NUMBERS: tuple[Counter, ...] = (
    VENUES,
    only(VENUES, "community_venues", "社区阵地", "Venues of communities", level="community"),
    only(VENUES, "street_venues", "街道阵地", "Venues of streets", level="street"),
    total("venue_floor", "登记阵地面积", "Floor area registered", ("venue.registered",), "floor",
          "平方米"),
    count("venues_changed", "改造阵地", "Venues rebuilt", "venue.changed", "个"),
    RATED,
    only(RATED, "venues_compliant", "达标阵地", "Venues up to standard", rating="compliant"),
    only(RATED, "demo_venues", "标杆示范点", "Demonstration sites", rating="demo_site"),
    only(RATED, "contact_sites", "直接联系点", "Contact sites", rating="contact_site"),
    only(RATED, "secretary_studios", "书记工作室", "Secretaries' studios",
         rating="secretary_studio"),
    ratio("venue_compliance_rate", "阵地达标率", "Venues up to standard", "venues_compliant",
          "venues", least=0),
    SHARED,
    only(SHARED, "venues_open_to_residents", "向居民开放", "Open to residents",
         shared_with="residents"),
    BOOKED,
    count("venue_bookings_used", "已用预约", "Bookings used", "venue.used"),
    total("venue_minutes_used", "场地使用分钟", "Minutes a venue was used", ("venue.used",),
          "minutes", "分钟"),
    ratio("venue_use_rate", "预约使用率", "Bookings used", "venue_bookings_used",
          "venue_bookings"),
    SERVICES,
    only(SERVICES, "public_services", "公共服务项", "Public services", service_class="public"),
    only(SERVICES, "social_services", "社会服务项", "Social services", service_class="social"),
    only(SERVICES, "market_services", "市场服务项", "Market services", service_class="market"),
    count("services_retired", "下架服务", "Services retired", "menu.service_retired", "项"),
    count("service_offers", "服务提供", "Offers of services", "menu.service_offered", "家次"),
    CHANNELS,
    only(CHANNELS, "channels_taking_in", "受理渠道", "Channels that take in",
         direction=("both", "takes_in")),
    total("channel_items", "发布信息", "Items published", ("channel.items_published",), "items",
          "条"),
)
"""All public numbers of these three registers."""
