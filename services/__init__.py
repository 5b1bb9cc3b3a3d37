"""服务 · Services: what people may do, and every way in."""

PROJECT = "jishi"
