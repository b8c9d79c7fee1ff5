"""Instruments: those that streamson brings along, and those of a session file."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from streamson.errors import InputFileError, SessionError
from streamson.model.instrument import MIN_RAMP_S, Envelope, Instrument, Partial, Sample
from streamson.model.limits import MAX_PARTIALS
from streamson.session.parse.checks import (
    Check,
    Place,
    check,
    is_whole,
    list_schema,
    note,
    number,
    table,
    table_of,
    table_schema,
    text,
)

if TYPE_CHECKING:  # at run time the score does without
    import numpy as np
    from numpy.typing import NDArray

    from streamson.formats.sampler_chunk import SamplerChunk

MAX_INSTRUMENTS: Final = 128
"""Instruments of one session file."""

MAX_SAMPLES: Final = 32
"""Sampled ones among them."""

MAX_SAMPLE_S: Final = 300.0
"""Seconds of all their files together, each counted once: 0.8 GB in the synthesiser at 48 kHz, of
the 1 GiB that it holds."""

MIN_LOOP_FRAMES: Final = 8
SAMPLED_ENVELOPE: Final = Envelope(attack=MIN_RAMP_S, release=0.1)
"""A sampled sound has a beginning of its own."""

MAX_NAME_CHARS: Final = 60
MAX_PATH_CHARS: Final = 1_000
MAX_ABOUT_CHARS: Final = 200
MAX_RAMP_S: Final = 60.0

_ENVELOPE_KEYS: Final[dict[str, Check[Any]]] = {
    "attack": number(MIN_RAMP_S, MAX_RAMP_S, "s"),
    "decay": number(0, MAX_RAMP_S, "s"),
    "sustain": number(0, 1),
    "release": number(MIN_RAMP_S, MAX_RAMP_S, "s"),
    "separation": number(0, 60, "dB"),
    "curve": number(-8, 8),
}
WIDTH: Final = number(0, 1)

_PARTIAL_KEYS: Final[dict[str, Check[Any]]] = {
    "ratio": number(0.01, 100),
    "level": number(-90, 24, "dB"),
    "decay": number(0.005, 600, "s"),
    "detune": number(-1_200, 1_200, "cents"),
    "pan": number(-1, 1),
    "noise": number(0, 2),
}


@check(list_schema(table_schema(_PARTIAL_KEYS), MAX_PARTIALS))
def _partials(value: object, place: Place) -> tuple[Partial, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PARTIALS:
        raise place.refuse(value, f"a list of 1 to {MAX_PARTIALS} tables")
    return tuple(
        Partial(**table(found, place.numbered(i), _PARTIAL_KEYS))
        for i, found in enumerate(value, 1)
    )


ENVELOPE: Final[Check[dict[str, float]]] = table_of(_ENVELOPE_KEYS, dict)
"""What an envelope says; the rest is as the instrument has it."""


Loop = tuple[int, int] | Literal["none"]
"""First frame that is repeated and the frame after the last one, or that none are."""


@check(
    {
        "anyOf": [
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            {"const": "none"},
        ]
    }
)
def _loop(value: object, place: Place) -> Loop:
    match value:
        case "none":
            return "none"
        case [first, end] if is_whole(first) and is_whole(end):
            if 0 <= first <= end - MIN_LOOP_FRAMES:
                return first, end
    raise place.refuse(
        value,
        f'[first frame, frame after the last], {MIN_LOOP_FRAMES} frames or more apart, or "none"',
    )


_INSTRUMENT_KEYS: Final[dict[str, Check[Any]]] = {
    "name": text(MAX_NAME_CHARS),
    "about": text(MAX_ABOUT_CHARS),
    "partials": _partials,
    "sample": text(MAX_PATH_CHARS),
    "root": note,
    "loop": _loop,
    "envelope": ENVELOPE,
    "width": WIDTH,
}


INSTRUMENTS_SCHEMA: Final = list_schema(
    table_schema(_INSTRUMENT_KEYS, "name"), MAX_INSTRUMENTS, least=0
)


def read_instruments(value: object, place: Place) -> dict[str, Instrument]:
    """Return the instruments of a file's ``[[instrument]]`` tables by name.

    Raises
    ------
    SessionError
        Something in them isn't allowed; the message says where, what, and what is.
    """
    if not isinstance(value, list):
        raise place.refuse(value, "tables that each begin with [[instrument]]")
    if len(value) > MAX_INSTRUMENTS:
        raise place.error(f"found {len(value)} instruments; allowed: at most {MAX_INSTRUMENTS}")
    instruments: dict[str, Instrument] = {}
    samples, files = 0, _SampleFiles()
    for i, found in enumerate(value, 1):
        here = Place(place.file, f"instrument {i}")
        keys = table(found, here, _INSTRUMENT_KEYS)
        if "name" not in keys:
            raise here.error("found no name; parts play an instrument by its name")
        name = keys.pop("name")
        if name in instruments:
            raise here.inside("name").error(f'found "{name}" a second time')
        instruments[name] = _instrument(here, files, **keys)
        samples += instruments[name].sample is not None
        if samples > MAX_SAMPLES:
            raise here.inside("sample").error(f"allowed: at most {MAX_SAMPLES} of them")
    return instruments


class _SampleFiles:
    """The sound files of a session: each is read, held and counted once."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[NDArray[np.float32], int]] = {}
        self._chunks: dict[Path, SamplerChunk | None] = {}
        self._seconds = 0.0

    def read(self, path: Path, place: Place) -> "tuple[NDArray[np.float32], int]":
        """Return a file's sound and sample rate.

        Raises
        ------
        InputFileError
            If it can't be played.
        SessionError
            If all are too long together.
        """
        # Only who plays samples waits for the library that reads them.
        from streamson.formats.sample_file import read_sample

        if path not in self._read:
            sound, sample_rate = self._read[path] = read_sample(path)
            self._seconds += len(sound) / sample_rate
            if self._seconds > MAX_SAMPLE_S:
                raise place.error(
                    f"found {self._seconds:.0f} s of sound in all sample files together; "
                    f"allowed: up to {MAX_SAMPLE_S:.0f} s"
                )
        return self._read[path]

    def chunk(self, path: Path) -> "SamplerChunk | None":
        """Return what a file says of its playing, if it does.

        Raises
        ------
        InputFileError
            If that is damaged.
        """
        from streamson.formats.sampler_chunk import read_sampler_chunk

        if path not in self._chunks:
            try:
                self._chunks[path] = read_sampler_chunk(path)
            except InputFileError as error:
                raise InputFileError(
                    f'{error}; say root and loop here, such as root = "C4" and loop = "none", and '
                    "it is not read"
                ) from None
        return self._chunks[path]


def _instrument(
    place: Place,
    files: _SampleFiles,
    *,
    sample: str | None = None,
    root: float | None = None,
    loop: Loop | None = None,
    envelope: dict[str, float] | None = None,
    **keys: Any,
) -> Instrument:
    if sample is None:
        if root is not None or loop is not None:
            raise place.error("found root or loop without sample; they say how a sample is played")
        return Instrument(envelope=Envelope(**(envelope or {})), **keys)
    if "partials" in keys:
        raise place.error("found partials and sample; an instrument is made of one of the two")
    return Instrument(
        envelope=msgspec.structs.replace(SAMPLED_ENVELOPE, **(envelope or {})),
        sample=_sample(sample, root, loop, place, files),
        **keys,
    )


def _sample(
    name: str, root: float | None, loop: Loop | None, place: Place, files: _SampleFiles
) -> Sample:
    try:
        # Beside the session file, wherever that is read from.
        path = Path(place.file).parent / name
        sound, sample_rate = files.read(path, place.inside("sample"))
        # What the session says goes before what the file says, and mends what is damaged there.
        chunk = files.chunk(path) if root is None or loop is None else None
    except SessionError:
        raise
    except InputFileError as error:
        raise place.inside("sample").error(str(error)) from None
    if isinstance(loop, tuple) and loop[1] > len(sound):
        raise place.inside("loop").refuse(list(loop), f"up to {len(sound)}, the frames of {name}")
    if root is None:
        root = _root_of(chunk, name, place)
    if loop is None:
        loop = _loop_of(chunk, name, len(sound), place)
    return Sample(sound, sample_rate, root, None if loop == "none" else loop)


def _root_of(chunk: "SamplerChunk | None", name: str, place: Place) -> float:
    """Return the note that a file says it plays."""
    if chunk is None:
        raise place.error(
            "found sample without root, which its file does not tell either (a WAV file may, in a "
            'smpl chunk); say which note it plays, such as root = "C4"'
        )
    if chunk.root is None:
        raise place.inside("sample").error(
            f"{name} has a smpl chunk whose root is beyond note 127; say which note it plays, "
            'such as root = "C4"'
        )
    return chunk.root


def _loop_of(chunk: "SamplerChunk | None", name: str, frames: int, place: Place) -> Loop:
    """Return the first loop of a file that goes forward as long as a note lasts."""
    if chunk is None or not chunk.loops:
        return "none"
    instead = 'say loop = [first frame, frame after the last], or loop = "none"'
    found = next((loop for loop in chunk.loops if loop.is_plain), None)
    if found is None:
        raise place.inside("sample").error(
            f"{name} has a loop that is {chunk.loops[0].told}; allowed: one that goes forward as "
            f"long as a note lasts; {instead}"
        )
    if found.end > frames or found.end - found.first < MIN_LOOP_FRAMES:
        raise place.inside("sample").error(
            f"{name} has a loop from frame {found.first} up to {found.end}; allowed: up to "
            f"{frames}, its frames, and {MIN_LOOP_FRAMES} or more apart; {instead}"
        )
    return found.first, found.end


@cache
def builtin_instruments() -> dict[str, Instrument]:
    """Return the instruments that streamson brings along by name, the plain sine first."""
    file = resources.files("streamson.session") / "instruments.toml"
    document = tomllib.loads(file.read_text("utf-8"))
    return read_instruments(document["instrument"], Place("instruments.toml"))
