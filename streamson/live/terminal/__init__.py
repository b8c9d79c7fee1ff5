"""The terminal: what a listener plays on a screen of characters, and the keys that steer it."""
