"""指标口径 · Numbers of definitions and of figures put out without being counted."""

from __future__ import annotations

from projections.making import count, net

# fmt: off

NUMBERS = (
    net("indicators", "在用指标口径", "Indicators in use", ("indicator.defined",),
        ("indicator.retired",), "项"),
    count("figures_published", "发布数据", "Figures put out", "indicator.figure_published", "项"),
    count("definitions_changed", "口径调整", "Definitions changed", "indicator.redefined"),
)

# fmt: on
