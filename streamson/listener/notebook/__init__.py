"""A listener in a notebook: a table that follows it, and hands that steer it."""
