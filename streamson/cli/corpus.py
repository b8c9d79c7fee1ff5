"""``streamson corpus``: many tables become a data set of sound."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from streamson._printable import counted
from streamson.cli import options
from streamson.cli.ending import ending


@click.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the corpus. What is there already is not made again.",
)
@options.session
@options.sample_rate
@options.online
@click.option(
    "--tables", type=click.IntRange(1, 10_000), default=16, show_default=True, help="In a shard."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1_024),
    metavar="N",
    help="Processes on this machine.  [default: one for each processor]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use a Dask cluster, such as tcp://host:8786, whose workers share these folders.",
)
def command(
    *,
    inputs: tuple[Path, ...],
    out: Path,
    session: str | None,
    sample_rate: int | None,
    online: bool,
    tables: int,
    jobs: int | None,
    scheduler: str | None,
) -> int:
    """Turn tables, or all those in folders, into a data set of sound for machine learning.

    Parquet files hold the sound as FLAC with its notes, the session and the source of each. A table
    that can't be used is told at the end and does not stop the others; if this is interrupted, the
    same command goes on with what is missing.
    """
    from streamson.corpus.build import build, find_sources, plan_shards

    plans = plan_shards(
        find_sources(inputs, outside=out),
        out,
        session=session,
        sample_rate=sample_rate,
        online=online,
        tables=tables,
    )
    ending.hold()
    with _progress(len(plans)) as progress:
        done = build(plans, progress, jobs=jobs or -1, scheduler=scheduler)
    failed = [told for result in done for told in result.failed]
    for name, why in failed:
        click.echo(f"streamson: left out {name}: {why}", err=True)
    there = sum(result.cached for result in done)
    seconds = sum(result.seconds for result in done)
    length = f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
    click.echo(
        f"{out}: {counted(sum(result.pieces for result in done), 'table')}, "
        f"{length} of sound in {counted(len(done), 'shard')}"
        + (f", {there} of which {'was' if there == 1 else 'were'} there before" if there else "")
        + (f"; {counted(len(failed), 'table')} left out" if failed else "")
    )
    return 1 if failed else 0


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows on a terminal how many shards there are."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console  # slow to load, and only for terminals
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("shards", total=total)
        yield lambda done: progress.update(task, completed=done)
