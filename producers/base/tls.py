"""Encrypted connections: whom to trust, and who one is."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from streamson.errors import UsageError

if TYPE_CHECKING:
    import ssl

_Result = TypeVar("_Result")

_FILE = click.Path(path_type=Path, dir_okay=False)

_OPTIONS = (
    click.option(
        "--ca-file",
        type=_FILE,
        metavar="FILE",
        help="Whom to trust that a server is who it says, in PEM.  [default: the system's]",
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


class TlsFiles(NamedTuple):
    """The files of an encrypted connection, as far as they are given.

    Attributes
    ----------
    ca
        Certificates of whom to trust.
    cert, key
        Who this is.
    """

    ca: Path | None
    cert: Path | None
    key: Path | None


def options(command: Callable[..., _Result]) -> Callable[..., _Result]:
    """Give a command the options ``--ca-file``, ``--cert-file`` and ``--key-file``.

    It gets them as one argument, ``tls_files``.
    """

    @functools.wraps(command)
    def with_files(
        *, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, **settings: Any
    ) -> _Result:
        return command(tls_files=TlsFiles(ca_file, cert_file, key_file), **settings)

    return functools.reduce(lambda so_far, option: option(so_far), reversed(_OPTIONS), with_files)


def tls_context(files: TlsFiles, *, encrypted: bool, to: str) -> "ssl.SSLContext | None":
    """Return how to encrypt; None for not at all.

    Parameters
    ----------
    files
        As the options say.
    encrypted
        Whether the address asks for it.
    to
        An address that asks for it, for messages: "mqtts://".

    Raises
    ------
    UsageError
        Where a file can't be used, or is given for a connection that is not encrypted.
    """
    ca_file, cert_file, key_file = files
    given = {"--ca-file": ca_file, "--cert-file": cert_file, "--key-file": key_file}
    if not encrypted:
        for option, file in given.items():
            if file is not None:
                raise UsageError(f"{option} is for encrypted connections: the address is {to}...")
        return None
    if key_file is not None and cert_file is None:
        raise UsageError("--key-file needs the certificate as well: --cert-file FILE")
    for option, file in given.items():
        if file is not None:
            _check_readable(option, file)
    import ssl

    try:
        # An authority that is given is trusted alone, without the system's.
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise UsageError(
            f"--ca-file {ca_file}: found no certificate; certificates in PEM are allowed"
        ) from None
    if cert_file is not None:
        try:
            # No password: one would be asked for on the terminal.
            context.load_cert_chain(cert_file, key_file, password=lambda: b"")
        except (OSError, ValueError) as error:
            mismatch = getattr(error, "reason", None) == "KEY_VALUES_MISMATCH"
            raise UsageError(
                f"--cert-file {cert_file}: found "
                f"{'another private key' if mismatch else 'no certificate with a private key'} in "
                f"{key_file or 'it'}; its own one is allowed, in PEM and without a password, there "
                "or in --key-file"
            ) from None
    return context


def _check_readable(option: str, file: Path) -> None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        raise UsageError(f"{option} {file}: can't be read: {error.strerror}") from None
