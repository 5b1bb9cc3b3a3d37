"""日志 · The log: how facts are kept, and how they travel."""

PROJECT = "jishi"
