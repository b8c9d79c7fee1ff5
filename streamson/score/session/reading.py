"""From the tables of a session file to a session."""

from typing import Any, Final

from streamson.score.session.checks import Check, Place, number, table, true_or_false, whole_number
from streamson.score.session.cue import read_cues, read_notices
from streamson.score.session.instruments import builtin_instruments, read_instruments
from streamson.score.session.part import read_parts
from streamson.score.session.schema import Audio, Session
from streamson.score.session.sounds import cue_instruments
from streamson.space import Reverb

MAX_LOOK_AHEAD_S: Final = 5.0

_REVERB_KEYS: Final[dict[str, Check[Any]]] = {
    "level": number(-60, 6, "dB"),
    "decay": number(0.1, 20, "s"),
}
_AUDIO_KEYS: Final[dict[str, Check[Any]]] = {
    "volume_db": number(-60, 12, "dB"),
    "sample_rate": whole_number(8000, 192_000),
    "look_ahead": number(0, MAX_LOOK_AHEAD_S, "s"),
    "equal_loudness": true_or_false,
    "reverb": lambda value, place: Reverb(**table(value, place, _REVERB_KEYS)),
}
_GRID_KEYS: Final[dict[str, Check[Any]]] = {"tempo": number(10, 400, "beats a minute")}


def read_session(document: object, file: str) -> Session:
    """Return the session that a parsed TOML document describes.

    Parameters
    ----------
    document
        The document's top-level table.
    file
        Name of the file, for messages and as the session's name.

    Raises
    ------
    SessionError
        Something in it isn't allowed; the message says where, what, and what is.
    """
    place = Place(file)
    keys = ("audio", "grid", "instrument", "part", "cues", "cue")
    tables = table(document, place, dict.fromkeys(keys, _as_it_is))
    audio = Audio(**table(tables.get("audio", {}), place.inside("audio"), _AUDIO_KEYS))
    grid = table(tables.get("grid", {}), place.inside("grid"), _GRID_KEYS)
    own = read_instruments(tables.get("instrument", []), place.inside("instrument"))
    instruments = {**builtin_instruments(), **own}
    parts = read_parts(tables.get("part", []), place.inside("part"), instruments)
    for_cues = dict(cue_instruments())
    notices = read_notices(tables.get("cues", {}), place.inside("cues"))
    cues = read_cues(tables.get("cue", []), place.inside("cue"), instruments, for_cues)
    return Session(
        file,
        audio,
        parts=parts,
        cues=cues,
        notices=notices,
        instruments=instruments,
        cue_instruments=for_cues,
        **grid,
    )


def _as_it_is(value: object, _place: Place) -> object:
    return value
