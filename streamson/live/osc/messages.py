"""What is told by OSC: fixed addresses, and arguments of fixed types; names are data.

Open Sound Control 1.0 (M. Wright, CNMAT Berkeley, 2002). A message with the longest of all texts is
shorter than `MAX_DATAGRAM_BYTES`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamson._optional import import_optional
from streamson._printable import printable
from streamson.model.feed import EventTold, ListenerState, StreamRow
from streamson.model.note import Note

NOTE: Final = "/streamson/note"
EVENT: Final = "/streamson/event"
STREAM: Final = "/streamson/stream"
STATE: Final = "/streamson/state"

MAX_DATAGRAM_BYTES: Final = 1_472
"""What Ethernet carries in one piece: 1,500 without the heads of IP and UDP."""

MAX_NAME_BYTES: Final = 200
MAX_FIELD_BYTES: Final = 40
MAX_SENTENCE_BYTES: Final = 600
MAX_FIELDS: Final = 16
"""Of texts and fields so much is told at most."""

MAX_INT: Final = 2**31 - 1

MAX_PART_KEY: Final = 2**30
"""Held voices of parts are counted from 1 on; larger numbers are those of the bed."""

_NTP_EPOCH_S: Final = 2_208_988_800
_NTP_ERA_S: Final = 2**32
"""Time tags count from 1900 on, and from 0 again in 2036."""

_BUNDLE_BYTES: Final = 16
_SIZE_BYTES: Final = 4


class OscMessages:
    """Makes them, by python-osc.

    Raises
    ------
    MissingDependencyError
        If python-osc is not installed.
    """

    def __init__(self) -> None:
        import_optional("pythonosc", "osc", "OSC")
        from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
        from pythonosc.osc_message_builder import OscMessageBuilder

        self._bundle_builder = OscBundleBuilder
        self._message_builder = OscMessageBuilder
        self._immediately = IMMEDIATELY

    def note(self, note: Note, glide_s: float, time_s: float) -> bytes:
        """Return a note, in a bundle for its time.

        Parameters
        ----------
        note
            The note.
        glide_s
            How long its voice glides to it.
        time_s
            When it begins, seconds since 1970.
        """
        told = (
            ("s", _text(note.stream, MAX_NAME_BYTES)),
            ("s", _text(note.instrument, MAX_NAME_BYTES)),
            ("f", note.midi_note),
            ("f", note.level_db),
            ("f", note.duration_s),
            ("f", note.pan),
            ("f", note.brightness),
            ("i", _held_number(note.held_key)),
            ("f", glide_s),
            ("f", note.tremolo_hz),
            ("f", note.tremolo_depth),
            ("i", int(note.foreground)),
        )
        era_s = (time_s + _NTP_EPOCH_S) % _NTP_ERA_S - _NTP_EPOCH_S
        return self._bundle([self._message(NOTE, told)], era_s)

    def event(self, told: EventTold) -> bytes:
        """Return something that happened."""
        event = told.event
        stream = getattr(event, "stream", "") or getattr(event, "name", "")
        values = (
            ("s", str(type(event).__struct_config__.tag)),
            ("s", _text(str(stream), MAX_NAME_BYTES)),
            ("s", _text(str(getattr(event, "field", "")), MAX_FIELD_BYTES)),
            ("s", _text(told.sentence, MAX_SENTENCE_BYTES)),
        )
        data: bytes = self._message(EVENT, values).dgram
        return data

    def state(self, state: ListenerState | None) -> bytes:
        """Return what can be steered; None: there is no listener."""
        values = (
            ("i", int(state is not None)),
            ("i", int(state is None or state.muted)),
            ("f", 0.0 if state is None else state.volume_db),
            ("s", "" if state is None else _text(state.session, MAX_NAME_BYTES)),
        )
        data: bytes = self._message(STATE, values).dgram
        return data

    def streams(self, rows: Iterable[StreamRow]) -> Iterator[bytes]:
        """Yield streams, as many in a bundle as a datagram carries."""
        waiting: list[Any] = []
        size = _BUNDLE_BYTES
        for row in rows:
            message = self._message(STREAM, _stream(row))
            grows = message.size + _SIZE_BYTES
            if waiting and size + grows > MAX_DATAGRAM_BYTES:
                yield self._bundle(waiting, self._immediately)
                waiting, size = [], _BUNDLE_BYTES
            waiting.append(message)
            size += grows
        if waiting:
            yield self._bundle(waiting, self._immediately)

    def _message(self, address: str, values: Iterable[tuple[str, Any]]) -> Any:
        builder = self._message_builder(address=address)
        for kind, value in values:
            builder.add_arg(value, kind)
        return builder.build()

    def _bundle(self, messages: Iterable[Any], time_s: float) -> bytes:
        builder = self._bundle_builder(time_s)  # type: ignore[arg-type]  # fractions are allowed
        for message in messages:
            builder.add_content(message)
        data: bytes = builder.build().dgram
        return data


def _held_number(key: int) -> int:
    """Return a held voice's number in 31 bits: that of the bed, far beyond those of parts, too."""
    return key if key <= MAX_PART_KEY else MAX_INT - key % MAX_PART_KEY


def _stream(row: StreamRow) -> Iterator[tuple[str, Any]]:
    """Yield name, state, whether it is heard and in front, and each field with its value."""
    yield "s", _text(row.name, MAX_NAME_BYTES)
    yield "s", row.state
    yield "i", int(row.heard)
    yield "i", int(row.front)
    for _, (field, value) in zip(range(MAX_FIELDS), row.fields.items(), strict=False):
        yield "s", _text(field, MAX_FIELD_BYTES)
        yield "d", value


def _text(text: str, max_bytes: int) -> str:
    """Return a text that steers no terminal, and is not too long, which three dots say."""
    text = printable(text)
    if len(text) * 4 <= max_bytes or len(text.encode()) <= max_bytes:
        return text
    return text.encode()[: max_bytes - 3].decode(errors="ignore") + "..."
