"""What keeps something from being fetched, in words, and when to ask again."""

import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import responses
from typing import Final

from streamson._printable import printable

MAX_RETRY_AFTER_S: Final = 3_600.0

_GONE: Final = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}

_KINDS: Final = (
    (ConnectionRefusedError, "nobody listens there"),
    (ConnectionResetError, "the connection broke"),
    (TimeoutError, "no answer in time"),
    (UnicodeError, "no host can have that name"),
)

_NOT_ENCRYPTED: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of bytes that are no TLS; the last one from version 3.2 on."""

_BROKEN: Final = {"ClientPayloadError", "ServerDisconnectedError"}
"""By name, as aiohttp is not imported here."""


class UnavailableError(Exception):
    """Something can't be had at the moment.

    Parameters
    ----------
    reason
        Why.
    answered
        Whether somebody is there, and says no: that is not asked again sooner than is usual.
    retry_after_s
        The least time to wait, as the server says.
    """

    def __init__(self, reason: str, *, answered: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.answered = answered
        self.retry_after_s = retry_after_s

    def wait_s(self, backoff_s: float, interval_s: float) -> float:
        """Return how long to wait, where so long is next for who is gone, and usual otherwise."""
        return max(backoff_s, interval_s if self.answered else 0.0, self.retry_after_s)


def refusal(status: int, reason: str | None, headers: Mapping[str, str]) -> UnavailableError:
    """Return what an answer's status says."""
    hint = ""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        hint = " (see --token-file, --password-file, --header @FILE)"
    return UnavailableError(
        f"{status} {reason or ''}".strip() + hint,
        answered=status not in _GONE,
        retry_after_s=_retry_after_s(headers.get("Retry-After", "")),
    )


def _retry_after_s(text: str) -> float:
    """Return what the header Retry-After says: seconds, or a date (RFC 9110, 10.2.3)."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        wait_s = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def failure(error: BaseException) -> UnavailableError:
    """Return what an error of a connection says, in words."""
    status = getattr(error, "status", 0)
    if status >= HTTPStatus.BAD_REQUEST:  # what answers is no WebSocket
        return refusal(status, responses.get(status), getattr(error, "headers", None) or {})
    if status and status != HTTPStatus.SWITCHING_PROTOCOLS:
        return UnavailableError(f"it answers with {status}, as no WebSocket does", answered=True)
    # aiohttp wraps what it was told.
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return UnavailableError(printable(_words(inner)))


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message} (see --ca-file)"
    if isinstance(error, ssl.SSLError):
        if error.reason in _NOT_ENCRYPTED:
            return "it does not encrypt; if that is meant, say http:// or ws://"
        return f"no TLS: {error.reason or error}"
    for kind, words in _KINDS:
        if isinstance(error, kind):
            return words
    if type(error).__name__ in _BROKEN:
        return "the connection broke"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
