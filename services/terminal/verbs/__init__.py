"""动词 · One file for each group of verbs. They import what is heavy only when they run."""
