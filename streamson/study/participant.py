"""One participant's way through a study: trial after trial, then the questionnaire."""

import time
from collections.abc import Sequence
from math import isfinite
from typing import Final

import msgspec

from streamson.errors import StreamsonError
from streamson.study.limits import MAX_ANSWER_S, MAX_REPLAYS
from streamson.study.questionnaire import HIGHEST, LOWEST, POINTS
from streamson.study.questions import QUESTIONS
from streamson.study.trial import Trial

CONFLICT: Final = 409
UNPROCESSABLE: Final = 422


class RefusedError(StreamsonError):
    """What a page asks for can't be now.

    Attributes
    ----------
    status
        Of the answer, as HTTP has it.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Choice(msgspec.Struct, frozen=True):
    """What may be answered: what it is in the results, and what it is called."""

    value: str
    label: str


class TrialStep(msgspec.Struct, frozen=True, tag_field="step", tag="trial"):
    """What a page is told of a trial: nothing that tells the truth."""

    trial: int
    phase: str
    place: int
    of: int
    text: str
    hint: str
    choices: tuple[Choice, ...]
    plays: int
    plays_left: int


class RatingStep(msgspec.Struct, frozen=True, tag_field="step", tag="rating"):
    """What a page is told of the questionnaire."""

    statements: tuple[str, ...]
    points: int = POINTS
    lowest: str = LOWEST
    highest: str = HIGHEST


class DoneStep(msgspec.Struct, frozen=True, tag_field="step", tag="done"):
    """All is done."""

    participant: str


Step = TrialStep | RatingStep | DoneStep


class Feedback(msgspec.Struct, frozen=True):
    """What comes of an answer: whether it is right, and the truth, where that is told."""

    right: bool | None = None
    truth: str | None = None


class Participant:
    """Somebody who takes part.

    Parameters
    ----------
    identifier
        By which the page, and the results, know him: nothing else is known.
    number
        The how manieth of the study, from 1.
    trials
        What he is asked.
    items
        Statements that he rates at the end; none where he has, or there are none.
    seed
        Of the study that he began.
    answers
        What he has answered already, before the server ended.

    Attributes
    ----------
    sound
        Of the present trial, once it was rendered.
    answered
        How many trials he has answered.
    """

    def __init__(
        self,
        identifier: str,
        number: int,
        trials: list[Trial],
        items: tuple[str, ...],
        *,
        seed: int = 0,
        answers: Sequence[str] = (),
    ) -> None:
        self.identifier = identifier
        self.number = number
        self.seed = seed
        self.sound: bytes | None = None
        self.answered = len(answers)
        self._trials = trials
        self._items = items
        self._plays = 0
        self._has_rated = not items
        self._last: tuple[Trial, str] | None = None
        if answers:
            self._last = trials[len(answers) - 1], answers[-1]
        self._may_have_heard = bool(answers)  # nobody knows whether the present sound was played
        self.touch()

    def touch(self) -> None:
        """Note that he is there."""
        self.seen = time.monotonic()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.answered == len(self._trials) and self._has_rated

    @property
    def replays(self) -> int:
        """How often the present sound was played again."""
        return max(self._plays - 1, 0)

    def step(self) -> Step:
        """Return where he is."""
        if self.answered < len(self._trials):
            return self._trial_step(self._trials[self.answered])
        return DoneStep(self.identifier) if self._has_rated else RatingStep(self._items)

    def _trial_step(self, trial: Trial) -> TrialStep:
        question = QUESTIONS[trial.question]
        numbers = [one.number for one in self._trials if one.phase == trial.phase]
        return TrialStep(
            trial=trial.number,
            phase=trial.phase,
            place=numbers.index(trial.number) + 1,
            of=len(numbers),
            text=question.text,
            hint=question.hint,
            choices=tuple(Choice(value, _label(trial, value)) for value in trial.choices),
            plays=self._plays,
            plays_left=1 + MAX_REPLAYS - self._plays,
        )

    def present(self, number: int) -> Trial:
        """Return the present trial.

        Raises
        ------
        RefusedError
            Its number is another.
        """
        if self.answered == len(self._trials) or self._trials[self.answered].number != number:
            raise RefusedError(CONFLICT, "that is not the trial that you are at; reload the page")
        return self._trials[self.answered]

    def may_play(self, number: int) -> Trial:
        """Return the present trial, if its sound may be played once more.

        Raises
        ------
        RefusedError
            It may not.
        """
        trial = self.present(number)
        if self._plays > MAX_REPLAYS:
            raise RefusedError(CONFLICT, "it was played as often as it may be")
        return trial

    def note_play(self, number: int, play: int) -> None:
        """Take in that the present sound begins to be played, for the first, second … time.

        A page that did not hear of it says so again: that is no further time.

        Raises
        ------
        RefusedError
            It can't be the time that it is said to be.
        """
        self.present(number)
        if play == self._plays > 0:
            return
        self.may_play(number)
        if play != self._plays + 1 and not (self._may_have_heard and 0 < play <= 1 + MAX_REPLAYS):
            raise RefusedError(CONFLICT, "the sound was played elsewhere too; reload the page")
        self._plays = play
        self._may_have_heard = False

    def given_again(self, number: int, answer: str) -> Feedback | None:
        """Return what came of an answer that was given already: its page never heard of it."""
        if self._last is None or (self._last[0].number, self._last[1]) != (number, answer):
            return None
        return _feedback(*self._last)

    def check_answer(self, number: int, answer: str, seconds: float) -> Trial:
        """Return the present trial, if that can be the answer to it.

        Raises
        ------
        RefusedError
            It can't.
        """
        trial = self.present(number)
        if not self._plays and not self._may_have_heard:
            raise RefusedError(CONFLICT, "play the sound first")
        if answer not in trial.choices:
            raise RefusedError(UNPROCESSABLE, f"the choices are {', '.join(trial.choices)}")
        if not (isfinite(seconds) and 0 <= seconds <= MAX_ANSWER_S):
            raise RefusedError(UNPROCESSABLE, f"an answer takes 0 to {MAX_ANSWER_S:.0f} seconds")
        return trial

    def note_answer(self, answer: str) -> Feedback:
        """Go on to what comes after the present trial."""
        trial = self._trials[self.answered]
        self._last = trial, answer
        self.answered += 1
        self._plays = 0
        self._may_have_heard = False
        self.sound = None
        return _feedback(trial, answer)

    def check_ratings(self, ratings: list[int]) -> list[tuple[str, int]]:
        """Return each statement with its rating.

        Raises
        ------
        RefusedError
            They are none, or not wanted now.
        """
        if self.answered < len(self._trials) or self._has_rated:
            raise RefusedError(CONFLICT, "nothing is rated now; reload the page")
        if len(ratings) != len(self._items) or not all(1 <= one <= POINTS for one in ratings):
            raise RefusedError(
                UNPROCESSABLE, f"{len(self._items)} ratings from 1 to {POINTS} are wanted"
            )
        return list(zip(self._items, ratings, strict=True))

    def note_ratings(self) -> None:
        """Take in that all was rated."""
        self._has_rated = True


def _label(trial: Trial, value: str) -> str:
    return QUESTIONS[trial.question].choice.format(value)


def _feedback(trial: Trial, answer: str) -> Feedback:
    if trial.phase != "training":
        return Feedback()
    return Feedback(right=answer == trial.truth, truth=_label(trial, trial.truth))
