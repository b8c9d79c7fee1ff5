"""``streamson study``: a blind listening test in the browser."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streamson._optional import import_optional
from streamson._printable import counted, printable
from streamson.cli import options
from streamson.cli.ending import ending
from streamson.errors import UsageError
from streamson.study.limits import DEFAULT_TRIALS, MAX_SEED, MAX_TRIALS

if TYPE_CHECKING:
    from streamson.study.run import StudyCounts

DEFAULT_PORT: Final = 5590
PORTS_TRIED: Final = 10
"""Where nobody chose a port, so many are tried in a row."""

_SEED_BITS: Final = 32


@click.command()
@options.session
@click.option(
    "--web",
    metavar="[HOST:]PORT",
    help="Where the page is. Another host than this one, such as 0.0.0.0:5590, lets participants "
    f"in who have the link that is printed.  [default: 127.0.0.1:{DEFAULT_PORT}]",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="results.csv",
    show_default=True,
    metavar="FILE.csv",
    help="Where answers go, each as a row; what is there is kept.",
)
@click.option(
    "--trials",
    type=click.IntRange(1, MAX_TRIALS),
    default=DEFAULT_TRIALS,
    show_default=True,
    metavar="N",
    help="Trials of each participant's test, after the training.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    metavar="N",
    help="The same trials in the same order once more.  [default: random]",
)
@click.option(
    "--questionnaire",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Statements that are rated at the end, one a line, such as those of BUZZ.",
)
@click.option(
    "--loudspeakers",
    is_flag=True,
    help="Do not find out whether headphones are worn.",
)
def command(
    *,
    session: str | None,
    web: str | None,
    out: Path,
    trials: int,
    seed: int | None,
    questionnaire: Path | None,
    loudspeakers: bool,
) -> int:
    """Let participants listen blind, in the browser, and write what they hear of a session.

    Which of some streams changed, did one go up or down, how many are there: made data, whose truth
    is known, played as --session plays them. After a training with feedback comes the test without.
    Participants follow one another, or come at once; they are known by a random name alone. Ctrl-C
    ends it.

    \b
    streamson study --session orchestra -o orchestra.csv
    """  # noqa: D301
    import_optional("aiohttp", "web", "the page")
    from streamson.live.web.access import Access, parse_address
    from streamson.session.load import load_session
    from streamson.study.questionnaire import read_items
    from streamson.study.run import run_study

    host, port = parse_address(web or str(DEFAULT_PORT))
    _check_out(out, questionnaire)
    items = read_items(questionnaire) if questionnaire is not None else ()
    loaded = load_session(session)
    seed = secrets.randbits(_SEED_BITS) if seed is None else seed
    ending.hold()

    def tell(link: str) -> None:
        click.echo(f"Study on {link}")
        click.echo(f"Results go to {printable(str(out))}; the seed is {seed}.", err=True)

    run_study(
        loaded,
        Access(host, port, tries=1 if web else PORTS_TRIED),
        out,
        seed=seed,
        trials=trials,
        checks_headphones=not loudspeakers,
        items=items,
        on_ready=tell,
        on_end=ending.finish,
        on_result=_summarise,
    )
    return 0


def _check_out(out: Path, questionnaire: Path | None) -> None:
    """Raise `UsageError` where results can't be written there."""
    if out.suffix.lower() != ".csv":
        raise UsageError(f"can't write {out}: .csv is allowed")
    if not out.parent.is_dir():
        raise UsageError(f"can't write {out}: there is no folder {out.parent}")
    if questionnaire is not None and out.resolve() == questionnaire.resolve():
        raise UsageError(f'can\'t write "{out}": it is the questionnaire')


def _summarise(counts: "StudyCounts") -> None:
    line = (
        f"{counted(counts.finished, 'participant')} finished, {counts.unfinished} did not; "
        f"{counted(counts.rows, 'trial')} written"
    )
    click.echo(line, err=True)
