"""Words for a picture: which field each parameter of a note follows, and which way."""

from collections.abc import Iterator, Mapping
from typing import Final

from streamson.score.level import amplitude_to_db
from streamson.score.pitch import midi_to_note
from streamson.score.session import MappingSpec, Part, Session, field_name
from streamson.score.session.casting import parts_for

PARAMETERS: Final = ("pitch", "duration", "volume", "pan", "brightness")
UNITS: Final = {"pitch": "", "duration": " s", "volume": " dBFS", "pan": "", "brightness": ""}


def legend(session: Session, streams: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return a stream and a line about it, for each stream and each part that plays it.

    Parameters
    ----------
    session
        The session.
    streams
        Stream to its fields, in the order of appearance.
    """
    return [
        (stream, f"{stream}: {', '.join(_follows(part, fields))}")
        for number, (stream, fields) in enumerate(streams.items())
        for part in parts_for(session, stream, fields, number)
    ]


def follows(part: Part, parameter: str, fields: tuple[str, ...]) -> str | None:
    """Return what a parameter of a part follows, such as ``"im, down"``; None if it is constant."""
    spec: MappingSpec | None = getattr(part, parameter)
    if spec is None or spec.value is not None:
        return None
    transforms = "".join(f"{name} of " for name in reversed(spec.transform))
    down = " reversed" if spec.polarity == "down" else ""
    return f"{transforms}{field_name(spec.field, fields)}{down}"


def _follows(part: Part, fields: tuple[str, ...]) -> Iterator[str]:
    for parameter in PARAMETERS:
        what = follows(part, parameter, fields)
        if what is None:
            continue
        spec = getattr(part, parameter)
        if spec.unit in ("midi", "hz"):
            yield f"{parameter} = {what}"
            continue
        first, last = (_end(spec, end) for end in (spec.low, spec.high))
        yield f"{parameter} {first} to {last}{UNITS[parameter]} ← {what}"


def _end(spec: MappingSpec, value: float) -> str:
    if spec.parameter == "pitch":
        return midi_to_note(value)
    return f"{amplitude_to_db(value) if spec.unit == 'amplitude' else value:.3g}"
