"""What a listener tells a publisher whose key may not publish all that it sends.

Nothing goes from a socket that receives points to one that sends them but subscriptions. So a
notice is one: to a topic with which no stream's name can begin. All publishers see it; whose it is
and what it says only those know who know both public keys: the publisher and the listener.
"""

import secrets
from hashlib import shake_256
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from streamson.keys.grant import MAX_PATTERNS, Grant

PREFIX: Final = b"\0notice/"
"""A stream's name is not empty, and has no zero byte."""

MAX_NOTICE_BYTES: Final = 1_000
"""Some hundred patterns. ZeroMQ takes 56 bytes for each of these, at each publisher."""

_WHOSE_BYTES: Final = 16
_NONCE_BYTES: Final = 8


class Notice(msgspec.Struct, array_like=True, frozen=True):
    """What is told.

    Attributes
    ----------
    name
        What the key is called there.
    publish, hear, steer
        What it is allowed, as of `Grant`; no patterns if they are too many to be told.
    had_another
        Whether it was allowed something else when it came, or the last notice ended.
    """

    name: str
    publish: Annotated[tuple[str, ...], Meta(max_length=MAX_PATTERNS)]
    hear: bool
    steer: bool
    had_another: bool

    @property
    def grant(self) -> Grant:
        """What the key is allowed there, but for the key."""
        return Grant(key="", publish=self.publish, hear=self.hear, steer=self.steer)


class NoticeCode:
    """Writes and reads notices between a listener and a publisher.

    Parameters
    ----------
    listener_key, publisher_key
        Public keys, 64 hex digits each.
    """

    def __init__(self, listener_key: str, publisher_key: str) -> None:
        self._keys = bytes.fromhex(listener_key) + bytes.fromhex(publisher_key)
        self._start = PREFIX + shake_256(b"whose" + self._keys).digest(_WHOSE_BYTES)
        self._decode = msgspec.msgpack.Decoder(Notice).decode

    def topic(self, notice: Notice) -> bytes:
        """Return the topic that tells a notice; a new one each time."""
        content = msgspec.msgpack.encode(notice)
        if len(content) > MAX_NOTICE_BYTES:
            content = msgspec.msgpack.encode(msgspec.structs.replace(notice, publish=()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._start + nonce + self._veiled(nonce, content)

    def read(self, topic: bytes) -> Notice | None:
        """Return what a topic tells; None if it is for another, or no notice."""
        if not topic.startswith(self._start):
            return None
        told = topic[len(self._start) :]
        nonce, content = told[:_NONCE_BYTES], told[_NONCE_BYTES:]
        try:
            return self._decode(self._veiled(nonce, content))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _veiled(self, nonce: bytes, content: bytes) -> bytes:
        """Return a content under a pad of its own, or from under it."""
        pad = shake_256(b"what" + self._keys + nonce).digest(len(content))
        return bytes(one ^ other for one, other in zip(content, pad, strict=True))
