"""事实 · Facts: what is said to have happened, and how it is written down."""

PROJECT = "jishi"
