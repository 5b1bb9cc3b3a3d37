"""测量 · How fast it is, against the goals and against others, in one run on one machine."""
