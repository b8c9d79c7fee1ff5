"""A listener that plays the notes of another one, from its feed, sample for sample."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import msgspec

from streamson._printable import printable
from streamson._version import __version__
from streamson.errors import StreamsonError, UsageError
from streamson.listener.follow_loop import TOPICS, FollowLoop
from streamson.listener.followed_sessions import session_of
from streamson.listener.followed_streams import FollowedStreams
from streamson.listener.frame_map import FrameMap
from streamson.listener.listener import Listener
from streamson.listener.sources import NoteLoop, PlayedStreams, ReceivedPoints
from streamson.model.audio import Reverb
from streamson.model.counts import ReceiverCounts
from streamson.model.feed import SESSION, STATE, Hello, SessionTold
from streamson.model.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from streamson.model.note import Note
from streamson.output.device import AUTO
from streamson.recording.rotation import Rotation
from streamson.recording.target import record_target
from streamson.session.schema import Session
from streamson.wire.feed.reader import FeedReader
from streamson.wire.sockets.endpoint import Security, parse_endpoint

PATIENCE_S: Final = 5.0
"""How long a listener is looked for at the start: one may be starting, too."""

DEFAULT_DELAY_S: Final = 0.5
"""A note is told up to 0.11 s after it began; the rest is for the network."""

MAX_REVERB_DB: Final = 6.0
MIN_DECAY_S: Final = 0.1
MAX_DECAY_S: Final = 20.0
"""Of a room, as of a session: the feed of a stranger might say anything."""

MIN_DELAY_S: Final = 0.15
MAX_DELAY_S: Final = 10.0


_log = logging.getLogger(__name__)


class Leader(NamedTuple):
    """A listener that is followed, as it is at the start.

    Attributes
    ----------
    hello
        What does not change as long as it runs.
    session
        In force, with the sample rate and the room that it began with.
    """

    hello: Hello
    session: Session


class FollowedFeed:
    """Where notes come from, as statistics ask of it: no point comes here.

    Attributes
    ----------
    endpoint
        Of the feed.
    """

    public_key = None

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.counts = ReceiverCounts()
        self.lost_by_stream: Mapping[str, int] = {}
        self.refused_by_stream: Mapping[str, int] = {}
        self.clock_skew_by_stream: Mapping[str, float] = {}

    def close(self) -> None:
        """Nothing is to be closed: who reads the feed does that."""


class Follower(Listener):
    """Play what another listener plays, from its feed.

    The frames of the other are mapped to those here with a constant delay, so that both make the
    same samples of the same notes. Volume and session are the other's; streams can be muted and
    soloed here, and all be muted.

    Parameters
    ----------
    endpoint
        Of the other's feed, with its key if it asks for ours.
    delay_s
        From the other's sound to the one here, beyond what the network takes at its best. Notes
        that come later than that are played at once, and counted.
    security, output, rotation, feed, duration_s, on_played
        As of `Listener`.
    record
        Sound file for what is heard.

    Raises
    ------
    UsageError
        If an argument is out of its range, or a folder is to be recorded to.
    StreamsonError
        If there is no feed, or its session can't be played here.
    DeviceError
        If a named device is not there or can't be opened (from `start`).
    """

    follows = True

    def __init__(
        self,
        endpoint: str,
        *,
        delay_s: float = DEFAULT_DELAY_S,
        security: Security = "auto",
        output: str = AUTO,
        record: str | Path | None = None,
        rotation: Rotation = Rotation(),  # noqa: B008  # it can't be changed
        feed: str | None = None,
        duration_s: float | None = None,
        on_played: Callable[[Note, int], None] | None = None,
    ) -> None:
        if not MIN_DELAY_S <= delay_s <= MAX_DELAY_S:
            raise UsageError(f"delay {delay_s} s; {MIN_DELAY_S} to {MAX_DELAY_S:.0f} s are allowed")
        if record is not None and record_target(record).is_folder:
            raise UsageError(
                f"can't record to the folder {record}: the points are where the notes are made; "
                "record the folder there, and a sound file here"
            )
        self._feed = endpoint
        self._leader = find_leader(endpoint)
        self._delay_s = delay_s
        super().__init__(
            endpoint,
            security=security,
            session=self._leader.session,
            output=output,
            record=record,
            rotation=rotation,
            feed=feed,
            duration_s=duration_s,
            on_played=on_played,
        )

    def change_session(self, session: str | Path | Session | None) -> None:  # noqa: ARG002
        """Refuse: what is played is chosen at the other listener.

        Raises
        ------
        UsageError
        """
        raise UsageError(f"the session is chosen at the listener on {self.endpoint}")

    def _make_streams(
        self,
        session: Session,  # noqa: ARG002
        state: str | Path | None,  # noqa: ARG002
    ) -> PlayedStreams:
        self._followed = FollowedStreams()
        return self._followed

    def _open_receiver(self, bind: str, security: Security) -> ReceivedPoints:  # noqa: ARG002
        return FollowedFeed(parse_endpoint(bind).address)

    def _make_loop(self, session: Session) -> NoteLoop:
        return FollowLoop(
            self._leader.hello,
            session,
            open_reader=lambda: FeedReader(self._feed, TOPICS),
            endpoint=self.endpoint,
            frames=FrameMap(self.engine.sample_rate, self._delay_s),
            engine=self.engine,
            dispatcher=self._dispatcher,
            mixer=self._mixer,
            streams=self._followed,
            reports=self._reports,
            bus=self._bus,
            faults=self._faults,
        )


def find_leader(endpoint: str) -> Leader:
    """Return who tells on an endpoint.

    Raises
    ------
    UsageError
        If the endpoint is not one that ZeroMQ can connect to.
    StreamsonError
        If nobody is there, or what is played there can't be here.
    """
    with FeedReader(endpoint, (SESSION, STATE)) as reader:
        hello: Hello = reader.wait_for_hello(PATIENCE_S)
        address = parse_endpoint(endpoint).address
        who = f"the listener on {address}, {printable(hello.program)},"
        if not hello.run:
            raise StreamsonError(
                f"{who} does not tell what a follower needs; it takes streamson {__version__} there"
            )
        if not (MIN_SAMPLE_RATE <= hello.sample_rate <= MAX_SAMPLE_RATE and _is_room(hello.reverb)):
            raise StreamsonError(f"{who} has a sample rate or a reverb that no session can have")
        told = _wait_for_session(reader)
    if hello.program != f"streamson {__version__}":
        _log.warning("%s may sound otherwise than streamson %s here", who, __version__)
    if told is None:
        raise StreamsonError(f"{who} does not tell its session")
    try:
        session = session_of(told)
    except StreamsonError as error:
        raise StreamsonError(f"{who} can't be followed: {error}") from None
    audio = msgspec.structs.replace(
        session.audio, sample_rate=hello.sample_rate, reverb=hello.reverb
    )
    return Leader(hello, msgspec.structs.replace(session, audio=audio))


def _is_room(reverb: Reverb | None) -> bool:
    """Return whether an engine can have it."""
    return reverb is None or (
        reverb.level <= MAX_REVERB_DB and MIN_DECAY_S <= reverb.decay <= MAX_DECAY_S
    )


def _wait_for_session(reader: FeedReader) -> SessionTold | None:
    """Return the session in force: the one before it is told too, and the state after both."""
    told: SessionTold | None = None
    deadline = monotonic() + PATIENCE_S
    while (remaining := deadline - monotonic()) > 0:
        for topic, message in reader.receive(remaining):
            if topic == SESSION:
                told = message
            elif topic == STATE and told is not None:
                return told
    return told
