"""``streamson session``: check session files, begin one, and let an editor know what they hold."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamson._click_options import Seconds
from streamson._printable import counted, printable
from streamson.cli import options
from streamson.errors import StreamsonError

if TYPE_CHECKING:
    from streamson.session.schema import Session
    from streamson.session.template import SeenStream

_HEADING = "dB above what masks it"


@click.group()
def command() -> None:
    """Check session files, begin one, or let an editor know what they hold."""


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE|PRESET...")
@click.option(
    "--audible",
    is_flag=True,
    help="Say how far alerts and parts are above what masks them in the loudest mix that may be "
    "played, and what is said above all else; fail where an alert is not 10 dB above it in two "
    "critical bands, or what is said not 20 dB.",
)
def check(files: tuple[str, ...], *, audible: bool) -> int:
    """Say whether session files are right, and if not, where and what is allowed."""
    from streamson.session.load import load_session

    wrong = 0
    for file in files:
        try:
            session = load_session(file)
            click.echo(
                f"{printable(file)}: right; {len(session.parts)} part(s), "
                f"{len(session.alerts)} alert(s)"
            )
            if audible:
                _check_audible(session, file)
        except StreamsonError as error:
            click.echo(f"streamson: {error}", err=True)
            wrong += 1
    return 1 if wrong else 0


def _check_audible(session: "Session", file: str) -> None:
    """Print how well alerts and parts are heard; raise where an alert is not."""
    from streamson.offline.audibility import audibility_of

    found = audibility_of(session)
    names = [printable(one.name) for one in found]
    width = max(len(_HEADING), *map(len, names))
    click.echo(f"\n{_HEADING:{width}}   least  median")
    for name, one in zip(names, found, strict=True):
        mark = "  masked" if one.is_alert and not one.is_audible else ""
        click.echo(f"{name:{width}}  {one.least_db:6.1f}  {one.median_db:6.1f}{mark}")
    click.echo()
    masked = [one for one in found if one.is_alert and not one.is_audible]
    if masked:
        worst = min(masked, key=lambda one: one.least_db)
        others = f" (and {len(masked) - 1} more)" if len(masked) > 1 else ""
        raise StreamsonError(
            f"{printable(file)}: {printable(worst.name)} {worst.verdict}{others}; allowed: "
            f"{worst.demanded}. Make it louder or richer in partials, move it to another octave, "
            "or make the parts softer"
        )


@command.command()
def schema() -> int:
    """Print the JSON Schema of session files, for editors that complete and check as one types.

    With the extension "Even Better TOML" or the tool taplo, save it beside the session file and
    begin that with the line "#:schema ./streamson.schema.json".
    """
    from streamson.session.parse.document import session_schema

    click.echo(json.dumps(session_schema(), indent=2))
    return 0


@command.command()
@options.bind
@click.option(
    "--seconds",
    type=Seconds(),
    default="10s",
    show_default=True,
    metavar="TIME",
    help="How long to look.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="Where to; a file that exists is left alone.  [default: print it]",
)
def new(bind: str, seconds: float, out: Path | None) -> int:
    """Write a first session file from the streams that come while one looks.

    Producers publish to it as to a listener, so no listener may run on that endpoint meanwhile.
    """
    from streamson.session.template import session_template

    if out is not None and out.exists():
        raise StreamsonError(f"{out} exists already; move it away, or name another file")
    streams, endpoint = _look(bind, seconds)
    if not streams:
        raise StreamsonError(
            f"no points came to {endpoint} in {seconds:g} s; start a producer, or look longer"
        )
    text = session_template(streams, endpoint=endpoint, seconds=seconds)
    if out is None:
        click.echo(text, nl=False)
        return 0
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StreamsonError(f"can't write {out}: {error.strerror}") from None
    click.echo(f"{out}: {counted(len(streams), 'stream')}")
    return 0


def _look(bind: str, seconds: float) -> "tuple[dict[str, SeenStream], str]":
    """Return the streams that come in so many seconds, and where they came to."""
    from streamson.score.stream_registry import MAX_STREAMS
    from streamson.session.template import SeenStream
    from streamson.wire.points.receiver import Receiver

    streams: dict[str, SeenStream] = {}
    with Receiver(bind) as receiver:
        click.echo(f"Looking for {seconds:g} s at what comes to {receiver.endpoint} ...", err=True)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for message in receiver.receive(min(left, 0.1)):
                if message.stream not in streams and len(streams) >= MAX_STREAMS:
                    continue
                seen = streams.setdefault(message.stream, SeenStream())
                points = message.points()
                for point in points:
                    seen.see(point.fields)
        return streams, receiver.endpoint
