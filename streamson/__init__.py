"""Hear live data: a real-time streaming sonifier fed over ZeroMQ."""

from streamson._version import __version__

__all__ = ["__version__"]
