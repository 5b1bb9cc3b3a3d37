"""A district adds its own mechanism without code: a file, a rule, a case of it, a number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Ended, Program

pytestmark = pytest.mark.process

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


def installed(program: Program, folder: Path, name: str, text: str = GARDEN) -> Ended:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return program("template", "install", str(path), "--json")


def test_a_template_goes_from_a_file_to_a_case_and_to_a_number(
    either: Program, tmp_path: Path
) -> None:
    variant = "garden_served" if "JISHI_SERVER" in either.settings else "garden_direct"
    done = installed(either, tmp_path, f"claim.{variant}.toml")
    assert done.code == 0, done.err
    assert (done.json["state"], done.json["kind"], done.json["rule"]) == (
        "in_force", "claim", f"template.claim.{variant}"
    )  # fmt: skip
    items = {one["variant"]: one for one in either("template", "list", "--json").json["items"]}
    assert items[variant] == done.json
    assert items["wish"]["state"] == "shipped"
    proposed = either(
        "claim", "propose", "--variant", variant, "--area", "c2", "--places", "2", "--json"
    )
    assert proposed.code == 0, proposed.err
    claim = proposed.json["id"]
    assert either("claim", "publish", claim).code == 0
    taken = either("claim", "take", claim, "--json")
    assert taken.code == 0, taken.err
    assert taken.json["facts"][0]["about"]["variant"] == variant
    counted = either("counters", "places_claimed", "--by", "variant", "--area", "c2", "--json")
    found = {cell["key"]: cell["value"] for cell in counted.json["cells"]}
    assert found[variant] == 1
    # What knows another kind alone has nothing to say of it.
    assert either("order", "place", "--area", "c2", "--json").err == ""
    # The same file again is no second version; other terms are one.
    again = installed(either, tmp_path, f"claim.{variant}.toml")
    assert again.json == done.json
    more = installed(either, tmp_path, f"claim.{variant}.toml", GARDEN.replace("= 3", "= 4"))
    assert (more.code, json.loads(more.err)["code"]) == (1, "not_after")
    assert "接下来" not in either("template", "install", variant).err
