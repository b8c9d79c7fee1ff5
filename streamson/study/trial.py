"""What one trial is: a sound of known truth, a question, and what may be answered."""

from typing import Literal

import msgspec

Phase = Literal["headphones", "training", "test"]

QuestionName = Literal["softest", "stream", "direction", "count"]


class MadeStream(msgspec.Struct, frozen=True):
    """A stream that was made up.

    Attributes
    ----------
    start_s
        When its first point comes.
    values
        Of its points, `questions.POINTS_A_SECOND` a second, in percent of the range that is heard.
    """

    start_s: float
    values: tuple[int, ...]


class Trial(msgspec.Struct, frozen=True):
    """One sound, and the question about it.

    Attributes
    ----------
    phase
        ``headphones``: is one worn? ``training``: with feedback. ``test``: without.
    number
        Among all of the participant, from 1.
    question
        Which is asked.
    level
        How hard it is: percent of the range that the stream changes by, or how many streams there
        are, or how many dB a tone is softer.
    choices
        What may be answered.
    truth
        The right one.
    streams
        What plays, in the order in which the session meets it; empty in a headphones check.
    """

    phase: Phase
    number: int
    question: QuestionName
    level: int
    choices: tuple[str, ...]
    truth: str
    streams: tuple[MadeStream, ...] = ()
