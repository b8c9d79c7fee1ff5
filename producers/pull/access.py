"""How somebody is let in: headers, tokens, passwords, and whose certificates are trusted."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from streamson._printable import printable
from streamson.errors import UsageError
from streamson.producers.base import tls
from streamson.producers.base.secret import secret_option
from streamson.producers.pull.address import ENCRYPTED, Address

if TYPE_CHECKING:
    from ssl import SSLContext

MAX_HEADER_BYTES: Final = 16_384
"""Of a file of headers: what servers commonly take."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET: Final = re.compile(r"auth|cookie|key|token|secret|password", re.IGNORECASE)

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Access(NamedTuple):
    """What is sent along with every request to an address, and to no other.

    Attributes
    ----------
    headers
        Values by name.
    tls
        Whose certificates are trusted, and which is shown; None for what is not encrypted.
    """

    headers: Mapping[str, str]
    tls: "SSLContext | None"


def access_options(command: _Command) -> _Command:
    """Add the options that `access_of` takes."""
    for option in reversed(
        (
            click.option(
                "--header",
                "headers",
                multiple=True,
                callback=_headers,
                metavar="'NAME: VALUE'",
                help="A header of each request; @FILE for a file of them, a line each, which is "
                "the place for secrets.",
            ),
            secret_option("token", "the token that the server wants (Authorization: Bearer)"),
            secret_option("password", "the password of the user in the address"),
            tls.options,
        )
    ):
        command = option(command)
    return command


def access_of(
    address: Address,
    *,
    headers: Mapping[str, str],
    token: str | None,
    password: str | None,
    tls_files: tls.TlsFiles,
) -> Access:
    """Return what the options say.

    Raises
    ------
    UsageError
        Where a secret can't be sent in a header, or files hold no certificate.
    """
    sent = dict(headers)
    if address.user:
        pair = f"{address.user}:{password or ''}".encode()
        sent.setdefault("Authorization", f"Basic {b64encode(pair).decode()}")
    elif token:
        if not _is_value(token):
            raise UsageError("--token-file: found more than a line; a token is one")
        sent.setdefault("Authorization", f"Bearer {token}")
    scheme, _, _ = address.url.partition(":")
    context = tls.tls_context(tls_files, encrypted=scheme in ENCRYPTED, to=f"{scheme}://")
    return Access(sent, context)


def _headers(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        if text.startswith("@"):
            found |= dict(_header(line, text) for line in _lines(Path(text[1:])))
            continue
        name, value = _header(text, text)
        if _SECRET.search(name):
            raise UsageError(
                f"--header: found {name}, whose value all who use this machine can read in the "
                f"list of processes; write it into a file, and give that: --header @FILE"
            )
        found[name] = value
    return found


def _lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_HEADER_BYTES + 1).decode()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"--header @{file}: can't be read: {reason}") from None
    if len(text) > MAX_HEADER_BYTES:
        raise UsageError(f"--header @{file}: up to {MAX_HEADER_BYTES} bytes are allowed")
    return [line for line in text.splitlines() if line.strip()]


def _header(line: str, given: str) -> tuple[str, str]:
    """Return a header's name and value; what is quoted in a message is never a file's content."""
    name, colon, value = line.partition(":")
    if not colon or not _NAME.fullmatch(name.strip()) or not _is_value(value.strip()):
        raise UsageError(
            f"--header: found {printable(given[:80])!r}; 'NAME: VALUE' is allowed, such as "
            "'Accept: application/json'"
        )
    return name.strip(), value.strip()


def _is_value(text: str) -> bool:
    return text.isascii() and text.isprintable()
