"""A study: who takes part, what each hears, and what is written of it."""

import asyncio
import logging
import secrets
import time
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import msgspec

from streamson._rate_limited_log import RateLimitedLog
from streamson.errors import OutputFileError
from streamson.study.limits import IDLE_AT_START_S, IDLE_S, MAX_OPEN, MAX_WAITING_SOUNDS
from streamson.study.participant import Feedback, Participant, RefusedError
from streamson.study.plan import Plan
from streamson.study.questionnaire import POINTS
from streamson.study.results import ResultsFile
from streamson.study.resumption import Resumable, played
from streamson.study.sound import SoundMaker
from streamson.study.trial import Trial

NOT_FOUND: Final = 404
BUSY: Final = 503
FULL: Final = 507

_log = logging.getLogger(__name__)


class Study:
    """Lets participants through, and writes what they answer.

    Parameters
    ----------
    session
        The name of what plays, for the results.
    plan
        What is asked.
    maker
        Renders it.
    results
        Where answers go.
    first_number
        Of the next participant.
    resumable
        Who took part before, by name: they may go on where they were.
    items, ratings
        Statements of the questionnaire, and where their ratings go; none, and None: there is none.
    have_rated
        The names of those who have.

    Attributes
    ----------
    finished, left, rows
        How many participants came to the end, how many gave way to others, and how many trials were
        written.
    """

    def __init__(
        self,
        session: str,
        plan: Plan,
        maker: SoundMaker,
        results: ResultsFile,
        *,
        first_number: int = 1,
        resumable: dict[str, Resumable] | None = None,
        items: tuple[str, ...] = (),
        ratings: ResultsFile | None = None,
        have_rated: Set[str] = frozenset(),
    ) -> None:
        self.finished = self.left = self.rows = 0
        self._session = session
        self._plan = plan
        self._maker = maker
        self._results = results
        self._ratings = ratings
        self._items = items
        self._resumable = resumable or {}
        self._have_rated = have_rated
        self._next = first_number
        self._open: dict[str, Participant] = {}
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sound")
        self._limited = RateLimitedLog(_log)
        # At the beginning, and rendered once: the first participant waits for no machine code.
        self._example = self._example_trial()
        self._example_sound = maker.wav(self._example)

    @property
    def unfinished(self) -> int:
        """How many take part at the moment."""
        return sum(not one.is_done for one in self._open.values())

    def _example_trial(self) -> Trial:
        """Return one that sets the volume: of no participant, whose numbers begin with 1."""
        return next(one for one in self._plan.of(0) if one.question == "stream")

    def enter(self) -> Participant:
        """Take in a participant.

        Raises
        ------
        RefusedError
            There is no room.
        """
        self._make_room()
        number, self._next = self._next, self._next + 1
        identifier = secrets.token_hex(6)
        trials = self._plan.of(number)
        found = Participant(identifier, number, trials, self._items, seed=self._plan.seed)
        self._open[identifier] = found
        _log.info("participant %s begins", identifier)
        return found

    def _make_room(self) -> None:
        if len(self._open) >= MAX_OPEN and not self._let_go():
            self._limited.warning("full", "more than %d take part at a time", MAX_OPEN)
            raise RefusedError(BUSY, f"{MAX_OPEN} take part already; try again in some minutes")

    def _resume(self, identifier: str) -> None:
        """Take in again who had not come to the end when an earlier run of this study ended."""
        before = self._resumable.get(identifier)
        if before is None:
            return
        trials = msgspec.structs.replace(self._plan, seed=before.seed).of(before.number)
        answers = before.answers(trials)
        if answers is None:  # other trials are asked now
            return
        self._make_room()
        del self._resumable[identifier]
        items = () if identifier in self._have_rated else self._items
        self._open[identifier] = Participant(
            identifier, before.number, trials, items, seed=before.seed, answers=answers
        )
        _log.info("participant %s goes on", identifier)

    def _let_go(self) -> bool:
        """Return whether somebody gave way who is done, or has done nothing for long."""
        now = time.monotonic()
        for one in sorted(self._open.values(), key=lambda one: one.seen):
            if one.is_done:  # whose page never asked what comes next
                del self._open[one.identifier]
                return True
            if now - one.seen > (IDLE_S if one.answered else IDLE_AT_START_S):
                self.left += 1
                del self._open[one.identifier]
                self._limited.warning("left", "participant %s gives way", one.identifier)
                return True
        return False

    def find(self, identifier: str) -> Participant:
        """Return who takes part by that name.

        Raises
        ------
        RefusedError
            Nobody does.
        """
        if identifier not in self._open:
            self._resume(identifier)
        if identifier not in self._open:
            raise RefusedError(NOT_FOUND, "nobody takes part by that name; begin anew")
        found = self._open[identifier]
        found.touch()
        return found

    def example(self) -> bytes:
        """Return the sound that sets the volume, as a WAV file."""
        return self._example_sound

    async def sound(self, participant: Participant, number: int) -> bytes:
        """Return the sound of the present trial as a WAV file, as long as it may be played.

        It is counted as played when the page has it, and says so.

        Raises
        ------
        RefusedError
            It may not be played, or too many wait.
        """
        trial = participant.may_play(number)
        if participant.sound is None:
            sound = await self._render(trial)
            participant.may_play(number)  # somebody may have asked twice
            participant.sound = sound
        return participant.sound

    async def _render(self, trial: Trial) -> bytes:
        if self._waiting >= MAX_WAITING_SOUNDS:
            self._limited.warning("sounds", "more than %d sounds wait", MAX_WAITING_SOUNDS)
            raise RefusedError(BUSY, "too many sounds are asked for; try again in a moment")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._maker.wav, trial)
        finally:
            self._waiting -= 1

    def answer(
        self, participant: Participant, number: int, answer: str, seconds: float
    ) -> Feedback:
        """Write an answer, and go on.

        Raises
        ------
        RefusedError
            It can't be one, or it can't be written: then nothing has changed.
        """
        if (before := participant.given_again(number, answer)) is not None:
            return before
        trial = participant.check_answer(number, answer, seconds)
        self._append(self._results, [self._row(participant, trial, answer, seconds)])
        self.rows += 1
        feedback = participant.note_answer(answer)
        self._look_whether_done(participant)
        return feedback

    def rate(self, participant: Participant, ratings: list[int]) -> None:
        """Write ratings, and go on.

        Raises
        ------
        RefusedError
            They can't be some, or can't be written: then nothing has changed.
        """
        found = participant.check_ratings(ratings)
        assert self._ratings is not None  # else there is nothing to rate
        now = _now()
        rows: list[tuple[object, ...]] = [
            (now, participant.identifier, self._session, i, statement, rating, POINTS)
            for i, (statement, rating) in enumerate(found, 1)
        ]
        self._append(self._ratings, rows)
        participant.note_ratings()
        self._look_whether_done(participant)

    def _append(self, file: ResultsFile, rows: list[tuple[object, ...]]) -> None:
        try:
            file.append(rows)
        except OutputFileError as error:
            self._limited.warning("write", "%s", error)
            raise RefusedError(
                FULL, "your answer could not be saved; tell who runs this, and try again"
            ) from None

    def _look_whether_done(self, participant: Participant) -> None:
        if participant.is_done:
            self.finished += 1
            _log.info("participant %s is done", participant.identifier)

    def _row(
        self, participant: Participant, trial: Trial, answer: str, seconds: float
    ) -> tuple[object, ...]:
        return (
            _now(),
            participant.identifier,
            participant.number,
            participant.seed,
            self._session,
            trial.phase,
            trial.number,
            trial.question,
            trial.level,
            len(trial.choices),
            trial.truth,
            answer,
            int(answer == trial.truth),
            round(seconds, 3),
            participant.replays,
            played(trial),
        )

    def leave(self, participant: Participant) -> None:
        """Forget a participant who is done."""
        if participant.is_done:
            self._open.pop(participant.identifier, None)

    def close(self) -> None:
        """Render nothing more."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._limited.flush()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
