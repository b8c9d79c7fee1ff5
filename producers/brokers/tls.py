"""Encrypted connections to brokers: whom to trust, and who one is."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streamson.errors import UsageError

if TYPE_CHECKING:
    import ssl

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)

_OPTIONS = (
    click.option(
        "--ca-file",
        type=_FILE,
        metavar="FILE",
        help="Whom to trust that the broker is who it says, in PEM.  [default: the system's]",
    ),
    click.option(
        "--cert-file", type=_FILE, metavar="FILE", help="A certificate to show who this is, in PEM."
    ),
    click.option(
        "--key-file",
        type=_FILE,
        metavar="FILE",
        help="Its private key.  [default: in the same file]",
    ),
)


def options(command: _Command) -> _Command:
    """Give a command the options ``--ca-file``, ``--cert-file`` and ``--key-file``."""
    return functools.reduce(lambda so_far, option: option(so_far), reversed(_OPTIONS), command)


def tls_context(
    *, encrypted: bool, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, to: str
) -> "ssl.SSLContext | None":
    """Return how to encrypt; None for not at all.

    Parameters
    ----------
    encrypted
        Whether the address asks for it.
    ca_file, cert_file, key_file
        As the options say.
    to
        An address that asks for it, for messages: "mqtts://".

    Raises
    ------
    UsageError
        Where a file can't be used, or is given for a connection that is not encrypted.
    """
    files = {"--ca-file": ca_file, "--cert-file": cert_file, "--key-file": key_file}
    if not encrypted:
        for option, file in files.items():
            if file is not None:
                raise UsageError(f"{option} is for encrypted connections: the address is {to}...")
        return None
    if key_file is not None and cert_file is None:
        raise UsageError("--key-file needs the certificate as well: --cert-file FILE")
    import ssl

    context = ssl.create_default_context()
    try:
        if ca_file is not None:
            # It alone is trusted then, none of the system's.
            context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            # Without a password that could be given: one is not to be asked for on the terminal.
            context.load_cert_chain(cert_file, key_file, password=lambda: b"")
    except (OSError, ValueError) as error:
        option = "--ca-file" if cert_file is None or _is_bad(ca_file) else "--cert-file, --key-file"
        named = ", ".join(str(f) for o, f in files.items() if f is not None and o in option)
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(
            f"{option} {named}: found {reason}; PEM files without a password are allowed"
        ) from None
    return context


def _is_bad(ca_file: Path | None) -> bool:
    import ssl

    try:
        ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        return True
    return False
