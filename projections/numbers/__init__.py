"""公开指标分册 · The public numbers of further kinds, a file for each; `counters.py` joins them."""
