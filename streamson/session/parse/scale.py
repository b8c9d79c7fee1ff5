"""The notes that a pitch of a session file plays: a scale by name, a Scala file, or a list."""

from pathlib import Path
from typing import Final

from streamson.formats.regular_file import read_regular
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI, hz_to_midi, note_to_midi, pitch_class
from streamson.music.scala import MAX_SCL_BYTES, parse_scl
from streamson.music.scales import MAX_NOTES, SCALES, Scale, nearest_scale, parse_scale
from streamson.session.parse.checks import Place, any_of, check, is_number, list_schema

MIDDLE_C: Final = 60


@check(
    any_of(
        {"type": "string", "examples": [f"c {name}" for name in SCALES]},
        list_schema({"type": ["string", "number"]}, MAX_NOTES),
    )
)
def read_scale(value: object, place: Place) -> Scale | tuple[float, ...]:
    """Return a scale, or the notes of a list, going up.

    Raises
    ------
    SessionError
        It is none; the message says what is allowed.
    """
    if isinstance(value, list):
        return _notes(value, place)
    if isinstance(value, str) and value.lower().endswith(".scl"):
        return _scala(value, place)
    if isinstance(value, str):
        try:
            return parse_scale(value)
        except ValueError:
            pass
    close = nearest_scale(value) if isinstance(value, str) else None
    hint = f'; did you mean "{close}"?' if close else ""
    allowed = (
        f"a root such as c or f# and one of {', '.join(SCALES)}, 19 edo; a Scala file such as "
        '"c tuning.scl"; or a list of notes such as ["C4", 62.5, "440 Hz"]'
    )
    raise place.refuse(value, allowed, hint)


def _notes(values: list[object], place: Place) -> tuple[float, ...]:
    if not 1 <= len(values) <= MAX_NOTES:
        raise place.refuse(values, f"a list of 1 to {MAX_NOTES} notes")
    return tuple(sorted({_note(value, place.numbered(i)) for i, value in enumerate(values, 1)}))


def _note(value: object, place: Place) -> float:
    found: float | None = None
    if is_number(value):
        found = value
    elif isinstance(value, str):
        try:
            if value.lower().endswith("hz"):
                found = hz_to_midi(float(value[:-2]))
            else:
                found = note_to_midi(value)
        except ValueError:
            pass
    if found is not None and LOWEST_MIDI <= found <= HIGHEST_MIDI:
        return float(found)
    raise place.refuse(
        value,
        'a note such as "G3" or "C#4", a MIDI number from 0 to 127, or one such as "440 Hz"',
    )


def scala_file(scale: str) -> tuple[float, str]:
    """Return the root of a scale such as ``"d a tuning.scl"``, or C, and the file's name."""
    root, _, name = scale.partition(" ")
    try:
        return _root(root), name.strip()
    except ValueError:
        return MIDDLE_C, scale.strip()


def _scala(text: str, place: Place) -> Scale:
    """Return the scale of a Scala file."""
    tonic, name = scala_file(text)
    # Beside the session file, wherever that is read from.
    path = Path(place.file).parent / name
    try:
        return parse_scl(read_regular(path, MAX_SCL_BYTES), tonic)
    except (OSError, ValueError) as error:  # ValueError: also a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise place.error(f"can't read the Scala file {path}: {reason}") from None


def _root(name: str) -> float:
    """Return the MIDI note of a root such as ``c``, in the octave of middle C, or ``G3``."""
    return note_to_midi(name) if name[-1:].isdigit() else MIDDLE_C + pitch_class(name)
