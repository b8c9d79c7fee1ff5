"""Streams belong together by their names, such as those of one host."""


def group_of(stream: str) -> str:
    """Return what a stream's name begins with, up to its first slash; empty without one."""
    group, slash, _ = stream.partition("/")
    return group if slash else ""
