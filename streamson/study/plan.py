"""What a participant is asked, in which order: all of it by a seed."""

from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

from streamson.study.headphones import CHECKS, check_trial
from streamson.study.questions import ASKED, LEVELS, Case, cases, choices_of, make_trial
from streamson.study.trial import Phase, Trial

TRAINED: Final = 2
"""Trials of each question in the training, the easiest first."""


class Plan(msgspec.Struct, frozen=True):
    """What all participants have in common.

    Attributes
    ----------
    seed
        Of the study.
    trials
        How many each has in the test.
    n_streams
        How many streams the session can play.
    checks_headphones
        Whether it is found out at first whether headphones are worn.
    """

    seed: int
    trials: int
    n_streams: int
    checks_headphones: bool = True

    def of(self, participant: int) -> list[Trial]:
        """Return the trials of a participant, who is known by his number from 1.

        The questions of the test come mixed; each has as many trials as the others, give or take
        one. Within a question levels and truths are as even as their pairs allow.
        """
        # By a text: `random` makes the same of it everywhere, whatever hashes are.
        random = Random(f"streamson study {self.seed} {participant}")  # noqa: S311  (no secret)
        made: list[Trial] = []
        if self.checks_headphones:
            made += [check_trial(i + 1, random) for i in range(CHECKS)]
        made += self._made("training", self._training(random), len(made), random)
        made += self._made("test", self._test(random), len(made), random)
        return made

    def _made(
        self, phase: Phase, found: list[Case], before: int, random: Random
    ) -> Iterator[Trial]:
        for number, case in enumerate(found, before + 1):
            yield make_trial(phase, number, case, random, self.n_streams)

    def _training(self, random: Random) -> list[Case]:
        found: list[Case] = []
        for question in ASKED:
            truths = random.sample(choices_of(question, self.n_streams), TRAINED)
            for truth, level in zip(truths, LEVELS, strict=False):
                asked = int(truth) if question == "count" else level
                found.append(Case(question, asked, truth))
        return found

    def _test(self, random: Random) -> list[Case]:
        found: list[Case] = []
        questions = random.sample(ASKED, len(ASKED))  # who has one more where it does not divide
        for i, question in enumerate(questions):
            wanted = len(range(i, self.trials, len(ASKED)))
            mine: list[Case] = []
            while len(mine) < wanted:
                of_question = cases(question, self.n_streams)
                random.shuffle(of_question)
                mine += of_question
            found += mine[:wanted]
        random.shuffle(found)
        return found
