"""演示 · The demonstration: 荔城's published year, played deed by deed through the commands."""
