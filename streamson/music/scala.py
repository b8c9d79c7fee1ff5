"""Scala files, the field's format for tunings: huygens-fokker.org/scala/scl_format.html."""

import re
from math import log2
from typing import Final

from streamson.music.scales import MAX_NOTES, Scale

MAX_SCL_BYTES: Final = 1 << 16
MAX_CENTS: Final = 12_700
_PITCH: Final = re.compile(r"\s*(-?[0-9]*\.[0-9]*|-?[0-9]+(?:/[0-9]+)?)(?:\s.*)?$")


def parse_scl(content: bytes, root: float) -> Scale:
    """Return the scale of a Scala file's content.

    Parameters
    ----------
    content
        The file.
    root
        MIDI note of its 1/1.

    Raises
    ------
    ValueError
        It isn't a Scala file; the message says in which line.
    """
    if len(content) > MAX_SCL_BYTES:
        raise ValueError(f"more than {MAX_SCL_BYTES} bytes, the limit of a Scala file")
    text = content.decode("latin-1").splitlines()
    lines = [(i, line) for i, line in enumerate(text, 1) if not line.startswith("!")]
    if len(lines) < 2:
        raise ValueError("a description and a number of notes are missing")
    number, count = lines[1]
    words = count.split()
    if not words or not words[0].isdecimal() or not 1 <= int(words[0]) <= MAX_NOTES:
        raise ValueError(f"line {number}: {count!r} is not a number of notes, 1 to {MAX_NOTES}")
    pitches = lines[2 : 2 + int(words[0])]
    if len(pitches) < int(words[0]):
        raise ValueError(f"line {number} says {words[0]} notes, but {len(pitches)} follow")
    *steps, period = (_semitones(i, line) for i, line in pitches)
    if period <= 0:
        raise ValueError(f"line {pitches[-1][0]}: the last pitch, the period, must be above 1/1")
    return Scale(root, (0.0, *steps), period)


def _semitones(number: int, line: str) -> float:
    """Return a pitch line, cents or a ratio, as semitones above 1/1."""
    match = _PITCH.match(line)
    try:
        cents = _cents(match[1]) if match else None
    except (ValueError, ZeroDivisionError, OverflowError):
        cents = None
    if cents is None:
        raise ValueError(
            f"line {number}: {line.strip()[:40]!r} is neither cents (701.955) nor a ratio (3/2)"
        )
    if abs(cents) > MAX_CENTS:
        raise ValueError(f"line {number}: {cents:g} cents are beyond what can be played")
    return cents / 100


def _cents(text: str) -> float:
    if "." in text:
        return float(text)
    above, _, below = text.partition("/")
    return 1_200 * log2(int(above) / int(below or 1))
