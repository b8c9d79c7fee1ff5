"""A whole table at once: the same score and the same machine code as live, faster than time."""
