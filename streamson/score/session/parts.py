"""Which part plays which stream, and what a stream plays that no part names."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from streamson.score.session.schema import MappingSpec, Part, Session

DEFAULT_PART_DURATION_S: Final = 0.35

PANS: Final = (0.0, -0.5, 0.5, -0.25, 0.25, -0.75, 0.75)
"""Places of the streams in order of appearance, each as far as can be from those before it."""


def parts_for(session: Session, stream: str, fields: Iterable[str]) -> list[Part]:
    """Return the parts that play a stream: those whose pattern matches, else a default part.

    Parameters
    ----------
    session
        The session.
    stream
        Name of the stream.
    fields
        Names of the stream's fields, in the order of its first point; at least one.
    """
    return matching_parts(session, stream) or [default_part(fields)]


def matching_parts(session: Session, stream: str) -> list[Part]:
    """Return the session's parts whose pattern matches a stream."""
    return [part for part in session.parts if fnmatchcase(stream, part.stream)]


def default_part(fields: Iterable[str]) -> Part:
    """Return what a stream plays by itself: its first field as pitch, its second as volume.

    One more field than pitch is enough: volume is a weak dimension, and three that change are the
    limit for most people. The volume spans 12 dB, so that the quietest note is still heard.
    """
    first, second = [*fields, None, None][:2]
    pitch = msgspec.structs.replace(Part().pitch, field=first)
    duration = msgspec.structs.replace(Part().duration, value=DEFAULT_PART_DURATION_S)
    if second is None:
        return Part(pitch=pitch, duration=duration)
    volume = MappingSpec("volume", -26, -14, field=second)
    return Part(pitch=pitch, duration=duration, volume=volume)


def automatic_pan(appearance: int) -> float:
    """Return the pan of the stream that appeared as number ``appearance``, counted from 0."""
    return PANS[appearance % len(PANS)]
