"""What a template is refused for, before it becomes a rule."""

from __future__ import annotations

import pytest

from events.errors import Invalid
from services.installing import Wanted, check, read_toml
from services.kernel.catalogue import only
from services.parsing import parse

CATALOGUE = only("claim")
GARDEN = """\
title = "认养绿地 · Garden"

[terms]
item_type = "duty"
for_resident = false
verified_first = false
places_max = 3

[says]
"claim.item_claimed" = { zh = "绿地已认养", en = "Garden taken on" }
"""


def checked(name: str, text: str) -> None:
    wanted = parse(Wanted, read_toml(name, text))
    check(CATALOGUE, wanted, wanted.model_dump(mode="json"), installed=False)


def test_a_good_template_is_let_through() -> None:
    checked("claim.garden.toml", GARDEN)


@pytest.mark.parametrize(
    ("name", "old", "new", "field"),
    [
        ("garden.toml", "", "", "FILE"),
        ("claim.wish.toml", "", "", "variant"),
        ("claim.Bad-Name.toml", "", "", "variant"),
        ("claim.feed.toml", "", "", "variant"),
        ("clame.garden.toml", "", "", "kind"),
        ("claim.bad.toml", "title = ", "titel = ", "titel"),
        ("claim.bad.toml", " · Garden", "", "title"),
        ("claim.bad.toml", "places_max", "places_most", "terms.places_max"),
        ("claim.bad.toml", "= 3", '= "many"', "terms.places_max"),
        ("claim.bad.toml", "item_claimed", "item_clamed", "says.claim.item_clamed"),
        ("claim.bad.toml", "[says]", "[says", "FILE"),
    ],
)
def test_what_is_wrong_with_a_template_is_named(name: str, old: str, new: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(name, GARDEN.replace(old, new))
    assert refused.value.field == field
    assert refused.value.zh != refused.value.detail
