"""同行 · Others, each used as its own documentation says, on the same server and the same deed."""
