"""运行 · What a process needs before it can serve: settings, guards, a database, its schema."""
