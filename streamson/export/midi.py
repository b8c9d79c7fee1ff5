"""Notes as a Standard MIDI File: a track for each stream and instrument, bends between semitones.

Channels are handed out note by note, as MPE does (MIDI Polyphonic Expression, 2018): a bend moves
all notes of its channel, so notes that need different bends at a time have different channels.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from streamson._optional import import_optional
from streamson._printable import counted
from streamson.errors import UsageError
from streamson.model.note import Note
from streamson.music.general_midi import program_of
from streamson.music.level import db_to_amplitude
from streamson.offline.piece import Piece

MAX_NOTES: Final = 250_000
"""A file is put together in memory, at about 2 kB a note."""

TICKS_PER_BEAT: Final = 960
CHANNELS: Final = tuple(channel for channel in range(16) if channel != 9)  # 9 is percussion
LOUDEST_VELOCITY: Final = 112
BEND_PER_SEMITONE: Final = 4_096
"""Of 8,192 for the two semitones that a bend is by default."""

_PAN, _BRIGHTNESS = 10, 74  # controllers


class _Event(NamedTuple):
    """Something at a tick; at the same one notes end before others begin."""

    tick: int
    order: int
    message: Any


class _Channel:
    """What a channel is set to, and until when its notes sound: the last, and each key's."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.free_from = 0
        self.sounding: dict[int, int] = {}
        self.bend = 0
        self.settings: tuple[int, ...] = ()


def write_midi(piece: Piece, path: Path) -> str:
    """Write a piece's notes to a MIDI file; return what is in it.

    Raises
    ------
    MissingDependencyError
        If mido is not installed.
    UsageError
        If there are more than `MAX_NOTES` notes.
    """
    mido = import_optional("mido", "midi", "a MIDI file")
    tempo = piece.session.tempo
    ticks_per_frame = tempo / 60 * TICKS_PER_BEAT / piece.sample_rate
    loudest_db = _loudest_db(piece.notes())
    tracks: dict[str, list[_Event]] = {}
    channels = [_Channel(number) for number in CHANNELS]
    count = 0
    # Of a held voice it is known late where a note ends; channels are given out by onsets.
    for note, end_frame in sorted(_with_ends(piece.notes()), key=lambda pair: pair[0].onset_frame):
        count += 1
        start = round(note.onset_frame * ticks_per_frame)
        end = max(round(end_frame * ticks_per_frame), start + 1)
        track = tracks.setdefault(f"{note.stream} ({note.instrument})", [])
        key = min(max(round(note.midi_note), 0), 127)
        bend = round((note.midi_note - key) * BEND_PER_SEMITONE)
        channel = _channel_for(channels, start, key, bend, program_of(note.instrument))
        channel.sounding[key] = end
        track += _settings(mido, channel, note, start, bend)
        velocity = round(LOUDEST_VELOCITY * db_to_amplitude((note.level_db - loudest_db) / 2))
        channel.free_from = max(channel.free_from, end)
        for tick, order, kind, value in (
            (start, 2, "note_on", max(velocity, 1)),
            (end, 0, "note_off", 0),
        ):
            message = mido.Message(kind, channel=channel.number, note=key, velocity=value)
            track.append(_Event(tick, order, message))
    _save(mido, path, tempo, tracks)
    return f"{counted(count, 'note')} in {counted(len(tracks), 'track')}"


def _loudest_db(notes: Iterable[Note]) -> float:
    return max((note.level_db for note in notes), default=0.0)


def _with_ends(notes: Iterable[Note]) -> Iterator[tuple[Note, int]]:
    """Yield notes and where they end: those of a held voice where the next one begins."""
    held: dict[int, Note] = {}
    for number, note in enumerate(notes):
        if number >= MAX_NOTES:
            raise UsageError(f"a MIDI file has at most {MAX_NOTES} notes here")
        if not note.held_key:
            yield note, note.onset_frame + note.duration_frames
            continue
        before = held.get(note.held_key)
        held[note.held_key] = note
        if before is not None:
            yield before, min(note.onset_frame, before.onset_frame + before.duration_frames)
    for note in held.values():
        yield note, note.onset_frame + note.duration_frames


def _channel_for(
    channels: list[_Channel], start: int, key: int, bend: int, program: int
) -> _Channel:
    """Return a channel for a note: one that needs no change, else the one that is free first."""
    for channel in channels:
        fits = channel.bend == bend and channel.settings[:1] == (program,)
        if fits and channel.sounding.get(key, 0) <= start:
            return channel
    return min(channels, key=lambda channel: max(channel.free_from - start, 0))


def _settings(mido: Any, channel: _Channel, note: Note, tick: int, bend: int) -> Iterator[_Event]:
    """Yield what a channel must be told before a note."""
    program = program_of(note.instrument)
    pan, brightness = round(63.5 + 63.5 * note.pan), round(63.5 + 63.5 * note.brightness)
    wanted = program, pan, brightness
    if channel.settings != wanted:
        channel.settings = wanted
        number = channel.number
        yield _Event(tick, 1, mido.Message("program_change", channel=number, program=program))
        for control, value in ((_PAN, pan), (_BRIGHTNESS, brightness)):
            message = mido.Message("control_change", channel=number, control=control, value=value)
            yield _Event(tick, 1, message)
    if channel.bend != bend:
        channel.bend = bend
        yield _Event(tick, 1, mido.Message("pitchwheel", channel=channel.number, pitch=bend))


def _save(mido: Any, path: Path, tempo: float, tracks: dict[str, list[_Event]]) -> None:
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    first = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))])
    file.tracks.append(first)
    for name, events in tracks.items():
        # The format has room for Latin-1 alone.
        text = name.encode("latin-1", "replace").decode("latin-1")
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=text)])
        before = 0
        for event in sorted(events, key=lambda event: event[:2]):
            track.append(event.message.copy(time=event.tick - before))
            before = event.tick
        file.tracks.append(track)
    file.save(path)
