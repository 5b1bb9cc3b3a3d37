"""登记册 · One hand-written file per register. A new file here is found by itself."""
