"""The frame by which a relay finds out whether what it hands on comes back: who takes it knows it.

It is a goodbye of a stream that nobody has, of these bytes and no others, so that it may pass where
its sender may publish other streams only, and no point can pass as one.
"""

import re
import secrets
from typing import Final

STREAM: Final = "streamson-relay/"
"""How the names of such streams begin."""

_NAME_BYTES: Final = 8
_FRAME: Final = re.compile(STREAM.encode() + rb"[0-9a-f]{16}\0\x81\xa5ended\xc3")


def new_name() -> str:
    """Return the name of a stream that nobody has."""
    return f"{STREAM}{secrets.token_hex(_NAME_BYTES)}"


def is_probe(frame: bytes | memoryview) -> bool:
    """Return whether a frame is one that a relay sends along, and nothing else."""
    return _FRAME.fullmatch(frame) is not None
