"""终端 · The command line, in pieces: what may be typed, how it is read, and how it answers."""
