"""The listener: the conductor that lets points come in, become notes, sound, and be recorded."""

import logging
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streamson._faults import Faults
from streamson._jit import notice_compiling
from streamson.errors import OutputFileError, UsageError
from streamson.listener.dispatch import NoteDispatcher, StartedVolume
from streamson.listener.state_file import StateKeeper
from streamson.model.limits import MAX_SPAN_S
from streamson.model.note import AS_SOON_AS_POSSIBLE, Note
from streamson.model.point import Batch, DataPoint
from streamson.model.statistics import Statistics
from streamson.music.level import amplitude_to_db
from streamson.music.pitch import midi_to_note
from streamson.output.device import AUTO, NO_DEVICE
from streamson.output.player import Player, choose_device
from streamson.output.tap import TapFanOut
from streamson.recording.recorder import Recorder
from streamson.recording.rotation import Rotation
from streamson.recording.session_files import pack_session
from streamson.recording.session_log import SessionLog
from streamson.recording.target import record_target
from streamson.rescaling.prepare import load_kernels
from streamson.score.score import Score
from streamson.session.load import load_session
from streamson.session.schema import Session
from streamson.synth.engine import Engine, check_volume
from streamson.wire.limits import DEFAULT_ENDPOINT
from streamson.wire.receiver import Receiver

DEFAULT_SAMPLE_RATE: Final = 44_100
RECEIVE_TIMEOUT_S: Final = 0.05
MAX_STREAMS_TOLD: Final = 200
"""Of so many streams it is said what is played of them: endless names must not fill a log."""

MERGING_TIMEOUT_S: Final = 0.01
"""Points that were merged begin at most so long after there is room for them."""

_log = logging.getLogger(__name__)
_legend_log = logging.getLogger("streamson.legend")


class Listener:
    """Play what producers publish.

    Points are received from the moment of construction; sound begins with `start`.

    Parameters
    ----------
    bind
        Endpoint to listen on; ``tcp://127.0.0.1:*`` takes a free port, see `endpoint`.
    session
        A preset's name, a session file, or a session; by default every stream gets a part that
        makes sense by itself.
    output
        ``"auto"``: the default sound device, or silence where there is none; ``"none"``: silence;
        else a device's number or a part of its name.
    record
        Sound file for what is heard: ``.wav``, ``.flac``, ``.ogg`` or ``.mp3``; or a folder for a
        session recording, with all points and notes too.
    record_format
        ``"wav"`` or ``"flac"``: the sound files of a session recording.
    rotation
        When the recording goes on in another file, and how much is kept.
    state
        File in which windows and the streams' order are kept from one run to the next.
    duration_s
        Stop by itself after so much sound.
    on_played
        Called with every note, those of cues included, once it has begun, its real onset, and the
        time at which its first sample was handed to the device (`time.monotonic_ns`), in the
        listener's thread: it must not block.

    Attributes
    ----------
    endpoint
        Where it listens, with the real port.
    engine
        The synthesiser.
    tap
        What is finished, for any number of readers.
    recording_error
        Why the recording could not be made, or is not whole; None if it is well. The sound goes on
        without it, and the recording as soon as it can.

    Raises
    ------
    SessionError
        If the session has a mistake.
    UsageError
        If an argument is out of its range.
    DeviceError
        If a named device is not there or can't be opened (from `start`).
    StreamsonError
        If the port is in use.

    Examples
    --------
    >>> with Listener(bind="tcp://127.0.0.1:*", output="none") as listener:
    ...     listener.stats().points_received
    0
    """

    def __init__(
        self,
        bind: str = DEFAULT_ENDPOINT,
        *,
        session: str | Path | Session | None = None,
        output: str = AUTO,
        record: str | Path | None = None,
        record_format: str = "wav",
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        state: str | Path | None = None,
        duration_s: float | None = None,
        on_played: Callable[[Note, int], None] | None = None,
    ) -> None:
        if duration_s is not None and not 0 < duration_s <= MAX_SPAN_S:
            raise UsageError(f"duration {duration_s} s; up to {MAX_SPAN_S:.0f} s is allowed")
        loaded = session if isinstance(session, Session) else load_session(session)
        self._device = None if output == NO_DEVICE else choose_device(output)
        self.recording_error: OutputFileError | None = None
        self._record = None if record is None else record_target(record, record_format)
        rotation.check()
        self._rotation = rotation
        self._duration_s = duration_s
        self._on_played = on_played
        device_rate = self._device.sample_rate if self._device else DEFAULT_SAMPLE_RATE
        self.engine = Engine.for_session(loaded, loaded.audio.sample_rate or device_rate)
        self.tap = TapFanOut(self.engine)
        self._volume_db = loaded.audio.volume_db
        self._muted = False
        self._look_ahead_frames = round(loaded.audio.look_ahead * self.engine.sample_rate)
        self._session = loaded
        self._next_session: Session | None = None
        with notice_compiling():
            load_kernels()  # before points come, which would wait for it
        self._score = Score(loaded, sample_rate=self.engine.sample_rate)
        self._state = StateKeeper(Path(state), self._score) if state is not None else None
        # Before there are sockets and threads: it may fork.
        self._player = Player(self.engine, self._device)
        # Last, so that no mistake above leaves a socket open.
        try:
            self._receiver = Receiver(bind)
        except BaseException:
            self._player.stop()
            raise
        self.endpoint = self._receiver.endpoint
        self._recorder: Recorder | None = None
        self._log: SessionLog | None = None
        self._lost = 0
        self._streams_told = 0
        self._faults = Faults()
        self._dispatcher = NoteDispatcher(self.engine)
        self._last_note: Note | None = None
        self._error: Exception | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> Self:
        """Begin to record and to sound."""
        if self._duration_s is not None:
            self.engine.stop_at(round(self._duration_s * self.engine.sample_rate))
        self._start_recorder()
        try:
            self._player.start()
        except BaseException:
            self.stop()
            raise
        self._thread.start()
        return self

    def stop(self) -> None:
        """Fade out, finish the recording, and stop listening. Can be called again.

        Raises
        ------
        Exception
            What ended the listener's thread early, such as an error in `on_played`.
        """
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
            if self._state is not None:
                self._state.save()
        self._player.stop()
        if self._error is None:
            self._read_reports()  # of the last notes
        if self._recorder is not None:
            self._recorder.stop()
            self.recording_error = self.recording_error or self._recorder.error
        self._receiver.close()
        self._score.close()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    @property
    def finished(self) -> bool:
        """Whether the duration that was asked for has been played, or listening has failed."""
        return self._error is not None or self.engine.frame >= self.engine.stop_frame

    @property
    def output(self) -> str:
        """Where the sound goes, for a person."""
        return self._player.description

    @property
    def plays(self) -> bool:
        """Whether there is a sound device to play on."""
        return self._device is not None

    @property
    def recording(self) -> Path | None:
        """The file or folder that is, or was, recorded to; None without a recording."""
        return self._record.path if self._recorder and self._record else None

    @property
    def last_played(self) -> str:
        """The last note that began, for a person; empty before the first."""
        note = self._last_note
        return "" if note is None else f"{note.stream} {midi_to_note(note.midi_note)}"

    def change_session(self, session: str | Path | Session | None) -> None:
        """Go on as another session says, from the next points on.

        What is the same in both goes on as if nothing happened. Sample rate and reverb stay as they
        are.

        Raises
        ------
        SessionError
            If the session has a mistake; then nothing changes.
        """
        self._next_session = session if isinstance(session, Session) else load_session(session)

    def set_volume(self, volume_db: float) -> None:
        """Let the master volume glide to a level in dB, or set where unmuting leads.

        Raises
        ------
        UsageError
            If it is above 24 dB or not a number.
        """
        check_volume(volume_db)
        self._volume_db = volume_db
        if not self._muted:
            self._dispatcher.glide_to(volume_db)

    def mute(self, *, muted: bool = True) -> None:
        """Let the sound glide to silence, or back."""
        self._muted = muted
        self._dispatcher.glide_to(-inf if muted else self._volume_db)

    def stats(self) -> Statistics:
        """Return the counters and figures of this moment."""
        received, score, state = self._receiver.counts, self._score.counts, self.engine.state
        rate, recorder = self.engine.sample_rate, self._recorder
        seconds = min(self.engine.frame, self.engine.stop_frame) / rate
        dropped = self._dispatcher.dropped + int(state["refused"])
        cues_too = int(state["played"])
        return Statistics(
            seconds=seconds,
            points_received=received.received,
            points_lost=received.lost,
            messages_refused=received.refused,
            messages_shed=received.shed,
            times_replaced=received.times_replaced,
            connections_cut=received.connections_cut,
            receiver_restarts=received.restarts,
            streams=self._score.streams,
            streams_refused=score.streams_refused,
            streams_forgotten=score.streams_forgotten,
            faults=score.faults + self._faults.survived,
            points_of_refused_streams=score.points_refused,
            notes_played=max(cues_too - int(state["foreground_played"]) - score.ticks, 0),
            notes_late=int(state["late"]),
            notes_stolen=int(state["stolen"]),
            notes_waiting=score.notes + score.cue_notes + score.ticks - dropped - cues_too,
            notes_dropped=dropped,
            notes_unreported=int(state["unreported"]),
            points_merged=score.merged + self._score.points_waiting,
            alerts=score.alerts,
            alerts_active=self._score.alerts_active,
            streams_stale=self._score.streams_stale,
            cues_left_out=score.cues_left_out,
            lag_s=self._score.lag_s,
            values_clamped=score.clamped,
            rests=score.rests,
            blocks=int(state["blocks"]),
            blocks_missed=int(state["missed"]),
            underflows=int(state["underflows"]),
            callback_load=float(state["busy_ns"]) / 1e9 / seconds if seconds else 0.0,
            latency_median_ms=self._dispatcher.latency_ms(0.5),
            latency_p99_ms=self._dispatcher.latency_ms(0.99),
            peak_dbfs=amplitude_to_db(float(state["peak"])) if state["peak"] > 0 else None,
            devices_lost=self._player.devices_lost,
            recorded_seconds=recorder.seconds if recorder else 0.0,
            recording_lost_seconds=recorder.lost_frames / rate if recorder else 0.0,
            recordings_gone=recorder.files_gone if recorder else 0,
            points_unrecorded=self._log.points_left_out if self._log else 0,
            notes_unrecorded=self._log.notes_left_out if self._log else 0,
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_recorder(self) -> None:
        if self._record is None:
            return
        try:
            if self._record.is_folder:
                packed = pack_session(self._session)  # may lie in the folder that gives way
                self._record.make_folder()
                self._log = SessionLog(
                    self._record.path,
                    sample_rate=self.engine.sample_rate,
                    session=packed,
                    statistics=self.stats,
                )
            self._recorder = Recorder(
                self.tap, self._record.audio, rotation=self._rotation, sidecar=self._log
            )
        except OutputFileError as error:
            if self._log is not None:
                self._log.give_up()
                self._record.give_up_folder()
            self._log = None
            self.recording_error = error
            _log.warning("%s. Going on without a recording.", error)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                timeout_s = MERGING_TIMEOUT_S if self._score.behind else RECEIVE_TIMEOUT_S
                for message in self._receiver.receive(timeout_s):
                    self._hear(message, time.monotonic_ns())
                for stream in self._receiver.take_ended():
                    self._score.end(stream)
                with self._faults.surviving("what waited"):
                    self._flush(time.monotonic_ns())
                self._read_reports()
                self._tell_newcomers()
                if self._next_session is not None:
                    with self._faults.surviving("the changed session"):
                        self._take_over()
                self.engine.release_unused()
                if self._state is not None:
                    with self._faults.surviving("the state"):
                        self._state.keep()
        except Exception as error:  # `stop` raises it in the caller's thread
            self._error = error

    def _tell_newcomers(self) -> None:
        """Say what is played of new streams, as long as there are not too many for a log."""
        for line in self._score.take_newcomers():
            if self._streams_told < MAX_STREAMS_TOLD:
                _legend_log.info("%s", line)
            elif self._streams_told == MAX_STREAMS_TOLD:
                _legend_log.info("more than %d streams: others are not told", MAX_STREAMS_TOLD)
            self._streams_told += 1

    def _take_over(self) -> None:
        """Go on as the next session says."""
        session, self._next_session = self._next_session, None
        assert session is not None
        try:
            self.engine.change_instruments(session.all_instruments)
        except UsageError as error:
            _log.error("%s: nothing changes: %s; start again to use it", session.name, error)
            return
        before, self._session = self._session.audio, session
        self._score.change(session)
        if self._log is not None:
            self._log.change_session(self.engine.frame, session)
        audio = session.audio
        self.engine.equal_loudness = audio.equal_loudness
        self._look_ahead_frames = round(audio.look_ahead * self.engine.sample_rate)
        if audio.volume_db != before.volume_db:
            self.set_volume(audio.volume_db)
        if (audio.sample_rate, audio.reverb) != (before.sample_rate, before.reverb):
            _log.warning("%s: sample_rate and reverb change at the next start", session.name)
        _log.warning("%s: changed", session.name)

    def _hear(self, message: DataPoint | Batch, received_ns: int) -> None:
        now_frame = self._frame_for(received_ns)
        if self._log is not None:
            self._log.hear(message, now_frame)
        try:
            if isinstance(message, Batch):
                notes = self._score.play_batch(message, now_frame)
            else:
                notes = self._score.play(message, now_frame)
            self._play(notes, now_frame, received_ns)
        except Exception as error:  # no point ends a listener
            self._faults.survive(error, message.stream)

    def _flush(self, now_ns: int) -> None:
        now_frame = self._frame_for(now_ns)
        self._play(self._score.flush(now_frame), now_frame, now_ns)
        if (lost := self._receiver.lost) > self._lost:
            self._lost = lost
            self._play(self._score.lose(now_frame), now_frame, now_ns)

    def _frame_for(self, time_ns: int) -> int:
        """Return the frame at which what comes at a time may begin."""
        if self._look_ahead_frames:
            return self.engine.frame_at(time_ns) + self._look_ahead_frames
        return self.engine.earliest_frame

    def _play(self, notes: list[Note], now_frame: int, received_ns: int) -> None:
        session = self._log.session_number if self._log else 1
        for note in notes:
            on_arrival = note.onset_frame in (AS_SOON_AS_POSSIBLE, now_frame)
            self._dispatcher.play(note, received_ns if on_arrival else None, session)

    def _read_reports(self) -> None:
        for begun in self._dispatcher.started():
            if isinstance(begun, StartedVolume):
                if self._log is not None:
                    self._log.change_volume(*begun)
                continue
            note, handed_ns, session = begun
            if not note.foreground:
                self._last_note = note
            if self._log is not None:
                self._log.begin_note(note, session)
            if self._on_played is not None:
                self._on_played(note, handed_ns)
