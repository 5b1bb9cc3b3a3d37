"""情景 · Stories told in TOML and played through the public API, each on a log of its own."""
