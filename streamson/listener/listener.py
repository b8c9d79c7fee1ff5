"""The listener: its life from the first socket to the last file, and how it is steered."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Final, Self

from streamson._event_log import EventLog
from streamson._faults import Faults
from streamson.errors import OutputFileError, UsageError
from streamson.listener.alert_board import AlertBoard
from streamson.listener.dispatch import NoteDispatcher, StartedNote
from streamson.listener.event_bus import EventBus
from streamson.listener.loop import Loop
from streamson.listener.mixer import Mixer
from streamson.listener.recordings import Recordings
from streamson.listener.report import Reporter
from streamson.listener.reports import Reports
from streamson.listener.sources import NoteLoop, PlayedStreams, ReceivedPoints
from streamson.listener.state_file import StateKeeper
from streamson.listener.statistics import StatisticsSources, gather, gather_streams
from streamson.listener.steering import Steering, session_words
from streamson.listener.views import Views
from streamson.model.event.base import Event
from streamson.model.event.steering import MAX_CAPTION_CHARS, Caption, PageServed
from streamson.model.limits import MAX_SPAN_S
from streamson.model.note import Note
from streamson.model.statistics import Statistics, StreamStatistics
from streamson.music.pitch import midi_to_note
from streamson.output.device import AUTO, NO_DEVICE
from streamson.output.player import Player, choose_device
from streamson.output.tap import TapFanOut
from streamson.recording.rotation import Rotation
from streamson.recording.target import record_target
from streamson.rescaling.prepare import load_kernels as prepare_rescaling
from streamson.score.alerts.arrivals import load_kernels as prepare_arrivals
from streamson.score.score import Score
from streamson.session.load import load_session
from streamson.session.schema import Session
from streamson.surprise.prepare import load_kernels as prepare_surprises
from streamson.synth.engine import Engine
from streamson.wire.limits import DEFAULT_ENDPOINT
from streamson.wire.points.receiver import Receiver
from streamson.wire.sockets.endpoint import Security

if TYPE_CHECKING:
    from streamson.listener.notebook.display import Display

DEFAULT_SAMPLE_RATE: Final = 44_100


class Listener:
    """Play what producers publish.

    Points are received from the moment of construction; sound begins with `start`. In a notebook it
    shows itself live, as long as it runs.

    Parameters
    ----------
    bind
        Endpoint to listen on; ``tcp://127.0.0.1:*`` takes a free port, see `endpoint`.
    security
        Who has to show a key that is allowed: ``"auto"``: those to whose machines an endpoint is
        open; ``"keys"``: everybody; ``"none"``: nobody.
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
    feed
        Endpoint where others can see, hear and steer it; ``tcp://127.0.0.1:*`` takes free ports,
        see `feed_endpoint`; None: nobody can.
    duration_s
        Stop by itself after so much sound.
    on_played
        Called with every note, those of earcons included, once it has begun, at its real onset, and
        the time at which its first sample was handed to the device (`synth.clock.now_ns`), in the
        listener's thread: it must not block.

    Attributes
    ----------
    endpoint
        Where it listens, with the real port.
    public_key
        That publishers have to know; None where no keys are shown.
    engine
        The synthesiser.
    tap
        What is finished, for any number of readers.
    page_url
        Where a page of it is; None without one.
    follows
        Whether it plays the notes of another listener, whose feed is at `endpoint`.

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

    follows: ClassVar[bool] = False

    def __init__(
        self,
        bind: str = DEFAULT_ENDPOINT,
        *,
        security: Security = "auto",
        session: str | Path | Session | None = None,
        output: str = AUTO,
        record: str | Path | None = None,
        record_format: str = "wav",
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        state: str | Path | None = None,
        feed: str | None = None,
        duration_s: float | None = None,
        on_played: Callable[[Note, int], None] | None = None,
    ) -> None:
        if duration_s is not None and not 0 < duration_s <= MAX_SPAN_S:
            raise UsageError(f"duration {duration_s} s; up to {MAX_SPAN_S:.0f} s is allowed")
        loaded = session if isinstance(session, Session) else load_session(session)
        self._device = None if output == NO_DEVICE else choose_device(output)
        self._record = None if record is None else record_target(record, record_format)
        self._duration_s = duration_s
        device_rate = self._device.sample_rate if self._device else DEFAULT_SAMPLE_RATE
        self.engine = Engine.for_session(loaded, loaded.audio.sample_rate or device_rate)
        self.tap = TapFanOut(self.engine)
        self._faults = faults = Faults()
        self._bus = EventBus(faults)
        self._event_log = EventLog()
        self._bus.subscribe(self._event_log)
        self._recordings = Recordings(
            self.tap, self._record, rotation=rotation, on_event=self._bus.emit
        )
        prepare_rescaling()  # before points come, which would wait for it
        prepare_surprises()
        prepare_arrivals()
        self._state: StateKeeper | None = None
        self._streams = self._make_streams(loaded, state)
        # Before there are sockets and threads: it may fork.
        self._player = Player(self.engine, self._device, on_event=self._bus.emit)
        self._dispatcher = NoteDispatcher(self.engine)
        self._mixer = Mixer(
            loaded.audio.volume_db, glide_to=self._dispatcher.glide_to, on_event=self._bus.emit
        )
        self._alerts = AlertBoard(is_active=self._streams.has_alert, on_event=self._bus.emit)
        self._bus.subscribe(self._alerts.on_event)
        self.page_url: str | None = None
        self._views: Views | None = None
        self._display: Display | None = None
        # Last, so that no mistake above leaves a socket open.
        try:
            self._receiver = self._open_receiver(bind, security)
            self.endpoint = self._receiver.endpoint
            self.public_key = self._receiver.public_key
            self._reporter = self._make_reporter()
            self._steering = self._make_steering(loaded)
            if feed is not None:
                self._open_views(feed, security, faults)
        except BaseException:
            self._close_sockets()
            self._player.stop()
            raise
        self._sources = StatisticsSources(
            *(self._receiver, self._streams, self.engine, self._dispatcher, self._mixer),
            *(self._player, self._recordings, self._bus, faults, self._views),
        )
        self._reports = Reports(self._dispatcher, self._bus, self._note_subscribers(on_played))
        self._loop = self._make_loop(loaded)
        self._error: Exception | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> Self:
        """Begin to record and to sound. Can be called again while it runs.

        Raises
        ------
        UsageError
            It has stopped.
        """
        if self._stopping.is_set():
            raise UsageError("the listener has stopped; one that is made anew can be started")
        if self._thread.ident is not None:
            return self
        if self._duration_s is not None:
            self.engine.stop_at(round(self._duration_s * self.engine.sample_rate))
        self._recordings.begin(self._loop.in_force[1], self.stats)
        self._reports.session_log = self._recordings.session_log
        if self._recordings.session_log is not None:
            self._bus.subscribe(self._recordings.session_log.on_event)
        try:
            self._player.start()
        except BaseException:
            self.stop()
            raise
        self._thread.start()
        if self._views is not None:
            self._views.start()
        return self

    def stop(self) -> None:
        """Fade out, finish the recording, and stop listening. Can be called again.

        Raises
        ------
        Exception
            What ended the listener's thread early, such as an error in `on_played`.
        """
        self._stopping.set()
        if self._views is not None:
            self._views.commands.close()
        if self._thread.ident is not None:
            self._thread.join()
            if self._state is not None:
                self._state.save()
        self._player.stop()
        if self._error is None:
            self._reports.read()  # of the last notes
        self._bus.deliver()
        self._recordings.close()
        self._bus.deliver()  # how the recording ended
        if self._display is not None:
            self._display.close()
        self._event_log.close()
        self._close_sockets()
        self._streams.close()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    @property
    def finished(self) -> bool:
        """Whether the duration that was asked for has been played, or listening has failed."""
        return self._error is not None or self.engine.frame >= self.engine.stop_frame

    @property
    def is_mute(self) -> bool:
        """Whether its session asks for no note at all: each of its parts is mute."""
        parts = self._loop.in_force[1].parts
        return bool(parts) and all(part.mute for part in parts)

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
        return self._recordings.last

    @property
    def recording_error(self) -> OutputFileError | None:
        """Why a recording could not be made, or is not whole; None if all are well.

        The sound goes on without it, and the recording as soon as it can.
        """
        return self._recordings.error

    @property
    def turns(self) -> int:
        """How often its loop has turned: while it goes on, this grows at least ten times a second.

        It stands still where the loop hangs.
        """
        return self._bus.deliveries

    @property
    def sends_sound(self) -> bool:
        """Whether anybody hears its feed."""
        return self._views is not None and self._views.feed.sends_sound

    @property
    def feed_endpoint(self) -> str | None:
        """Where its feed is, with the real port; None without one."""
        return None if self._views is None else self._views.endpoint

    @property
    def last_played(self) -> str:
        """The last note that began, for a person; empty before the first."""
        note = self._reports.last_note
        return "" if note is None else f"{note.stream} {midi_to_note(note.midi_note)}"

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        """Call somebody with each event, in order; it must not block.

        It is called in the listener's thread and, at its end, in that of `stop`.
        """
        self._bus.subscribe(subscriber)

    def change_session(self, session: str | Path | Session | None) -> None:
        """Go on as another session says, from the next points on.

        What is the same in both goes on as if nothing happened. Sample rate and reverb stay as they
        are.

        Raises
        ------
        SessionError
            If the session has a mistake; then nothing changes.
        """
        loaded = session if isinstance(session, Session) else load_session(session)
        self._steering.original = loaded
        self._go_on(loaded)

    def set_volume(self, volume_db: float) -> None:
        """Let the master volume glide to a level in dB, or set where unmuting leads.

        Raises
        ------
        UsageError
            If it is above 24 dB or not a number.
        """
        self._mixer.set_volume(volume_db)

    def mute(self, *, muted: bool = True) -> None:
        """Let the sound glide to silence, or back."""
        self._mixer.mute(muted=muted)

    def serve_page(self, url: str, *, tunnel: str = "") -> None:
        """Tell subscribers that there is a page on which it can be seen and heard.

        Parameters
        ----------
        url
            Where.
        tunnel
            The command that lets another machine reach it, for those who are at one.
        """
        self.page_url = url
        self._bus.emit(PageServed(frame=self.engine.frame, url=url, tunnel=tunnel))

    def caption(self, text: str) -> None:
        """Explain what is heard at this moment: all subscribers and views get it as an event.

        Raises
        ------
        UsageError
            If it is longer than 200 characters.
        """
        if len(text) > MAX_CAPTION_CHARS:
            raise UsageError(
                f"caption of {len(text)} characters; up to {MAX_CAPTION_CHARS} are allowed"
            )
        self._bus.emit(Caption(frame=self.engine.frame, text=text))

    def stats(self) -> Statistics:
        """Return the counters and figures of this moment."""
        return gather(self._sources)

    def stream_stats(self) -> list[StreamStatistics]:
        """Return what is known of each stream that is played, in the order of their appearance."""
        return gather_streams(self._receiver, self._streams)

    def _ipython_display_(self) -> None:
        """Show it live in a notebook, as long as it runs.

        Raises
        ------
        NotImplementedError
            So that IPython shows the table instead: where there is no notebook, or no anywidget.
        """
        from streamson.listener.notebook.display import Display, is_notebook, why_not_live

        if not is_notebook() or self._stopping.is_set() or why_not_live():
            raise NotImplementedError
        if self._display is None:
            self._display = Display(
                reporter=self._reporter,
                tap=self.tap,
                steering=self._steering,
                life=self._life,
                faults=self._faults,
            )
        self._display.show()

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002  # as IPython asks for it
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str]:
        """Return it as a table, as it is at this moment."""
        from streamson.listener.notebook.display import why_not_live
        from streamson.listener.notebook.table import as_bundle
        from streamson.listener.notebook.told import told

        return as_bundle(told(self._reporter, self._life(), (None, None)), why_not_live())

    def _life(self) -> str:
        """Return where it is between its beginning and its end."""
        if self._stopping.is_set():
            return "stopped"
        if self._thread.ident is None:
            return "not started"
        return "finished" if self.finished else "running"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _make_streams(self, session: Session, state: str | Path | None) -> PlayedStreams:
        """Return what makes notes."""
        rate = self.engine.sample_rate
        self._score = Score(session, sample_rate=rate, on_event=self._bus.emit)
        if state is not None:
            self._state = StateKeeper(Path(state), self._score)
        return self._score

    def _open_receiver(self, bind: str, security: Security) -> ReceivedPoints:
        """Return what they are made of."""
        self._points = Receiver(bind, security=security)
        return self._points

    def _make_loop(self, session: Session) -> NoteLoop:
        """Return what hands them to the engine."""
        return Loop(
            session,
            receiver=self._points,
            score=self._score,
            engine=self.engine,
            dispatcher=self._dispatcher,
            mixer=self._mixer,
            bus=self._bus,
            faults=self._faults,
            state=self._state,
            reports=self._reports,
        )

    def _run(self) -> None:
        try:
            self._loop.run(self._stopping)
        except Exception as error:  # `stop` raises it in the caller's thread
            self._error = error

    def _go_on(self, session: Session) -> None:
        self._loop.change_session(session)

    def _make_reporter(self) -> Reporter:
        return Reporter(
            engine=self.engine,
            score=self._streams,
            mixer=self._mixer,
            alerts=self._alerts,
            recordings=self._recordings,
            statistics=self.stats,
            streams=self.stream_stats,
            session=lambda: self._loop.in_force,
            page_url=lambda: self.page_url,
            endpoint=self.endpoint,
            follows=self.follows,
            output=lambda: self.output,
            plays=self.plays,
            sessions=session_words(),
        )

    def _make_steering(self, session: Session) -> Steering:
        return Steering(
            score=self._streams,
            mixer=self._mixer,
            alerts=self._alerts,
            recordings=self._recordings,
            reporter=self._reporter,
            session=session,
            change_session=self._go_on,
        )

    def _open_views(self, endpoint: str, security: Security, faults: Faults) -> None:
        self._views = Views.open(
            endpoint,
            security=security,
            tap=self.tap,
            reporter=self._reporter,
            steering=self._steering,
            faults=faults,
        )
        self._bus.subscribe(self._views.feed.on_event)

    def _note_subscribers(
        self, on_played: Callable[[Note, int], None] | None
    ) -> tuple[Callable[[StartedNote], None], ...]:
        found: list[Callable[[StartedNote], None]] = []
        if (views := self._views) is not None:
            found.append(lambda started: views.feed.on_note(started.note, started.session))
        if on_played is not None:
            found.append(lambda started: on_played(started.note, started.handed_ns))
        return tuple(found)

    def _close_sockets(self) -> None:
        if self._views is not None:
            self._views.close()
        if hasattr(self, "_receiver"):
            self._receiver.close()
