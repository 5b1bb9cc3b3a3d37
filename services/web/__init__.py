"""网页与接口 · The way in over HTTP: API, live feed, pages, and the gate before them all."""
