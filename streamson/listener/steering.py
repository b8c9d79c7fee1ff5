"""What a listener does when it is told to, whoever tells it."""

from collections.abc import Callable, Collection
from typing import Final

from streamson._printable import counted, printable
from streamson.errors import UsageError, nearest
from streamson.listener.alert_board import AlertBoard
from streamson.listener.mixer import Mixer
from streamson.listener.recordings import Recordings
from streamson.listener.report import Reporter
from streamson.listener.sources import PlayedStreams
from streamson.model.command import (
    Acknowledge,
    Answer,
    ChangeSession,
    Command,
    HearAll,
    Mute,
    MuteStream,
    SetVolume,
    Snapshot,
    SoloStream,
    StartRecording,
    StopRecording,
)
from streamson.session.load import load_session, preset_names
from streamson.session.schema import Session

MAX_HINTED: Final = 100
MAX_HINTED_CHARS: Final = 40
"""Among so many streams it is looked for the name that was meant: among more it takes too long."""

ORIGINAL: Final = "original"
"""The listener's own session; as a word of its own, for a file may have any name."""


class Steering:
    """Carries out commands; any thread may ask for it.

    Parameters
    ----------
    score, mixer, alerts, recordings, reporter
        What they are about.
    session
        The one that the listener begins with.
    change_session
        Lets another be in force.

    Attributes
    ----------
    original
        The listener's own session: the one that it began with, or that its file says since.
    """

    def __init__(
        self,
        *,
        score: PlayedStreams,
        mixer: Mixer,
        alerts: AlertBoard,
        recordings: Recordings,
        reporter: Reporter,
        session: Session,
        change_session: Callable[[Session], None],
    ) -> None:
        self._score = score
        self._mixer = mixer
        self._alerts = alerts
        self._recordings = recordings
        self._reporter = reporter
        self.original = session
        self._change_session = change_session

    def forget_gone(self) -> None:
        """Solo no stream that is no more; to be called now and then."""
        self._mixer.forget_gone(self._score.plays, frame=self._reporter.frame)

    def carry_out(self, command: Command) -> Answer:
        """Do what a command says, and return what is true then.

        Raises
        ------
        StreamsonError
            It can't be done; the message says why.
        """
        if isinstance(command, Snapshot):
            return Answer(ok=True, result=self._reporter.snapshot())
        text = self._do(command)
        return Answer(ok=True, text=text, result=self._reporter.state())

    def _do(self, command: Command) -> str:  # noqa: PLR0911  # a line a command
        """Do what a command that changes something says; return it in words."""
        mixer, frame = self._mixer, self._reporter.frame
        match command:
            case SetVolume(volume_db=volume_db):
                mixer.set_volume(volume_db)
                return f"volume {volume_db:g} dB{', once it is not muted' * mixer.muted}"
            case Mute(muted=muted):
                mixer.mute(muted=muted)
                return "muted" if muted else f"volume {mixer.volume_db:g} dB"
            case MuteStream(stream=stream, muted=muted):
                self._check_stream(stream, also=mixer.muted_streams)
                mixer.mute_stream(stream, muted=muted, frame=frame)
                return f"{stream}: {'muted' if muted else 'not muted'}"
            case SoloStream(stream=stream, soloed=soloed, alone=alone):
                if alone and not soloed:
                    raise UsageError("alone is for a stream that is soloed")
                self._check_stream(stream, also=mixer.soloed_streams)
                mixer.solo_stream(stream, soloed=soloed, alone=alone, frame=frame)
                return f"{stream}: {'soloed' if soloed else 'not soloed'}"
            case HearAll():
                mixer.hear_all(frame=frame)
                return "no stream is muted or soloed"
            case Acknowledge(stream=stream, field=field):
                number = self._alerts.acknowledge(stream, field, frame=frame)
                self._score.acknowledge(stream, field)
                return f"{counted(number, 'alert')} acknowledged"
            case StartRecording():
                return f"recording to {self._recordings.start()}"
            case StopRecording():
                if (path := self._recordings.stop()) is None:
                    raise UsageError("nothing is being recorded")
                return f"recorded to {path}"
            case ChangeSession(name=name):
                self._change_session(self._session_named(name))
                return f"{name}: in force from the next points on"
        raise UsageError(f"{type(command).__name__} can't be done")

    def _check_stream(self, stream: str, *, also: Collection[str]) -> None:
        """Raise `UsageError` where there is no such stream, nor is it among others."""
        if self._score.plays(stream) or stream in also:
            return
        names = self._score.names
        hint = nearest(stream[:MAX_HINTED_CHARS], names) if len(names) <= MAX_HINTED else ""
        raise UsageError(f'there is no stream "{printable(stream)}"{hint}')

    def _session_named(self, name: str) -> Session:
        """Return a preset, or the original: no file is read because somebody says so."""
        if name == ORIGINAL:
            return self.original
        if name not in preset_names():
            allowed = session_words()
            hint = nearest(name[:MAX_HINTED_CHARS], allowed)
            raise UsageError(f'session "{printable(name)}"; allowed: {", ".join(allowed)}{hint}')
        return load_session(name)


def session_words() -> tuple[str, ...]:
    """Return what the command `session` takes."""
    return (ORIGINAL, *preset_names())
