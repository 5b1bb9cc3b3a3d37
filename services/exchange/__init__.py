"""往来 · Exchange: histories that come in from elsewhere, and what goes out again."""
