"""Who somebody is for NATS: checked before the first connection is made."""

from pathlib import Path
from typing import Any, Final

from streamson._optional import import_optional
from streamson.errors import UsageError
from streamson.producers.base.secret import MAX_SECRET_BYTES

_JWT: Final = "-----BEGIN NATS USER JWT-----"
_SEED: Final = "-----BEGIN USER NKEY SEED-----"


def checked(
    *,
    user: str | None,
    password: str | None,
    token: str | None,
    creds: Path | None,
    nkey: Path | None,
) -> dict[str, Any]:
    """Return the arguments of a client's ``connect`` that say who it is.

    Files are named, not read: who renews them is not asked to start this again.

    Raises
    ------
    UsageError
        Where a file is not what it is to be. nats-py would read on without end.
    """
    if creds is not None:
        lines = [line.strip() for line in _text_of(creds, "--creds").splitlines()]
        if _JWT not in lines[:-1] or _SEED not in lines[:-1]:
            raise UsageError(
                f"--creds {creds}: found no credentials; a file that nsc has written is allowed, "
                f"with the lines {_JWT} and {_SEED}"
            )
        _check_seed(lines[lines.index(_SEED) + 1], f"--creds {creds}")
        return {"user_credentials": str(creds)}
    if nkey is not None:
        _check_seed(_text_of(nkey, "--nkey").strip(), f"--nkey {nkey}")
        return {"nkeys_seed": str(nkey)}
    if token is not None:
        return {"token": token}
    if user is not None:
        return {"user": user, "password": password}
    return {}


def _text_of(file: Path, option: str) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_SECRET_BYTES).decode()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{option} {file}: can't be read: {reason}") from None


def _check_seed(seed: str, where: str) -> None:
    nkeys = import_optional("nkeys", "nats", "an nkey")
    try:
        nkeys.from_seed(bytearray(seed.encode())).wipe()
    except Exception:  # of nkeys, base64, nacl: none may show the seed
        raise UsageError(f"{where}: found no seed of a user; one begins with SU") from None
