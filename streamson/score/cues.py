"""Cues: short sounds in the foreground that tell what happened, beside what the data plays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streamson.model.note import Note
from streamson.rescaling.field_hints import known_of
from streamson.score.alert_detector import Watch
from streamson.session.parse.earcons import builtin_sounds
from streamson.session.schema import field_name

if TYPE_CHECKING:  # at run time points and extents would bring numpy along
    from collections.abc import Iterable, Mapping, Sequence

    from streamson.model.counts import Counts
    from streamson.model.point import Batch
    from streamson.score.part_player import Voice
    from streamson.session.parse.earcons import Sound
    from streamson.session.schema import Cue, Session

GAP_S: Final = 0.12
"""Cues that come at once follow one another with such a gap."""

MAX_LAG_S: Final = 6.0
"""A cue that would begin later than this is left out, and counted."""

AGAIN_S: Final = 2.0
"""The same alert of the same stream is not told more often: a value that trembles at its limit."""

SPEECH_AFTER_S: Final = 0.15
SPEECH_DB: Final = -6.0

TURN_S: Final = 0.5
"""Of the intervals between a stream's points only the longest of each such turn counts: points may
come in bursts."""

INTERVALS: Final = 64
"""So many of those, the last ones, tell what is usual: it is the second longest of them, so that a
single outage does not count."""

MIN_INTERVALS: Final = 8
STALE_TIMES: Final = 2.0
MIN_SILENCE_S: Final = 2.0
"""A stream is stale when silent for so many times its usual interval, and at least so long."""

STALE_TOGETHER_TIMES: Final = 1.3
"""When one stream of a host is stale, others that are silent for so many times theirs are so too:
it is the host that fell silent."""

BACK_TOGETHER_S: Final = 3.0
"""Streams of a host that fell silent together and come back within this time are back together."""

MAX_LISTED: Final = 8
"""Streams of a host that are named in a line."""

MAX_HOSTS_BACK: Final = 1_024
"""Hosts of which it is remembered that they are back."""

LOST_AGAIN_S: Final = 5.0

Tell = Callable[[str, float], None]


class _Alert:
    """A cue on one stream."""

    def __init__(self, cue: Cue, field: str) -> None:
        self.cue = cue
        self.field = field
        self.watch = Watch(cue)
        self.told_frame = -(2**62)
        self.told = False

    @property
    def key(self) -> str:
        """What it watches: the rest may change while it goes on."""
        cue = self.cue
        watched = self.field, cue.band, cue.unusual, cue.window, cue.hysteresis, cue.lasting
        return f"cue {watched}"


class _Stream:
    """A stream that is watched."""

    def __init__(self, fields: Sequence[str], alerts: list[_Alert]) -> None:
        self.fields = fields
        self.alerts = alerts
        self.heard_frame: int | None = None
        self.ended = False
        """Whether its producer said goodbye: it is silent by right."""
        self.stale = False
        self.stale_with = 1
        """How many streams of its host were told to be stale together, itself included."""
        self._intervals: deque[int] = deque(maxlen=INTERVALS)
        self._turn_frame = 0

    def hear(self, now_frame: int, turn_frames: int) -> int | None:
        """Note that a point came; return how long after the last one, None for the first."""
        before, self.heard_frame = self.heard_frame, now_frame
        if before is None or self.ended:
            self.ended = False
            return None
        interval = now_frame - before
        if self._intervals and now_frame < self._turn_frame:
            self._intervals[-1] = max(self._intervals[-1], interval)
        else:
            self._intervals.append(interval)
            self._turn_frame = now_frame + turn_frames
        return interval

    def overdue(self, now_frame: int, times: float) -> bool:
        """Return whether it is silent for more than so many times its usual interval."""
        usual = self.usual_frames
        if self.heard_frame is None or usual is None or self.ended:
            return False
        return now_frame - self.heard_frame > times * usual

    @property
    def usual_frames(self) -> int | None:
        """Its usual interval; None as long as nobody knows."""
        if len(self._intervals) < MIN_INTERVALS:
            return None
        return sorted(self._intervals)[-2]


class Cues:
    """Watches all streams, and gives the notes that tell what happened.

    Parameters
    ----------
    session
        Its cues and notices.
    sample_rate
        Frames a second.
    counts
        Where alerts, and cues that were left out, are counted.
    tell
        Is told a line about what happened, and the time that the data has then, or NaN.
    """

    def __init__(self, session: Session, *, sample_rate: int, counts: Counts, tell: Tell) -> None:
        self._session = session
        self._tell = tell
        self._sample_rate = sample_rate
        self._counts = counts
        self._streams: dict[str, _Stream] = {}
        self._free_frame = 0
        self._hosts_back: dict[str, int] = {}
        self._lost_frame = -(2**62)
        self._turn_frames = round(TURN_S * sample_rate)

    def meet(self, stream: str, fields: Sequence[str]) -> None:
        """Watch a stream from now on."""
        self._streams[stream] = _Stream(fields, self._alerts(stream, fields))

    def forget(self, stream: str) -> None:
        """Watch a stream no longer."""
        del self._streams[stream]

    def end(self, stream: str) -> None:
        """Wait no longer for a stream's next point."""
        watched = self._streams[stream]
        watched.ended, watched.stale = True, False

    def heard_frame(self, stream: str) -> int:
        """Return when the last point of a stream came."""
        heard = self._streams[stream].heard_frame
        return 0 if heard is None else heard

    def change(self, session: Session) -> None:
        """Watch for what another session says; what is watched as before goes on."""
        self._session = session
        for name, stream in self._streams.items():
            states = self.state(name)
            stream.alerts = self._alerts(name, stream.fields)
            self.restore(name, states)

    def hear(
        self, stream: str, fields: Mapping[str, float], time: float, now_frame: int
    ) -> list[Note]:
        """Take in a point; return the notes of what it tells."""
        watched = self._streams[stream]
        notes = self._is_heard(stream, watched, now_frame)
        for alert in watched.alerts:
            value = fields.get(alert.field, nan)
            if isfinite(value):
                notes += self._see(stream, alert, value, time, now_frame)
        return notes

    def hear_batch(self, batch: Batch, now_frame: int) -> list[Note]:
        """Take in a batch: of each field that is watched its least, greatest and last value."""
        import numpy as np

        watched = self._streams[batch.stream]
        notes = self._is_heard(batch.stream, watched, now_frame)
        for alert in watched.alerts:
            column = batch.columns.get(alert.field)
            known = np.flatnonzero(np.isfinite(column)) if column is not None else ()
            if column is None or not len(known):
                continue
            values = column[known]
            places = {int(values.argmin()), int(values.argmax()), len(values) - 1}
            for i in sorted(places):
                time = float(batch.times[known[i]])
                notes += self._see(batch.stream, alert, float(values[i]), time, now_frame)
        return notes

    def tick(self, now_frame: int) -> list[Note]:
        """Return the notes that tell which streams fell silent; to be called often."""
        notes: list[Note] = []
        if not self._session.notices.stale:
            return notes
        hosts: dict[str, dict[str, _Stream]] | None = None
        for name, stream in self._streams.items():
            if stream.stale or stream.heard_frame is None:
                continue
            silent = now_frame - stream.heard_frame
            if silent < MIN_SILENCE_S * self._sample_rate:
                continue
            usual = stream.usual_frames
            if usual is not None and stream.overdue(now_frame, STALE_TIMES):
                seconds = silent / self._sample_rate, usual / self._sample_rate
                if hosts is None:
                    hosts = self._silent_by_host(now_frame)
                together = hosts[_host(name)] if "/" in name else {name: stream}
                for one in together.values():
                    one.stale, one.stale_with = True, len(together)
                told = name
                if len(together) > 1:
                    told = f"{_host(name)}: {_listed(together)}"
                self._tell(
                    "{}: silent for {:.1f} s; a point came every {:.1f} s".format(told, *seconds),
                    nan,
                )
                notes += self._sound(builtin_sounds()["stale"], name, now_frame)
        return notes

    def _silent_by_host(self, now_frame: int) -> dict[str, dict[str, _Stream]]:
        """Return the streams that are silent for longer than usual, by what they belong to."""
        hosts: dict[str, dict[str, _Stream]] = {}
        for name, stream in self._streams.items():
            if "/" in name and not stream.stale and stream.overdue(now_frame, STALE_TOGETHER_TIMES):
                hosts.setdefault(_host(name), {})[name] = stream
        return hosts

    def lose(self, now_frame: int) -> list[Note]:
        """Return the notes that tell that points were lost; rarely, however many there are."""
        if not self._session.notices.lost:
            return []
        if now_frame - self._lost_frame < LOST_AGAIN_S * self._sample_rate:
            return []
        self._lost_frame = now_frame
        return self._sound(builtin_sounds()["lost"], "", now_frame)

    def at_ends(self, voice: Voice, notes: Iterable[Note], now_frame: int) -> list[Note]:
        """Return the notes that tell that a voice's pitch came to an end of its range."""
        ticks: list[Note] = []
        if not self._session.notices.range:
            return ticks
        low, high = voice.part.pitch.low, voice.part.pitch.high
        if voice.part.pitch.notes:
            low, high = voice.part.pitch.notes[0], voice.part.pitch.notes[-1]
        for note in notes:
            end = "highest" if note.midi_note >= high else ""
            end = "lowest" if note.midi_note <= low < high else end
            if end and end != voice.end:
                ticks.append(self._tick(builtin_sounds()[end], note, now_frame))
            voice.end = end
        return ticks

    @property
    def active(self) -> int:
        """How many alerts are active."""
        streams = list(self._streams.values())
        return sum(alert.watch.active for stream in streams for alert in stream.alerts)

    @property
    def stale(self) -> int:
        """How many streams are stale."""
        return sum(stream.stale for stream in list(self._streams.values()))

    def state(self, stream: str) -> dict[str, Any]:
        """Return what `restore` wants for a stream."""
        return {alert.key: alert.watch.state() for alert in self._streams[stream].alerts}

    def restore(self, stream: str, state: dict[str, Any]) -> None:
        """Let a stream's alerts go on where the same alerts were.

        Raises
        ------
        ValueError
            It isn't the state of a watch.
        """
        for alert in self._streams[stream].alerts:
            if alert.key in state:
                alert.watch.restore(state[alert.key])
                alert.told = alert.watch.active

    def _alerts(self, stream: str, fields: Sequence[str]) -> list[_Alert]:
        cues = [cue for cue in self._session.cues if fnmatchcase(stream, cue.stream)]
        return [_Alert(cue, field_name(cue.field, fields)) for cue in cues]

    def _is_heard(self, name: str, stream: _Stream, now_frame: int) -> list[Note]:
        interval = stream.hear(now_frame, self._turn_frames)
        if interval is None or not stream.stale:
            return []
        stream.stale = False
        if stream.stale_with > 1:
            host = _host(name)
            if now_frame < self._hosts_back.get(host, 0):
                return []
            if len(self._hosts_back) >= MAX_HOSTS_BACK:
                self._hosts_back.clear()
            self._hosts_back[host] = now_frame + round(BACK_TOGETHER_S * self._sample_rate)
            name = host
        self._tell(f"{name}: back after {interval / self._sample_rate:.1f} s", nan)
        return self._sound(builtin_sounds()["back"], name, now_frame)

    def _see(
        self, stream: str, alert: _Alert, value: float, time: float, now_frame: int
    ) -> list[Note]:
        change = alert.watch.see(value, time)
        if change is None:
            return []
        unit = " %" if known_of(alert.field, ()).is_percent else ""
        if change:
            self._counts.alerts += 1
            if now_frame - alert.told_frame < AGAIN_S * self._sample_rate:
                return []
            alert.told, alert.told_frame = True, now_frame
            beyond = _beyond(alert.watch.band, value, unit)
            said = f": {alert.cue.say.rpartition(' in ')[0]}" if alert.cue.say else ""
            self._tell(f"{stream}: {alert.field} is {value:g}{unit}, {beyond}{said}", time)
            return self._sound(alert.cue.sound, stream, now_frame, alert.cue.say)
        if not alert.told:
            return []
        alert.told = False
        self._tell(f"{stream}: {alert.field} is {value:g}{unit} again", time)
        return self._sound(builtin_sounds()["over"], stream, now_frame)

    def _tick(self, sound: Sound, note: Note, now_frame: int) -> Note:
        """Return a tick beside a note. It is no alarm: nothing makes room for it or waits."""
        self._counts.ticks += 1
        return msgspec.structs.replace(
            note,
            onset_frame=max(note.onset_frame, now_frame),
            duration_s=sound.duration,
            duration_frames=round(sound.duration * self._sample_rate),
            midi_note=sound.notes[0],
            level_db=min(sound.level + self._session.notices.level, 0.0),
            instrument=sound.instrument,
            brightness=0.0,
            held_key=0,
        )

    def _sound(self, sound: Sound, stream: str, now_frame: int, say: str = "") -> list[Note]:
        """Return the notes of a sound, after those that are still to be heard."""
        rate = self._sample_rate
        start = max(now_frame, self._free_frame)
        if start - now_frame > MAX_LAG_S * rate:
            self._counts.cues_left_out += 1
            return []
        pattern = Note(
            onset_frame=start,
            duration_s=sound.duration,
            duration_frames=round(sound.duration * rate),
            midi_note=0,
            level_db=min(sound.level + self._session.notices.level, 0.0),
            pan=0,
            instrument=sound.instrument,
            stream=stream,
            foreground=True,
        )
        replace = msgspec.structs.replace
        notes = [
            replace(pattern, onset_frame=start + round(i * sound.step * rate), midi_note=midi_note)
            for i, midi_note in enumerate(sound.notes)
        ]
        if say:
            spoken = self._session.cue_instruments[say].sample
            assert spoken is not None
            seconds = len(spoken.sound) / spoken.sample_rate
            onset = notes[-1].onset_frame + pattern.duration_frames + round(SPEECH_AFTER_S * rate)
            notes.append(
                replace(
                    pattern,
                    onset_frame=onset,
                    duration_s=seconds,
                    duration_frames=round(seconds * rate),
                    midi_note=spoken.root,
                    level_db=min(SPEECH_DB + self._session.notices.level, 0.0),
                    instrument=say,
                )
            )
        last = notes[-1]
        self._free_frame = last.onset_frame + last.duration_frames + round(GAP_S * rate)
        self._counts.cue_notes += len(notes)
        return notes


def _beyond(band: tuple[float, float], value: float, unit: str) -> str:
    """Return which end of its band a value is beyond."""
    low, high = band
    return f"above {high:g}{unit}" if value > high else f"below {low:g}{unit}"


def _host(stream: str) -> str:
    """Return what a stream's name begins with, up to its first slash."""
    return stream.partition("/")[0]


def _listed(streams: Iterable[str]) -> str:
    """Return what the streams of a host are called within it; of many the first."""
    names = [stream.partition("/")[2] for stream in streams]
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
