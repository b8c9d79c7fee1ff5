"""Texts from outside that are too long, cut so that they still differ."""

import hashlib
from typing import Final

_HASH_BYTES: Final = 4


def shortened(text: str, most: int) -> str:
    """Return a text, or its beginning and a hash of all of it, which is the same after a restart.

    Parameters
    ----------
    text
        The text.
    most
        How many characters are allowed: 10 or more.

    Examples
    --------
    >>> shortened("short", 16), shortened("a" * 99 + "1", 16), shortened("a" * 99 + "2", 16)
    ('short', 'aaaaaaa~3a05f0c9', 'aaaaaaa~783a0d37')
    """
    if len(text) <= most:
        return text
    whole = text.encode(errors="surrogatepass")
    mark = hashlib.blake2s(whole, digest_size=_HASH_BYTES).hexdigest()
    return f"{text[: most - 1 - len(mark)]}~{mark}"
