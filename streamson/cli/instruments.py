"""``streamson instruments``: what parts can play, to read and to hear."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamson.cli import options
from streamson.cli.ending import ending
from streamson.errors import UsageError, nearest

if TYPE_CHECKING:
    from streamson.session.schema import Session


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--play", is_flag=True, help="Play a short phrase of each.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.wav",
    help="Write a short phrase of each to a sound file.",
)
@options.output
@options.session
def command(
    *, names: tuple[str, ...], play: bool, out: Path | None, output: str, session: str | None
) -> int:
    """List the instruments, or those that are named; play or render a short phrase of each.

    With --session also those that the session file has of its own.
    """
    from streamson.session.load import load_session

    if out is not None and out.suffix.lower() != ".wav":
        raise UsageError(f'can\'t write "{out}": .wav is allowed')
    loaded = load_session(session)
    chosen = _chosen(loaded, names)
    if out is not None:
        _render(loaded, chosen, out)
    if play:
        _play(loaded, chosen, output)
    if out is None and not play:
        width = max(map(len, chosen))
        for name in chosen:
            click.echo(f"{name:{width}}  {loaded.instruments[name].about}".rstrip())
    return 0


def _chosen(session: "Session", names: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in session.instruments:
            raise UsageError(
                f'no instrument "{name}"; there are: {", ".join(session.instruments)}'
                + nearest(name, session.instruments)
            )
    return list(names or session.instruments)


def _render(session: "Session", names: list[str], out: Path) -> None:
    from streamson.export.sound_file import whole_or_nothing, write_sound
    from streamson.offline.phrase import PHRASE_S, phrase
    from streamson.offline.render import DEFAULT_SAMPLE_RATE, render_notes

    rate = session.audio.sample_rate or DEFAULT_SAMPLE_RATE
    notes = [
        note
        for i, name in enumerate(names)
        for note in phrase(name, start_frame=round(i * PHRASE_S * rate), sample_rate=rate)
    ]
    ending.hold()
    with whole_or_nothing(out) as part:
        done = write_sound(part, render_notes(notes, session, sample_rate=rate), rate)
    click.echo(f"{out}: {done}")


def _play(session: "Session", names: list[str], output: str) -> None:
    from streamson.offline.phrase import PHRASE_S, phrase
    from streamson.offline.render import DEFAULT_SAMPLE_RATE
    from streamson.output.device import NO_DEVICE
    from streamson.output.player import Player, choose_device
    from streamson.synth.engine import Engine

    device = None if output == NO_DEVICE else choose_device(output)
    rate = device.sample_rate if device else DEFAULT_SAMPLE_RATE
    engine = Engine.for_session(session, rate)
    ending.hold()
    player = Player(engine, device)
    try:
        player.start()
        for name in names:
            click.echo(f"{name}  {session.instruments[name].about}".rstrip())
            start = engine.earliest_frame
            for note in phrase(name, start_frame=start, sample_rate=rate):
                engine.play(note)
            while engine.frame < start + PHRASE_S * rate:
                time.sleep(0.02)
    finally:
        player.stop()
