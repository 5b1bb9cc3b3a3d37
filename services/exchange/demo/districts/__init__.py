"""其他区县 · The districts of the other four articles, one file each: figures beside deeds."""

from __future__ import annotations

from services.exchange.demo import figures
from services.exchange.demo.districts import changle, kunming, lianyungang, licheng, mentougou
from services.exchange.demo.figures import Figure

OTHERS = (licheng, kunming, lianyungang, changle, mentougou)
"""In the order they are played: first what 荔城's own year of deeds leaves."""

ALL: tuple[Figure, ...] = (*figures.FIGURES, *(one for each in OTHERS for one in each.FIGURES))
"""The figures of all districts, 荔城 first."""

NAMES = {each.SEED: each.NAME for each in OTHERS}
"""What each district is called, by the seed its figures come from."""
