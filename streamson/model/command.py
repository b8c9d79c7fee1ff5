"""What somebody may tell a listener to do."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from streamson.model.limits import (
    MAX_FIELD_CHARS,
    MAX_STREAM_CHARS,
    MAX_VOLUME_DB,
    MIN_VOLUME_DB,
)

_StreamName = Annotated[str, Meta(min_length=1, max_length=MAX_STREAM_CHARS)]
_FieldName = Annotated[str, Meta(max_length=MAX_FIELD_CHARS)]
_Name = Annotated[str, Meta(max_length=MAX_STREAM_CHARS)]
_Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]  # what all languages have
_Id = Annotated[str, Meta(max_length=64)]
_Volume = Annotated[float, Meta(ge=MIN_VOLUME_DB, le=MAX_VOLUME_DB)]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", forbid_unknown_fields=True
):
    """Something to do.

    Attributes
    ----------
    id
        Comes back with the answer.
    changes
        Whether it changes anything; what does not is for those as well who may only look on.
    """

    changes: ClassVar[bool] = True

    id: _Number | _Id | None = None


class SetVolume(Command, frozen=True, kw_only=True, tag="volume"):
    """Let the master volume glide to a level in dB; while all is muted, say where that ends."""

    volume_db: _Volume


class Mute(Command, frozen=True, kw_only=True, tag="mute"):
    """Let all glide to silence, or back."""

    muted: bool = True


class MuteStream(Command, frozen=True, kw_only=True, tag="mute_stream"):
    """Let a stream's notes not be heard, or be heard again."""

    stream: _StreamName
    muted: bool = True


class SoloStream(Command, frozen=True, kw_only=True, tag="solo_stream"):
    """Let only streams be heard that are soloed.

    Attributes
    ----------
    stream
        Which.
    soloed
        Whether it is one of them from now on.
    alone
        Whether it is the only one.
    """

    stream: _StreamName
    soloed: bool = True
    alone: bool = False


class HearAll(Command, frozen=True, kw_only=True, tag="hear_all"):
    """Let no stream be muted or soloed any more."""


class Acknowledge(Command, frozen=True, kw_only=True, tag="acknowledge"):
    """Say that an alert is known.

    Attributes
    ----------
    stream, field
        Whose alert; without a field all of the stream, without a stream all that there are.
    """

    stream: _Name = ""
    field: _FieldName = ""


class StartRecording(Command, frozen=True, kw_only=True, tag="record"):
    """Record what is heard, in a file that the listener names."""


class StopRecording(Command, frozen=True, kw_only=True, tag="stop_recording"):
    """Finish the recording."""


class ChangeSession(Command, frozen=True, kw_only=True, tag="session"):
    """Go on as another session says: a preset, or ``original``, the listener's own."""

    name: _Name


class Snapshot(Command, frozen=True, kw_only=True, tag="snapshot"):
    """Tell all that is known at this moment."""

    changes: ClassVar[bool] = False


AnyCommand = (
    SetVolume
    | Mute
    | MuteStream
    | SoloStream
    | HearAll
    | Acknowledge
    | StartRecording
    | StopRecording
    | ChangeSession
    | Snapshot
)
"""For decoding."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a command.

    Attributes
    ----------
    ok
        Whether it was done.
    id
        The command's.
    text
        What is true now, or why it was not done, for a person.
    result
        What is true now: the listener's state; of a snapshot all that is known.
    """

    ok: bool
    id: _Number | _Id | None = None
    text: str = ""
    result: Any = None
