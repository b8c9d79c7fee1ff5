"""Options that several commands share, so that they read and behave alike."""

import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from streamson._click_options import FiniteFloat, Seconds, SecondsOrSize, Size
from streamson.errors import UsageError
from streamson.live.icecast import address as icecast
from streamson.live.web.access import parse_address
from streamson.model.limits import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from streamson.producers.base.secret import secret_option
from streamson.wire.limits import DEFAULT_ENDPOINT, DEFAULT_FEED

if TYPE_CHECKING:
    from streamson.wire.sockets.endpoint import Security

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _presets() -> list[str]:
    """Return the presets' names; reading a session would load much more."""
    folder = resources.files("streamson") / "session" / "presets"
    return sorted(Path(file.name).stem for file in folder.iterdir() if ".toml" in file.name)


def _complete_session(
    _context: click.Context, _option: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the presets that begin so; else it is to be a file."""
    presets = [CompletionItem(name) for name in _presets() if name.startswith(incomplete)]
    return presets or [CompletionItem(incomplete, type="file")]


def _page_address(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> str | None:
    """Return where a page is to be, if that can be an address."""
    if text is not None:
        parse_address(text)
    return text


def _icecast_address(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> str | None:
    """Return the address of an Icecast server, if that can be one, and no password is in it."""
    if text is not None:
        icecast.parse_address(text)
    return text


def required_password(found: str | None) -> str:
    """Return the password of an Icecast server.

    Raises
    ------
    UsageError
        There is none, or it is no text.
    """
    if found is None:
        raise UsageError(
            "an Icecast server wants a password, and there is none; give it by "
            "--stream-password-file FILE, or in the environment as STREAMSON_ICECAST_PASSWORD"
        )
    try:
        found.encode()
    except UnicodeEncodeError:  # of bytes in the environment that are no UTF-8
        raise UsageError("the password of the Icecast server is no text in UTF-8") from None
    return found


def _recording(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Return what is to be recorded to, if its folder is there."""
    if text is not None and not text.endswith(("/", os.sep)):
        folder = Path(text).parent
        if not folder.is_dir():
            raise UsageError(f"--record: can't write {text}: there is no folder {folder}")
    return text


bind = click.option(
    "--bind",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    metavar="ENDPOINT",
    help="Where producers find this listener. tcp://0.0.0.0:5570 takes points from other hosts, "
    "whose keys are allowed: streamson keys.",
)
endpoint = click.option(
    "--endpoint",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    help="Where the listener is.",
)
dry_run = click.option(
    "--dry-run", is_flag=True, help="Print the points, instead of publishing them."
)
rate_limit = click.option(
    "--rate",
    type=FiniteFloat(0, 1e6, min_open=True),
    metavar="HZ",
    help="At most so many points a second of each stream: of those that come too early, the last "
    "is kept.  [default: all]",
)
session = click.option(
    "--session",
    metavar="FILE|PRESET",
    shell_complete=_complete_session,
    help="Which stream plays what: a session file, or a preset, which are "
    f"{', '.join(_presets())}. Without one, every stream gets a part that makes sense by itself.",
)
follow = click.option(
    "--follow",
    metavar="FEED",
    help="Play the notes of another listener, sample for sample, instead of points: its feed, such "
    "as tcp://HOST:5571, with #KEY where it asks for keys.",
)
delay = click.option(
    "--delay",
    type=Seconds(),
    metavar="TIME",
    help="How long after the listener that is followed it sounds here, beyond what the network "
    "takes at its best: 0.15s to 10s.  [default: 0.5s]",
)
output = click.option(
    "--output",
    default="auto",
    show_default=True,
    metavar="auto|none|DEVICE",
    help='The sound device: a number or a part of a name from "streamson devices".',
)
record = click.option(
    "--record",
    callback=_recording,
    metavar="FILE|DIR/",
    help="Record what is heard to a sound file, .wav .flac .ogg or .mp3; or to a folder, with all "
    "points and notes. What exists is kept under another name.",
)
record_format = click.option(
    "--record-format",
    type=click.Choice(["wav", "flac"]),
    default="wav",
    show_default=True,
    help="The sound in a recorded folder.",
)
rotate = click.option(
    "--rotate",
    type=SecondsOrSize(),
    metavar="TIME|SIZE",
    help="Go on in another file every 1h, or after 2GB; no sample is lost between.",
)
keep = click.option(
    "--keep",
    type=Size(),
    metavar="SIZE",
    help="Delete the oldest files of a recording that rotates, so that all take 20GB at most; "
    "where room is short, points are left out before that.",
)
sample_rate = click.option(
    "--sample-rate",
    type=click.IntRange(MIN_SAMPLE_RATE, MAX_SAMPLE_RATE),
    metavar="HZ",
    help="Frames a second.  [default: the session's, else 44100]",
)
online = click.option(
    "--online", is_flag=True, help="Rescale as a live listener would, without knowing the future."
)
state = click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the windows in a file, and go on with them at the next start.",
)
feed = click.option(
    "--feed",
    is_flag=False,
    flag_value=DEFAULT_FEED,
    metavar="ENDPOINT",
    help="Let programs on this machine see, hear and steer what plays, such as streamson watch and "
    f"streamson web.  [without an endpoint: {DEFAULT_FEED}]",
)
feed_of_listener = click.argument("endpoint", default=DEFAULT_FEED, metavar="[ENDPOINT]")
address = click.option(
    "--address",
    callback=_page_address,
    default="5580",
    show_default="127.0.0.1:5580",
    metavar="[HOST:]PORT",
    help="Where the page is. Another host than this one, such as 0.0.0.0, lets others in who have "
    "the link that is printed.",
)
web = click.option(
    "--web",
    callback=_page_address,
    is_flag=False,
    flag_value="5580",
    metavar="[HOST:]PORT",
    help="Show a page in the browser, with its sound: on this machine, on port 5580 if none is "
    "said. Another host, such as 0.0.0.0:5580, lets others in who have the link that is printed. "
    "Where there is no sound device, there is a page anyhow.",
)
no_web = click.option("--no-web", is_flag=True, help="No page, with or without a sound device.")
stream_to = click.option(
    "--stream-to",
    callback=_icecast_address,
    metavar="icecast://HOST/MOUNT",
    help="Send the sound to an Icecast server too, for any number of players: "
    "icecast://[USER@]HOST[:PORT]/MOUNT, where the mount ends in .mp3, .ogg or .opus.",
)
icecast_address = click.argument("address", callback=_icecast_address, metavar="ADDRESS")


def stream_password(command: _Command) -> _Command:
    """Add the option for the password of an Icecast server."""
    option = secret_option(
        "stream-password",
        "the password of the Icecast server",
        variable="STREAMSON_ICECAST_PASSWORD",
    )
    decorated: _Command = option(command)
    return decorated


insecure = click.option(
    "--insecure",
    is_flag=True,
    help="Ask nobody for a key, on other machines neither; let everybody see and hear who reaches "
    "the page; steering there takes the link all the same.",
)
keys = click.option(
    "--keys", is_flag=True, help="Ask programs on this machine for keys too: streamson keys."
)
plain = click.option(
    "--plain",
    is_flag=True,
    help="Print plain lines instead of a screen: for screen readers and logs.",
)
duration = click.option(
    "--duration", type=Seconds(), metavar="TIME", help="Stop after 20, 20s, 5min, 1h …"
)
stats = click.option(
    "--stats",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE.json",
    help="Write all counters and figures at the end.",
)


def is_given(name: str) -> bool:
    """Return whether an option of the command that runs was said on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source == ParameterSource.COMMANDLINE


def check_page(web: str | None, *, no_web: bool) -> None:
    """Raise `UsageError` where a page is wanted, and none is."""
    if web is not None and no_web:
        raise UsageError("--web and --no-web are opposites; one is allowed")


def security(*, keys: bool, insecure: bool) -> "Security":
    """Return who is asked for a key.

    Raises
    ------
    UsageError
        Both options were given.
    """
    if keys and insecure:
        raise UsageError("--keys and --insecure are opposites; one is allowed")
    if insecure:
        return "none"
    return "keys" if keys else "auto"
