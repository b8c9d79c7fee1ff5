"""The questions, and the data that are made for each."""

from random import Random
from typing import Final, NamedTuple

import msgspec

from streamson.study.trial import MadeStream, Phase, QuestionName, Trial

POINTS_A_SECOND: Final = 3
"""Of each stream: three streams together are nine notes a second, each of which is still heard by
itself."""

LEVELS: Final = (40, 20, 10)
"""Percent of the range by which a stream changes. Of 18 notes, the default part's, the last is two
steps: twice what the jitter is."""

JITTER: Final = 2
"""Percent of the range by which a value is off at most: nothing that is measured is steady."""

JOINS_S: Final = 1.5
"""How long after the one before a stream joins, so that each is met by itself and has a number."""

MIDDLES: Final = (30, 70)
"""The middle of a change lies between: where it ends tells little of whether it went up or down."""

MAX_COMPARED: Final = 3
MAX_COUNTED: Final = 4
"""Streams among which one changes, and streams that are counted: as many as a listener has in front
by default."""

UP: Final = "up"
DOWN: Final = "down"


class Question(msgspec.Struct, frozen=True):
    """A question as it is asked.

    Attributes
    ----------
    name
        In the results.
    text
        What is asked.
    hint
        What will be heard.
    choice
        What a choice is called, with ``{}`` for its value.
    """

    name: QuestionName
    text: str
    hint: str
    choice: str


QUESTIONS: Final = {
    question.name: question
    for question in (
        Question(
            "softest",
            "Which tone is the softest?",
            "Three tones follow one another.",
            "tone {}",
        ),
        Question(
            "stream",
            "Which stream changed?",
            "Streams join one after the other: the first, the second and so on. Then one of them "
            "moves up or down, and stays there.",
            "stream {}",
        ),
        Question(
            "direction",
            "Did it go up or down?",
            "One stream moves up or down.",
            "{}",
        ),
        Question(
            "count",
            "How many streams do you hear?",
            "Streams begin together.",
            "{}",
        ),
    )
}

ASKED: Final[tuple[QuestionName, ...]] = ("stream", "direction", "count")
"""Those of training and test."""


class Case(NamedTuple):
    """A question, its level, and its right answer."""

    question: QuestionName
    level: int
    truth: str


def cases(question: QuestionName, n_streams: int) -> list[Case]:
    """Return a question with each of its levels and truths.

    Parameters
    ----------
    question
        One of `ASKED`.
    n_streams
        How many streams the session can play.
    """
    choices = choices_of(question, n_streams)
    if question == "count":
        return [Case(question, int(truth), truth) for truth in choices]
    return [Case(question, level, truth) for level in LEVELS for truth in choices]


def choices_of(question: QuestionName, n_streams: int) -> tuple[str, ...]:
    """Return what may be answered."""
    if question == "direction":
        return UP, DOWN
    most = MAX_COUNTED if question == "count" else MAX_COMPARED
    return tuple(str(number) for number in range(1, min(n_streams, most) + 1))


def make_trial(
    phase: Phase,
    number: int,
    case: Case,
    random: Random,
    n_streams: int,
) -> Trial:
    """Return a trial with its made data.

    Parameters
    ----------
    phase, number
        As of `Trial`.
    case
        What is asked, how hard it is, and the right answer.
    random
        Where all that is random comes from.
    n_streams
        How many streams the session can play.
    """
    question, level, truth = case
    make = {"stream": _one_of_several, "direction": _one, "count": _several}[question]
    choices = choices_of(question, n_streams)
    streams = make(level, truth, len(choices), random)
    return Trial(phase, number, question, level, choices, truth, tuple(streams))


def _one_of_several(level: int, truth: str, n: int, random: Random) -> list[MadeStream]:
    joined_s = (n - 1) * JOINS_S
    change_s = joined_s + random.uniform(1.5, 2.5)
    end_s = joined_s + 5.0
    way = random.choice((1, -1))
    return [
        _stream(
            i * JOINS_S, end_s, n, i, random, change=way * level * (str(i + 1) == truth),
            change_s=change_s,
        )
        for i in range(n)
    ]  # fmt: skip


def _one(level: int, truth: str, _n: int, random: Random) -> list[MadeStream]:
    way = 1 if truth == UP else -1
    change_s = random.uniform(1.0, 2.0)
    return [_stream(0.0, 4.5, 1, 0, random, change=way * level, change_s=change_s)]


def _several(level: int, _truth: str, _n: int, random: Random) -> list[MadeStream]:
    return [_stream(0.0, 4.5, level, i, random) for i in range(level)]


def _stream(
    start_s: float,
    end_s: float,
    of: int,
    place: int,
    random: Random,
    *,
    change: int = 0,
    change_s: float = 0.0,
    change_takes_s: float = 1.0,
) -> MadeStream:
    """Return a stream that is steady but for its jitter, and changes once.

    Its points come between those of the others, of which there are `of` with it.
    """
    first_s = start_s + place / (of * POINTS_A_SECOND)
    middle = random.uniform(*MIDDLES)
    values = []
    for i in range(int((end_s - first_s) * POINTS_A_SECOND) + 1):
        time_s = first_s + i / POINTS_A_SECOND
        share = min(max((time_s - change_s) / change_takes_s, 0.0), 1.0)
        jitter = random.uniform(-JITTER, JITTER)
        values.append(round(middle + (share - 0.5) * change + jitter))
    return MadeStream(round(first_s, 4), tuple(values))
