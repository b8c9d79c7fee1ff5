"""Alerts about noise come as often as was asked: the longer version is scripts/bench/alerts.py."""

import numpy as np
import pytest

from streamson.surprise.bank import Change, SurpriseBank

NOISE = {
    "white": lambda random, points: random.normal(size=points),
    "walk": lambda random, points: random.normal(size=points).cumsum(),
    "season": lambda random, points: (
        3 * np.sin(2 * np.pi * np.arange(points) / 288) + 0.5 * random.normal(size=points)
    ),
    "counts": lambda random, points: random.poisson(4, points).astype(float),
    "heavy": lambda random, points: random.standard_t(2, points),
    "constant": lambda random, points: np.where(
        random.random(points) < 0.02, random.normal(size=points), 0.0
    ),
}
WEEK_POINTS = 2_016


@pytest.mark.parametrize("kind", NOISE)
def test_alerts_come_as_often_as_was_asked(kind):
    """60 weeks of a point each five minutes, one alert a week: 33 to 110 are within chance.

    The standard deviation of a count of 60 is 8, and half and twice of it are the promise.
    """
    weeks = 62
    values = NOISE[kind](np.random.default_rng(11), weeks * WEEK_POINTS)
    bank = SurpriseBank(1)
    slot = bank.add(604_800.0)
    found = bank.update_batch(slot, values, 300.0 * np.arange(len(values)))
    raised = np.flatnonzero(found == Change.RAISED)
    assert 33 <= (raised >= 2 * WEEK_POINTS).sum() <= 110
    assert (raised < 2 * WEEK_POINTS).sum() <= 8  # a young series, too, is no flood


@pytest.mark.parametrize("kind", NOISE)
def test_what_is_asked_for_more_seldom_is_told_more_seldom(kind):
    values = NOISE[kind](np.random.default_rng(12), 30_000)
    bank = SurpriseBank(3)
    counts = []
    for days in (1, 7, 28):
        found = bank.update_batch(bank.add(days * 86_400.0), values, 300.0 * np.arange(30_000))
        counts.append(int((found == Change.RAISED).sum()))
    assert counts[0] > 2 * counts[1] > 2 * counts[2]
