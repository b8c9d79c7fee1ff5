"""A study's life: from the look at its files to the last participant."""

import asyncio
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from streamson.live.web.access import Access
from streamson.live.web.serving import serve_until_ended
from streamson.session.schema import Session
from streamson.study.limits import MAX_TRIALS
from streamson.study.plan import Plan
from streamson.study.results import RATING_COLUMNS, TRIAL_COLUMNS, ResultsFile, ratings_path
from streamson.study.resumption import resumable
from streamson.study.server import StudyServer
from streamson.study.sound import SoundMaker
from streamson.study.study import Study

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class StudyCounts(msgspec.Struct, frozen=True):
    """Participants who came to the end, those who did not, and trials that were written."""

    finished: int
    unfinished: int
    rows: int


def run_study(
    session: Session,
    access: Access,
    results: Path,
    *,
    seed: int,
    trials: int,
    checks_headphones: bool,
    items: tuple[str, ...],
    on_ready: Callable[[str], None],
    on_end: Callable[[], None],
    on_result: Callable[[StudyCounts], None],
) -> None:
    """Serve a study until somebody ends it.

    Parameters
    ----------
    session
        What plays.
    access
        Where the page is, and for whom.
    results
        Where answers go; the ratings of a questionnaire go to a file beside it.
    seed
        All that is random hangs on it, and on the participant's number.
    trials
        Of each participant's test, up to `MAX_TRIALS`.
    checks_headphones
        Whether it is found out at first whether headphones are worn.
    items
        Statements of the questionnaire; none: there is none.
    on_ready
        Is called with the link for participants, once it can be opened.
    on_end
        Is called when it begins to end.
    on_result
        Is called with what came of it, once all is written.

    Raises
    ------
    UsageError
        The session can't be studied, or the results can't be written.
    StreamsonError
        The address is taken.
    """
    assert 1 <= trials <= MAX_TRIALS
    maker = SoundMaker(session)
    plan = Plan(seed, trials, len(maker.streams), checks_headphones)
    with ExitStack() as files:
        file = files.enter_context(ResultsFile(results, TRIAL_COLUMNS))
        ratings = None
        if items:
            ratings = files.enter_context(ResultsFile(ratings_path(results), RATING_COLUMNS))
        study = Study(
            session.name,
            plan,
            maker,
            file,
            first_number=_next_number(file, seed),
            resumable=resumable(file.rows(), session.name),
            items=items,
            ratings=ratings,
            have_rated={row["participant"] for row in ratings.rows()} if ratings else set(),
        )
        try:
            serve_until_ended(lambda stop: _serve(study, access, on_ready, stop), on_end=on_end)
        finally:
            study.close()
            on_result(StudyCounts(study.finished, study.left + study.unfinished, study.rows))


def _next_number(results: ResultsFile, seed: int) -> int:
    """Return a participant's number that nobody of this seed has had: no order comes twice."""
    numbers = [row["number"] or "" for row in results.rows() if row["seed"] == str(seed)]
    return max((int(text) for text in numbers if _NUMBER.fullmatch(text)), default=0) + 1


async def _serve(
    study: Study, access: Access, on_ready: Callable[[str], None], stopping: asyncio.Event
) -> None:
    server = StudyServer(access, study)
    on_ready(await server.start())
    await stopping.wait()
    await server.stop()
