"""``streamson replay``: publish what a recorded session received once more."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamson.cli import options
from streamson.errors import InputFileError

if TYPE_CHECKING:
    from streamson.producers.publishing import BatchSample, Sample
    from streamson.recording.reader import Recording


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=options.FiniteFloat(0, 1e6, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times faster than it was.",
)
@click.option("--from", "start", type=options.Seconds(), metavar="TIME", help="Begin after 5min.")
@options.endpoint
def command(*, recording: Path, speed: float, start: float | None, endpoint: str) -> int:
    """Publish the points of RECORDING, the folder of a recorded session, as they came.

    To hear them as they were played, or as another session plays them, without a listener: see
    "streamson render".
    """
    from streamson.producers.publishing import publish
    from streamson.recording.reader import Recording

    samples = _samples(Recording(recording), speed=speed, start_s=start or 0.0)
    exit_code: int = publish("replay", samples, endpoint=endpoint, keep=True)
    return exit_code


def _samples(
    recording: "Recording", *, speed: float, start_s: float
) -> "Iterator[Sample | BatchSample]":
    from streamson.model.point import Batch
    from streamson.producers.publishing import BatchSample, Sample

    rate = recording.manifest.sample_rate
    first_frame = recording.first_frame + round(start_s * rate)
    last_frame = first_frame
    for row in recording.points():
        last_frame = row.frame
        if row.frame < first_frame:
            continue
        due_s = (row.frame - first_frame) / rate / speed
        message = row.message()
        if isinstance(message, Batch):
            yield BatchSample(message, due_s)
            continue
        fields = {name: None if math.isnan(v) else v for name, v in message.fields.items()}
        time = None if math.isnan(message.time) else message.time
        yield Sample(message.stream, fields, due_s, time)
    if last_frame < first_frame:
        seconds = (last_frame - recording.first_frame) / rate
        raise InputFileError(f"{recording.folder}: its last point came after {seconds:.1f} s")
