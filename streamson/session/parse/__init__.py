"""The tables of a session file, checked one by one."""
