"""A first session file, from the streams that were seen."""

import json
import re
from collections.abc import Iterator, Mapping
from math import inf, isfinite
from typing import Final

from streamson._printable import counted
from streamson.model.limits import MAX_FIELDS, MAX_STREAM_CHARS
from streamson.music.pitch import midi_to_note
from streamson.rescaling.field_hints import hints_for
from streamson.session.ensemble import Ensemble
from streamson.session.parse.parts import MAX_PARTS
from streamson.session.schema import DEFAULT_SCALE, Part, Session

_HEAD: Final = """\
# Seen on {endpoint} in {seconds:.0f} s: {streams}. Each part says what one plays; lines
# that begin with # do nothing until that is taken away. A listener that plays a session file reads
# it again whenever it changes. All that a session may say: docs/session.md.

[audio]
volume_db = -6
"""


class SeenStream:
    """What is seen of a stream: how many points, and its fields with their ranges."""

    def __init__(self) -> None:
        self.points = 0
        self.fields: dict[str, tuple[float, float]] = {}

    def see(self, fields: Mapping[str, float]) -> None:
        """Take in a point."""
        self.points += 1
        for name, value in fields.items():
            if name not in self.fields and len(self.fields) >= MAX_FIELDS:
                continue
            low, high = self.fields.get(name, (inf, -inf))
            if isfinite(value):
                low, high = min(low, value), max(high, value)
            self.fields[name] = low, high


def session_template(streams: Mapping[str, SeenStream], *, endpoint: str, seconds: float) -> str:
    """Return a session file with a part for each stream, and comments for what may follow.

    Parameters
    ----------
    streams
        By name, in order of appearance.
    endpoint, seconds
        Where, and for how long, they were seen.
    """
    head = _HEAD.format(endpoint=endpoint, seconds=seconds, streams=counted(len(streams), "stream"))
    ensemble = Ensemble(Session())
    parts = [
        "\n".join(_part(name, stream, seconds, ensemble.join(name, stream.fields)[0]))
        for name, stream in streams.items()
    ]
    if len(parts) > MAX_PARTS:
        more = len(parts) - MAX_PARTS
        parts = [*parts[:MAX_PARTS], f"# There is no room for {more} more streams."]
    return "\n".join([head, "\n\n".join(parts), "", _cue(streams), ""])


def _part(name: str, stream: SeenStream, seconds: float, part: Part) -> Iterator[str]:
    first, *others = stream.fields
    low, high = midi_to_note(part.pitch.low), midi_to_note(part.pitch.high)
    yield "[[part]]"
    yield f"stream = {_pattern(name)}    # {stream.points / seconds:.3g} points a second"
    yield f'instrument = "{part.instrument}"'
    pitch = f'field = {_text(first)}, scale = "{DEFAULT_SCALE}", low = "{low}", high = "{high}"'
    yield f"pitch = {{ {pitch} }}{_range(stream.fields[first])}"
    if hints_for(first).is_percent:
        yield "# bands = [70, 90]    # near and beyond, told by tremolo; [20, 10] where low is bad"
        yield "# beacon = 50         # a soft tone now and then at the pitch of this value"
    for field, parameter in zip(others, ("volume", "pan", "duration"), strict=False):
        yield f"# {parameter} = {{ field = {_text(field)} }}" + _range(stream.fields[field])
    for field in others[3:]:
        yield f"# field {_text(field)}" + _range(stream.fields[field])


def _cue(streams: Mapping[str, SeenStream]) -> str:
    name, stream = next(iter(streams.items()))
    field, (_, high) = next(iter(stream.fields.items()))
    return "\n".join(
        [
            "# [[alert]]",
            f"# stream = {_pattern(name)}",
            f"# field = {_text(field)}",
            f"# above = {high if isfinite(high) else 0.0!r}    # or below, outside",
            '# duration = "30s"',
            '# or, in place of these two, what is unusual: outlier = "1 a week"',
        ]
    )


def _range(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"    # {low:g} to {high:g}" if low <= high else "    # no values"


def _pattern(stream: str) -> str:
    """Return a stream's name as a pattern that matches it alone."""
    pattern = "".join(f"[{char}]" if char in "*?[" else char for char in stream)
    # A name may be as long as a pattern. Where that makes it longer, one sign stands for any.
    return _text(pattern if len(pattern) <= MAX_STREAM_CHARS else re.sub(r"[*?[]", "?", stream))


def _text(text: str) -> str:
    """Return a TOML string: that of JSON, where TOML wants one more control character escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
