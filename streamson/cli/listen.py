"""``streamson listen``: play what producers publish."""

import os
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

import click

from streamson.cli import options
from streamson.errors import UsageError

if TYPE_CHECKING:
    from streamson.listener.listener import Listener
    from streamson.recording.rotation import Rotation


@click.command()
@options.bind
@options.session
@options.follow
@options.delay
@options.output
@options.record
@options.record_format
@options.rotate
@options.keep
@options.state
@options.feed
@options.web
@options.no_web
@options.keys
@options.insecure
@options.stream_to
@options.stream_password
@options.plain
@options.duration
@options.stats
def command(
    *,
    bind: str,
    session: str | None,
    follow: str | None,
    delay: float | None,
    output: str,
    record: str | None,
    record_format: str,
    rotate: float | int | None,
    keep: int | None,
    state: Path | None,
    feed: str | None,
    web: str | None,
    no_web: bool,
    keys: bool,
    insecure: bool,
    stream_to: str | None,
    stream_password: str | None,
    plain: bool,
    duration: float | None,
    stats: Path | None,
) -> int:
    """Play what producers publish, until Ctrl-C.

    A session file is read again when it changes, and, where no terminal is, on SIGHUP; a mistake in
    it changes nothing.

    On a terminal a screen shows what plays, and keys steer it: ? tells which. --plain prints lines.

    Every stream that appears is heard at once. In another terminal, run a producer such as
    "streamson produce system", or publish your own data: see the README.
    """
    from streamson.cli.follow import check_options
    from streamson.cli.playing import play  # loads the synthesiser
    from streamson.cli.reloading import Reloading
    from streamson.cli.views import Broadcast, Wanted
    from streamson.listener.listener import Listener
    from streamson.wire.sockets.endpoint import with_key

    check_options(follow, delay)
    if record is None and (rotate is not None or keep is not None):
        raise UsageError("--rotate and --keep are for recordings; say --record too")
    if options.is_given("record_format") and not _is_folder(record):
        raise UsageError(
            "--record-format is for a folder, such as --record take/; the ending of a sound file "
            "says its format"
        )
    if options.is_given("stream_password") and stream_to is None:
        raise UsageError("--stream-password-file is for --stream-to, which is not there")
    options.check_page(web, no_web=no_web)
    broadcast = None
    if stream_to is not None:
        broadcast = Broadcast(stream_to, options.required_password(stream_password))
    wanted = Wanted(plain, web, no_web, insecure, output, broadcast)
    with wanted.feed(feed) as feed_endpoint:
        if follow is not None:
            from streamson.listener.follower import DEFAULT_DELAY_S, Follower

            follower = Follower(
                follow,
                delay_s=delay or DEFAULT_DELAY_S,
                security=options.security(keys=keys, insecure=insecure),
                output=output,
                record=record,
                rotation=_rotation(rotate, keep),
                feed=feed_endpoint,
                duration_s=duration,
            )
            click.echo(f"Following {follower.endpoint}.", err=True)
            if feed is not None:
                _tell_feed(follower)
            return play(follower, stats_file=stats, check=lambda: None, wanted=wanted)
        listener = Listener(
            bind,
            security=options.security(keys=keys, insecure=insecure),
            session=session,
            output=output,
            record=record,
            record_format=record_format,
            rotation=_rotation(rotate, keep),
            state=state,
            feed=feed_endpoint,
            duration_s=duration,
        )
        click.echo(f"Listening on {listener.endpoint}.", err=True)
        if listener.public_key is not None:
            line = with_key(listener.endpoint, listener.public_key, gethostname())
            click.echo(f"Those whose keys are allowed connect to {line}", err=True)
        if feed is not None:
            _tell_feed(listener)
        check = Reloading(listener, session).check
        return play(listener, stats_file=stats, check=check, wanted=wanted)


def _is_folder(record: str | None) -> bool:
    return record is not None and (record.endswith(("/", os.sep)) or Path(record).is_dir())


def _tell_feed(listener: "Listener") -> None:
    from streamson.wire.sockets.endpoint import with_key

    assert listener.feed_endpoint is not None
    reached = with_key(listener.feed_endpoint, None, gethostname())
    click.echo(f"Feed on {reached}.", err=True)


def _rotation(rotate: float | int | None, keep: int | None) -> "Rotation":
    from streamson.recording.rotation import Rotation

    if isinstance(rotate, int):
        return Rotation(size=rotate, max_total_bytes=keep)
    return Rotation(seconds=rotate, max_total_bytes=keep)
