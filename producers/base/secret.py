"""Secrets: from the environment or a file, never from the command line, where all can read them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click

from streamson.errors import UsageError

MAX_SECRET_BYTES: Final = 16_384

_Command = TypeVar("_Command", bound=Callable[..., Any])


def secret_option(
    name: str, what: str, *, variable: str | None = None
) -> Callable[[_Command], _Command]:
    """Return the option for a secret: ``--NAME-file``, or the environment's ``STREAMSON_NAME``.

    The command gets the secret itself, or None, as the argument NAME, with ``_`` for ``-``.

    Parameters
    ----------
    name
        "password", "token".
    what
        What it is for, as the help says it.
    variable
        The environment's, where it has another name.
    """
    variable = variable or f"STREAMSON_{name.upper()}"

    def read(_context: click.Context, _option: click.Parameter, file: Path | None) -> str | None:
        if file is None:
            return os.environ.get(variable) or None
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_SECRET_BYTES + 1)
            text = content.decode()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(f"--{name}-file {file}: can't be read: {reason}") from None
        if not text.strip() or len(content) > MAX_SECRET_BYTES:
            raise UsageError(
                f"--{name}-file {file}: found {len(content)} bytes; a {name} of up to "
                f"{MAX_SECRET_BYTES} is allowed"
            )
        return text.strip()

    return click.option(
        f"--{name}-file",
        name.replace("-", "_"),
        type=click.Path(path_type=Path, dir_okay=False),
        callback=read,
        metavar="FILE",
        help=f"A file with {what}. Or put it into the environment, as {variable}.",
    )


def check_no_secret(url: str, option: str, instead: str) -> None:
    """Refuse an address that holds a password: everybody on this machine can read it.

    Raises
    ------
    UsageError
        With what to do instead.
    """
    try:
        password = urlsplit(url if "://" in url else f"//{url}").password
    except ValueError:
        raise UsageError(f"{option}: found {url!r}; an address is allowed") from None
    if password:
        raise UsageError(
            f"{option}: found a password in it, which all who use this machine can read in "
            f"the list of processes; give it by {instead}"
        )
