"""流程 · One hand-written file per kind of case. A new file here is found by itself."""
