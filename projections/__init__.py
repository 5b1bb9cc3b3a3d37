"""台账 · The ledger: what the facts add up to."""

PROJECT = "jishi"
