"""岗位 · The public numbers of standing posts."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import distinct, net, only

# fmt: off

OPENED, CLOSED = ("service_post.opened",), ("service_post.closed",)
FILLED, LEFT = ("service_post.filled",), ("service_post.left",)
POSTS = net("posts_open", "现设岗位", "Posts now", OPENED, CLOSED)

NUMBERS: tuple[Counter, ...] = (
    POSTS,
    only(POSTS, "centre_households", "党员中心户", "Plaque households", "户",
         post_kind="centre_household"),
    net("posts_held", "在岗", "Posts held", FILLED, LEFT, "名"),
    distinct("post_holders", "在岗人员", "People who hold a post", FILLED, "person",
             down_on=LEFT),
)
"""All of them."""
