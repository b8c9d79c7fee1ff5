"""Streams that a session plays: names that its parts match, and the field that is heard most."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import Final

import msgspec

from streamson.errors import UsageError
from streamson.rescaling.extents import Extents, extents_of
from streamson.rescaling.field_hints import hints_for
from streamson.score.table_score import wanted_sources
from streamson.session.resolve import default_part, mappings_of, matching_parts, played_fields
from streamson.session.schema import MappingSpec, Part, Session
from streamson.study.questions import JITTER, MAX_COUNTED

DEFAULT_FIELD: Final = "percent"
LEAST_STREAMS: Final = 2
_STEADY: Final = 50.0
_WILD: Final = re.compile(r"(\*|\?|\[[^\]]+\])")


class SessionStream(msgspec.Struct, frozen=True):
    """A stream that a session plays.

    Attributes
    ----------
    name
        Its name.
    fields
        Each field, and the two values between which it is heard.
    moves
        The field that trials move: the pitch's, else the first that is heard; the others stay in
        the middle.
    """

    name: str
    fields: dict[str, tuple[float, float]]
    moves: str

    def point(self, percent: float) -> dict[str, float]:
        """Return the fields of a point whose moving field stands so far in its range."""
        return {
            field: low + (high - low) * (percent if field == self.moves else _STEADY) / 100
            for field, (low, high) in self.fields.items()
        }


def session_streams(session: Session) -> list[SessionStream]:
    """Return the streams that a study of a session has.

    Raises
    ------
    UsageError
        Its parts play less than two, or no field of them.
    """
    found: list[SessionStream] = []
    for name in _names(session):
        if all(name != one.name for one in found) and (stream := _stream(session, name)):
            found.append(stream)
    if len(found) < LEAST_STREAMS:
        raise UsageError(
            f"the session {session.name} can't be studied: its parts play the values of "
            f"{'no stream' if not found else 'one stream'}, and at least two are compared. A part "
            'for more streams has a pattern, such as stream = "*", and a parameter that follows a '
            "field"
        )
    return found[:MAX_COUNTED]


def known_extents(session: Session, streams: Sequence[SessionStream]) -> Extents:
    """Return what a table would tell of the streams' values: all levels of the range were there.

    So a change of so many percent is heard as one, in a trial of few values as well.
    """
    sources = chain.from_iterable(
        wanted_sources(session, stream.name, list(stream.fields)) for stream in streams
    )
    rows = ((stream.point(percent), 0.0) for stream in streams for percent in _sweep())
    return extents_of(rows, set(sources))


def _sweep() -> Iterator[float]:
    """Yield all levels, up and down again, with the jitter that streams have."""
    for i, percent in enumerate((*range(101), *range(100, -1, -1))):
        jitter = i * 37 % (2 * JITTER + 1) - JITTER
        yield min(max(percent + jitter, 0), 100)


def _names(session: Session) -> Iterator[str]:
    """Yield names in the order of the parts: those of patterns by turns."""
    patterns = [part.stream for part in session.parts if not part.mute] or ["*"]
    for number in range(1, MAX_COUNTED + 1):
        for pattern in patterns:
            name = "".join(_instead(one, number) for one in _WILD.split(pattern))
            if fnmatchcase(name, pattern):
                yield name


def _instead(piece: str, number: int) -> str:
    """Return what stands for a piece of a pattern in a name."""
    if _WILD.fullmatch(piece) is None:
        return piece
    return {"*": f"stream{number}", "?": str(number)}.get(piece, piece[1:2])


def _stream(session: Session, name: str) -> SessionStream | None:
    """Return a stream of a name; None where nothing of its values is heard."""
    parts = matching_parts(session, name) or [default_part((DEFAULT_FIELD,))]
    specs = [
        spec
        for part in parts
        if not part.mute
        for spec in (part.pitch, *mappings_of(part))
        if spec.is_rescaled
    ]
    if not specs:
        return None
    moved = specs[0]
    names = [_field(place, moved) for place in range(1, _most_places(parts) + 1)]
    fields = dict.fromkeys([*names, *sorted(played_fields(session, name))], (0.0, 100.0))
    order = list(fields)
    for spec in reversed(specs):
        field = spec.field if isinstance(spec.field, str) else order[spec.field - 1]
        fields[field] = _range(spec, field)
    moves = moved.field if isinstance(moved.field, str) else order[moved.field - 1]
    return SessionStream(name, fields, moves)


def _most_places(parts: Sequence[Part]) -> int:
    """Return how many fields are asked for by their place."""
    asked = [spec.field for part in parts for spec in mappings_of(part) if spec.value is None]
    return max((field for field in asked if isinstance(field, int)), default=0)


def _field(place: int, moved: MappingSpec) -> str:
    """Return the name of a field that is asked for by its place."""
    return DEFAULT_FIELD if place == moved.field else f"steady{place}"


def _range(spec: MappingSpec, field: str) -> tuple[float, float]:
    """Return the values between which a mapping reaches from end to end."""
    if spec.rescale.initial_range is not None:
        return spec.rescale.initial_range
    hints = hints_for(field, spec.transform)
    return (hints.low, hints.high) if hints.is_percent else (0.0, 100.0)
