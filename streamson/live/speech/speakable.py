"""Names and sentences made speakable: ``web1/disk_free`` is said as ``web 1, disk free``."""

import re
import unicodedata
from typing import Final

MAX_CHARS: Final = 200
"""Of what is said at a time: more than 15 s of speech, and nobody listens on."""

MAX_NAME_CHARS: Final = 60
"""Of a name."""

UNNAMED: Final = "no name that can be said"

_INITIALS: Final = frozenset({"api", "cpu", "gpu", "id", "io", "ip", "os", "ups"})
"""Said letter by letter, though they have vowels."""

_MAX_INITIALS: Final = 4
"""Letters of a word without a vowel that are said one by one: ``db``, ``http``."""

_SIGNS: Final = {"%": " percent ", "°": " degrees ", "/": ", "}

_SPLIT: Final = re.compile(
    r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"  # web1, 3rd
    r"|(?<=[a-z])(?=[A-Z])"  # diskFree
)
_UNSAID: Final = re.compile(
    r"(?<!\d)\.|\.(?!\d)"  # a point, but in a number
    r"|(?<!\s)-|-(?!\d)"  # a hyphen, but for minus
)
_SPACED: Final = re.compile(r"\s*([,;:])[\s,;:]*")


def speakable(text: str, *, max_chars: int = MAX_CHARS) -> str:
    """Return text as words, numbers and pauses alone: nothing in it steers what speaks.

    >>> speakable("web1/disk_free: 93.5 %")
    'web 1, disk free: 93.5 percent'
    >>> speakable("rack2/db")
    'rack 2, d b'
    """
    text = text[: 2 * MAX_CHARS]  # what is beyond can't be said anyhow
    for sign, words in _SIGNS.items():
        text = text.replace(sign, words)
    text = "".join(character if _is_said(character) else " " for character in text)
    text = _SPLIT.sub(" ", _UNSAID.sub(" ", " " + text))
    text = " ".join(map(_spelled, text.split()))
    text = _SPACED.sub(r"\1 ", text).strip(" ,;:")
    if len(text) <= max_chars:
        return text
    return (text[:max_chars].rpartition(" ")[0] or text[:max_chars]).strip(" ,;:")


def name(text: str) -> str:
    """Return a name as it is said."""
    return speakable(text, max_chars=MAX_NAME_CHARS) or UNNAMED


def _is_said(character: str) -> bool:
    return character in ",;:.-" or unicodedata.category(character)[0] in "LMN"


def _spelled(word: str) -> str:
    """Return a word letter by letter if that is how it is said."""
    bare = word.rstrip(",;:")
    lower = bare.lower()
    is_short = 1 < len(bare) <= _MAX_INITIALS and bare.isascii() and bare.isalpha()
    if lower in _INITIALS or (is_short and not set(lower) & set("aeiouy")):
        return " ".join(bare) + word[len(bare) :]
    return word
