"""What is unusual at its time of day: in days of more points than a thousand."""

import numpy as np
import pytest

from streamson.surprise.bank import Change, Kind, SurpriseBank

DAY, WEEK = 86_400.0, 604_800.0
STEP = 60.0
DAYS, AT = 20, 18
"""Days in all, and on which of them something is other than usual."""

HOURS = np.arange(int(DAYS * DAY / STEP)) * STEP % DAY / 3_600
IS_DAY = np.arange(len(HOURS)) * STEP // DAY == AT


def peak(late_h=0.0):
    return 10 * np.exp(-(((HOURS - 14 - late_h) / 2) ** 2) / 2)


INCIDENTS = {
    "the peak is missing": (np.where(IS_DAY, 0.0, peak()), -1),
    "the peak is three hours late": (np.where(IS_DAY, peak(3), peak()), -1),
    "a busy night": (peak() + 1.5 * (IS_DAY & (HOURS >= 2) & (HOURS < 4)), 1),
}


def told_of(season, seed, bank=None):
    """Return when alerts were raised, of which kind, and what was told."""
    values = season + np.random.default_rng(seed).normal(size=len(season))
    times = 1.7e9 // DAY * DAY + STEP * np.arange(len(values))
    bank = bank or SurpriseBank(1)
    slot = bank.add(WEEK)
    found, done = [], 0
    while done < len(values):
        done, change = bank.update_up_to_change(slot, values, times, done)
        if change == Change.RAISED:
            found.append((times[done - 1] - times[0], bank.kind(slot), bank.told(slot)))
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("incident", INCIDENTS)
def test_a_day_unlike_those_before_is_told_once(seed, incident):
    season, sign = INCIDENTS[incident]
    found = [one for one in told_of(season, seed) if one[1].name == "season"]
    (when, kind, told), *others = found
    assert others == []  # nor is the day after it unusual
    assert AT * DAY <= when < (AT + 1) * DAY
    assert kind == Kind("season", sign)
    assert told.low < told.high
    assert (told.value > told.high) == (sign > 0)
    assert told.surprise > np.log10(WEEK / STEP)


@pytest.mark.parametrize("seed", range(2))
def test_days_like_those_before_are_usual(seed):
    weekend = np.arange(len(HOURS)) * STEP // DAY % 7 >= 5
    for season in (peak(), np.where(weekend, 0.0, peak()), np.zeros(len(HOURS))):
        found = told_of(season, seed)
        # The first weekends are like no day that was known.
        assert not [one for one in found if one[1].name == "season" and one[0] > 8 * DAY]
        assert len(found) <= 6


def test_a_spike_while_the_day_is_unusual_is_told_too():
    season = INCIDENTS["the peak is missing"][0].copy()
    at = int((AT * DAY + 15 * 3_600) / STEP)
    season[at] = 60
    found = [one for one in told_of(season, 0) if one[0] >= AT * DAY]
    assert [kind.name for _, kind, _ in found[:2]] == ["season", "level"]
    assert found[1][0] <= (at + 1) * STEP


def test_who_asks_for_alerts_each_minute_does_not_ask_about_days():
    bank = SurpriseBank(1)
    slot = bank.add(60.0)
    bank.update_batch(slot, peak(), STEP * np.arange(len(HOURS)))
    assert not bank._days.any()


@pytest.mark.parametrize("seed", range(4))
def test_a_gap_of_a_week_and_a_clock_that_is_set_are_no_unusual_hours(seed):
    random = np.random.default_rng(seed)
    gap = 20_000
    times = STEP * np.arange(len(HOURS))
    times[gap:] += 9 * DAY
    times[22_000:] -= 3_600.0
    times[25_000:] -= 300 * DAY
    bank = SurpriseBank(1)
    slot = bank.add(WEEK)
    values = random.normal(size=len(times))
    done = 0
    while done < len(values):
        done, change = bank.update_up_to_change(slot, values, times, done)
        unusual = change == Change.RAISED and bank.kind(slot).name == "season"
        assert not unusual or done < gap
