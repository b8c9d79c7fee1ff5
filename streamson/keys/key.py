"""Keys of CURVE as people hand them on: hex digits, which no shell and no file format changes."""

import re
from typing import Final

import msgspec

from streamson.errors import UsageError

KEY_BYTES: Final = 32
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")
_Z85: Final = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")


class KeyPair(msgspec.Struct, frozen=True):
    """A machine's two keys, as 64 hex digits each.

    Attributes
    ----------
    public
        Whoever knows it knows the machine again.
    secret
        For nobody else.
    """

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


def parse_key(text: str) -> str:
    """Return a public key as 64 small hex digits.

    Parameters
    ----------
    text
        So many hex digits, or the 40 characters of Z85 that other programs write (rfc.zeromq.org
        32).

    Raises
    ------
    UsageError
        It is neither.

    Examples
    --------
    >>> parse_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    'bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518'
    """
    if _HEX.fullmatch(text):
        return text.lower()
    if _Z85.fullmatch(text):
        from zmq.utils import z85  # only those who have keys need it

        return z85.decode(text.encode()).hex()
    raise UsageError(
        f"{text!r} is no key; 64 hex digits are allowed, as 'streamson keys show' prints them"
    )


def z85_of(key: str) -> bytes:
    """Return a key as ZeroMQ takes it."""
    from zmq.utils import z85

    return bytes(z85.encode(bytes.fromhex(key)))
