"""What is held of a series, and where: columns of a bank's arrays, sizes of its rows."""

from typing import Final

STRETCH: Final = 10
"""So many values, the last ones, are compared with what was before."""

HISTORY: Final = 1_000
"""Among the last so many values a stretch has its nearest neighbour."""

ROOM: Final = 1_100
"""Values are appended and moved to the front when this is full, so that they lie in a row."""

BLOCK: Final = 25
"""So many points have one maximum by which alerts are told; a longer block is twice as long, and so
on."""

FINE_BLOCK: Final = 5
"""So many have one as long as there is room for their maxima: a young series has few points."""

BLOCKS: Final = 400
"""So many maxima are held at most."""

MIN_BLOCKS: Final = 10
"""With fewer maxima nothing is told: a young series is not known."""

QUIET: Final = 50
"""After so many points without anything unusual the next alert is another one; before, only what is
ten times as seldom is told."""

HUGE: Final = 1e150
"""Values beyond are taken for it, in units of the first value: squares must be finite."""

MAX_SURPRISE: Final = 15.0

# The columns of `numbers`, all float64; counts are exact up to 2**53.
INTERVAL: Final = 0  # the asked mean time between false alerts, seconds
COUNT: Final = 1  # values taken in
END: Final = 2  # of the history, in its row
UNIT: Final = 3  # a power of two, near the first value that isn't 0
RESOLUTION: Final = 4  # the smallest step but 0, in that unit
STEP: Final = 5  # mean time between values, seconds
LAST_TIME: Final = 6  # of the last point of the last value
LENGTH: Final = 7  # points in a block
FILLED: Final = 8  # points in the block that is not finished
MAXIMUM: Final = 9  # their maximum so far
HELD: Final = 10  # maxima held
OLDEST: Final = 11  # where the oldest is, once all have been held
MEDIAN: Final = 12  # of the maxima
THRESHOLD: Final = 13  # beyond it is an alert; infinite while young
SCORE: Final = 14  # log of the squared distance of the last stretch
SURPRISE: Final = 15
CALM: Final = 16  # values since the last beyond the threshold
ACTIVE: Final = 17  # 1 while an alert lasts
KIND: Final = 18  # of the last alert, see `bank.KINDS`
SIGN: Final = 19  # of the last alert: up or faster 1, down or slower -1
UNFITTED: Final = 20  # blocks that ended since the threshold was found
MOVING: Final = 21  # share of the steps that are none of 0
STILL: Final = 22  # steps of 0, up to the last
LONGEST_STILL: Final = 23  # the most before
PEAK: Final = 24  # greatest surprise since the last alert was raised
SEEN: Final = 25  # values taken in, those before the series began anew as well
SQUARE: Final = 26  # mean square of the time between values
TOGETHER: Final = 27  # points that are a value, a power of two
GATHERED: Final = 28  # of these, those that came
LOWEST: Final = 29  # of them, in that unit
HIGHEST: Final = 30  # of them, in that unit
SPREAD: Final = 31  # mean of half the way from the lowest to the highest
PER_VALUE: Final = 32  # mean number of points that were a value
RARITY: Final = 33  # how rare the last score is by the tail of all so far, see `rarity`
TAIL_FROM: Final = 34  # the score where that begins
TAIL_WIDTH: Final = 35  # mean excess of maxima beyond it; infinite where there are none
TAIL_BEYOND: Final = 36  # of how many maxima; 0 while nothing is known
TAIL_USUAL: Final = 37  # log10 of how many points lie between such scores
UNSEEN: Final = 38  # blocks that ended since the tail was found
NUMBERS: Final = 39

DAYS: Final = 8
"""So many days, the last one is today, have means of each quarter of an hour."""

TIME_SLOT_S: Final = 900.0

TIME_SLOTS: Final = 96
"""Of a day."""

SEASON_SHARE: Final = 0.05
"""So much of the alerts that are asked for may be about the time of day."""

SEASON_INTERVAL_S: Final = 3_600.0
"""Who asks for alerts more often than that does not ask about days."""

# A series' season has the same columns, of its means; COUNT is the slot of the last one. And more:
SUM: Final = NUMBERS  # of the values in the quarter of an hour, of which GATHERED came
FIRST: Final = NUMBERS + 1  # 1 once there is a mean
TIME_SLOT: Final = NUMBERS + 2  # which quarter of an hour since 1970 values are gathered of
HERE: Final = NUMBERS + 3  # mean of the last hour
THEN: Final = NUMBERS + 4  # mean of the same hour of the nearest day
SEASON_NUMBERS: Final = NUMBERS + 5
