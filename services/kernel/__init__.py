"""内核 · What every workflow is made of. Pure: no I/O, no clock, no randomness."""
