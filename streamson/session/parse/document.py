"""From the tables of a session file to a session."""

from typing import Any, Final

from streamson.model.audio import Audio, Reverb
from streamson.model.limits import MAX_SAMPLE_RATE, MAX_SPAN_S, MIN_SAMPLE_RATE
from streamson.model.source_limits import (
    MAX_FOLLOWED_STREAMS,
    MAX_MESSAGES_PER_SECOND,
    MAX_POINTS_PER_SECOND,
    SourceLimits,
)
from streamson.session.parse.alerts import NOTICES, alerts_schema, read_alerts
from streamson.session.parse.attention import ATTENTION
from streamson.session.parse.checks import (
    Check,
    Place,
    Schema,
    check,
    number,
    table,
    table_of,
    table_schema,
    true_or_false,
    whole_number,
)
from streamson.session.parse.earcons import earcon_instruments
from streamson.session.parse.instruments import (
    INSTRUMENTS_SCHEMA,
    builtin_instruments,
    read_instruments,
)
from streamson.session.parse.parts import parts_schema, read_parts
from streamson.session.parse.rescale import seconds
from streamson.session.schema import AttentionSpec, Notices, Session, Streams

MAX_LOOK_AHEAD_S: Final = 5.0
MIN_FORGET_AFTER_S: Final = 10.0

_REVERB_KEYS: Final[dict[str, Check[Any]]] = {
    "level": number(-60, 6, "dB"),
    "decay": number(0.1, 20, "s"),
}
_AUDIO_KEYS: Final[dict[str, Check[Any]]] = {
    "volume_db": number(-60, 12, "dB"),
    "sample_rate": whole_number(MIN_SAMPLE_RATE, MAX_SAMPLE_RATE),
    "look_ahead": number(0, MAX_LOOK_AHEAD_S, "s"),
    "equal_loudness": true_or_false,
    "reverb": table_of(_REVERB_KEYS, Reverb),
}
_STREAMS_KEYS: Final[dict[str, Check[Any]]] = {
    "forget_after": seconds(MIN_FORGET_AFTER_S, MAX_SPAN_S)
}
_LIMITS_KEYS: Final[dict[str, Check[Any]]] = {
    "messages_per_second": number(1, MAX_MESSAGES_PER_SECOND),
    "points_per_second": number(1, MAX_POINTS_PER_SECOND),
    "new_streams_per_second": number(0.01, MAX_FOLLOWED_STREAMS),
    "streams_per_source": whole_number(1, MAX_FOLLOWED_STREAMS),
    "streams": whole_number(1, MAX_FOLLOWED_STREAMS),
}
_GRID_KEYS: Final[dict[str, Check[Any]]] = {"tempo": number(10, 400, "beats a minute")}


def _keys() -> dict[str, Check[Any]]:
    """Return the tables of a session; those that hang on others are read later."""

    def later(schema: Schema) -> Check[object]:
        return check(schema)(lambda value, _place: value)

    return {
        "audio": table_of(_AUDIO_KEYS, Audio),
        "grid": table_of(_GRID_KEYS, dict),
        "instrument": later(INSTRUMENTS_SCHEMA),
        "part": later(parts_schema()),
        "notices": NOTICES,
        "alert": later(alerts_schema()),
        "streams": table_of(_STREAMS_KEYS, Streams),
        "attention": ATTENTION,
        "limits": table_of(_LIMITS_KEYS, SourceLimits),
    }


def session_schema() -> Schema:
    """Return the JSON Schema of session files, for editors; draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "streamson session",
        **table_schema(_keys()),
    }


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
    tables = table(document, place, _keys())
    own = read_instruments(tables.get("instrument", []), place.inside("instrument"))
    instruments = {**builtin_instruments(), **own}
    parts = read_parts(tables.get("part", []), place.inside("part"), instruments)
    audio = tables.get("audio", Audio())
    for at, part in enumerate(parts, 1):
        if part.reverb != 1 and audio.reverb is None:
            key = place.inside("part").numbered(at).inside("reverb")
            raise key.error("there is no room to send to; [audio] reverb = {} makes one")
    for_earcons = dict(earcon_instruments())
    alerts = read_alerts(tables.get("alert", []), place.inside("alert"), instruments, for_earcons)
    return Session(
        file,
        audio,
        parts=parts,
        alerts=alerts,
        notices=tables.get("notices", Notices()),
        streams=tables.get("streams", Streams()),
        attention=tables.get("attention", AttentionSpec()),
        limits=tables.get("limits", SourceLimits()),
        instruments=instruments,
        earcon_instruments=for_earcons,
        **tables.get("grid", {}),
    )
