"""Hear live data: a real-time streaming sonifier fed over ZeroMQ."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from streamson._version import __version__
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from streamson.decode.decoded import decode_sound
    from streamson.export.rendering import render
    from streamson.listener.listener import Listener
    from streamson.session.load import load_session
    from streamson.wire.points.publisher import Publisher

__all__ = [
    "Listener",
    "Publisher",
    "StreamsonError",
    "__version__",
    "decode_sound",
    "load_session",
    "render",
]

# A producer must not load a synthesiser: each name brings its own module, when it is first used.
_HOMES: Final = {
    "Listener": "streamson.listener.listener",
    "Publisher": "streamson.wire.points.publisher",
    "decode_sound": "streamson.decode.decoded",
    "load_session": "streamson.session.load",
    "render": "streamson.export.rendering",
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
