"""The budget of alerts: how many sound, what is told as one, and that nothing is lost."""

from bisect import bisect_left

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.event.alerts import AlertRaised, AlertsMerged
from streamson.model.point import DataPoint
from streamson.score.alerts.budget import GATHER_S, SPAN_S
from streamson.score.groups import group_of
from streamson.score.score import Score
from streamson.session.load import parse_session
from streamson.session.parse.earcons import alert_sound, builtin_earcons

RATE = 100
ALERT = "[[alert]]\nstream = '{stream}'\nabove = 1\npriority = '{priority}'\n"
PLAIN = "[attention]\nforeground = 'all'\n"


class Told:
    """A score, what it told, and what sounded."""

    def __init__(self, toml):
        self.events = []
        self.session = parse_session(toml.encode(), "budget.toml")
        self.score = Score(self.session, sample_rate=RATE, on_event=self.events.append)
        self.notes = []

    def point(self, stream, value, seconds):
        frame = round(seconds * RATE)
        notes = self.score.process(DataPoint(stream, {"x": value}, seconds), frame)
        self.notes += [note for note in notes if note.foreground]

    def restart(self, passed_s=0.0):
        """Let another score go on, whose clock begins, as of a listener that was killed."""
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.score.state()))
        self.score = Score(self.session, sample_rate=RATE, on_event=self.events.append)
        self.score.restore(state, passed_s)

    def flush(self, seconds):
        notes = self.score.flush(round(seconds * RATE))
        self.notes += [note for note in notes if note.foreground]

    def onsets(self, *names):
        """Return the frames at which sounds of these names begin, or any but an end."""
        found, at = [], 0
        while at < len(self.notes):
            name, sound = max(
                (one for one in builtin_earcons().items() if self._is_at(at, one[1])),
                key=lambda one: len(one[1].notes),
            )
            if name in (names or set(builtin_earcons()) - {"over", "back"}):
                found.append(self.notes[at].onset_frame)
            at += len(sound.notes)
        return found

    def _is_at(self, at, sound):
        notes = self.notes[at : at + len(sound.notes)]
        onsets = [one.onset_frame - notes[0].onset_frame for one in notes]
        return [one.midi_note for one in notes] == list(sound.notes) and onsets == [
            round(second * RATE) for second in sound.onsets_s
        ]

    @property
    def merged(self):
        return [event for event in self.events if isinstance(event, AlertsMerged)]

    @property
    def fates(self):
        counts = self.score.counts
        return counts.alerts_sounded, counts.alerts_merged, counts.alerts_acknowledged


def of(stream="*", priority="medium", more=""):
    return ALERT.format(stream=stream, priority=priority) + more


def test_the_first_of_a_kind_sounds_at_once_and_what_follows_is_told_as_one():
    told = Told(of())
    for i in range(15):
        told.point(f"rack2/disk{i}", 5.0, i / 10)
    told.flush(1.6)
    assert told.fates == (1, 0, 0)
    told.flush(GATHER_S + 1)
    assert told.fates == (1, 14, 0)
    (merged,) = told.merged
    assert merged.sentence == "14 alerts: 14 streams of rack2, x"
    assert sum(isinstance(event, AlertRaised) for event in told.events) == 15
    assert [event.waits for event in told.events if isinstance(event, AlertRaised)] == [
        False,
        *[True] * 14,
    ]
    assert len(told.onsets("above")) == 2


def test_the_last_sound_is_kept_for_what_is_the_first_of_its_kind():
    told = Told(of())
    for i in range(30):
        told.point(f"rack2/disk{i}", 5.0, 10.0 * i)
        told.flush(10.0 * i + 5)
    assert len(told.onsets()) == 2
    told.point("web/cpu", 5.0, 301)
    told.flush(301 + GATHER_S)
    assert len(told.onsets()) == 3
    assert told.merged[-1].sentence.startswith("29 alerts: web/cpu, x; 28 streams of rack2, x")


def test_of_many_kinds_each_is_named():
    told = Told(of())
    for i in range(7):
        told.point(f"host{i}/cpu", 5.0, 0.0)
    told.flush(GATHER_S + 1)
    assert told.fates == (2, 5, 0)
    names = [group.name for group in told.merged[0].groups]
    assert names == [f"host{i}/cpu" for i in range(2, 7)]


def test_what_is_over_before_its_turn_is_told_no_more_unless_it_is_the_first_of_its_kind():
    told = Told(of())
    for i in range(6):
        told.point(f"host{i}/cpu", 5.0, 0.0)
        told.point(f"host{i}/net", 5.0, 0.0)
    for i in range(6):
        told.point(f"host{i}/cpu", 0.0, 1.0)
        told.point(f"host{i}/net", 0.0, 1.0)
    told.flush(GATHER_S + 1)
    (merged,) = told.merged
    assert {f"host{i}" for i in range(2, 6)} <= {
        group.name.partition("/")[0] for group in merged.groups
    }
    assert sum(told.fates) == 12


def test_high_priority_always_sounds_and_a_flood_of_it_is_told_as_one():
    told = Told(of(priority="high"))
    for i in range(40):
        told.point(f"rack2/disk{i}", 5.0, 20.0 * i)
    assert len(told.onsets("above high")) == 40
    flood = Told(of(priority="high"))
    for i in range(100):
        flood.point(f"rack2/disk{i}", 5.0, 0.0)
    for i in range(100):
        flood.flush(i / 4)
    sounded, merged, _ = flood.fates
    assert (sounded + merged, len(flood.merged)) == (100, 1)
    assert flood.score.counts.earcons_left_out == 0


def test_the_end_is_heard_once_of_what_was_heard_and_of_what_was_told_as_one():
    told = Told(of())
    for i in range(5):
        told.point(f"s{i}", 5.0, 0.0)
    told.flush(10)
    sounds = len(told.notes)
    for i in range(4):
        told.point(f"s{i}", 0.0, 20.0)
    over = builtin_earcons()["over"]
    assert len(told.notes) - sounds == len(over.notes)  # of the first one alone
    told.point("s4", 0.0, 30.0)
    assert len(told.notes) - sounds == 2 * len(over.notes)


def test_what_is_acknowledged_is_silent_until_it_is_over():
    told = Told(of(more="repeat = '20s'\n"))
    for i in range(5):
        told.point(f"s{i}", 5.0, 0.0)
    told.score.acknowledge("s3", "x")  # it waits
    told.flush(GATHER_S + 1)
    assert told.fates == (1, 3, 1)
    told.score.acknowledge("", "")
    sounds = len(told.notes)
    for seconds in range(5, 1000):
        told.flush(seconds)
    for i in range(5):
        told.point(f"s{i}", 0.0, 1000.0)
    assert len(told.notes) == sounds
    told.point("s0", 5.0, 1700.0)  # another one
    assert len(told.notes) == sounds + len(alert_sound("above", "medium").notes)


def test_a_repeat_comes_while_it_lasts_within_the_budget():
    told = Told("[notices]\nbudget = 4\n" + of(more="repeat = '1min'\n"))
    told.point("s", 5.0, 0.0)
    for quarter in range(1, 4 * 1300):
        told.flush(quarter / 4)
    onsets = [onset / RATE for onset in told.onsets()]
    assert onsets[:3] == pytest.approx([0, 60, 120], abs=1)
    assert 7 <= len(onsets) <= 9  # one is kept for what else may be
    told.point("s", 0.0, 1301.0)
    sounds = len(told.notes)
    for seconds in range(1302, 2000):
        told.flush(seconds)
    assert len(told.notes) == sounds


def test_silent_streams_have_a_share_of_the_budget():
    told = Told(PLAIN + "[[part]]\n")
    for i in range(20 + 50):
        for k in range(50):
            if i < 20 + k:  # one after the other: many at once are one thing
                told.point(f"s{k}", 1.0, float(i))
        told.flush(float(i))
    for quarter in range(4 * 70, 4 * 700):
        told.flush(quarter / 4)
    assert told.score.streams_stale == 50
    onsets = [onset / RATE for onset in told.onsets("stale")]
    assert onsets == pytest.approx([22, 26, 622], abs=1)  # the others as one, once they may
    told_as_one = [merged.sentence for merged in told.merged]
    assert told_as_one == [f"{n} alerts: {n} streams, silent" for n in (3, 46)]
    sounds = len(told.notes)
    for k in range(50):
        told.point(f"s{k}", 1.0, 701.0)
    assert len(told.notes) - sounds == 3 * len(builtin_earcons()["back"].notes)


def test_after_a_restart_no_more_sounds_than_the_budget_left():
    told = Told(PLAIN + of())
    for i, group in enumerate("ab"):
        told.point(f"{group}/disk", 5.0, 100.0 + i)
    told.flush(103)
    assert len(told.onsets()) == 2
    told.restart(passed_s=60)  # 103 is 0 from now on: the sounds were 62 and 63 s ago
    for i, group in enumerate("cdefgh"):
        told.point(f"{group}/disk", 5.0, 1.0 + i)
        told.flush(2.0 + i)
    told.flush(500)
    assert len(told.onsets()) == 3
    assert told.score.alerts_waiting == 3  # which came after the last sound
    for second in range(500, 545):
        told.flush(second)
    assert len(told.onsets()) == 4  # the first sounds are ten minutes ago
    assert told.score.alerts_waiting == 0


def test_what_was_told_before_a_restart_is_not_the_first_of_its_kind():
    told = Told(PLAIN + of())
    told.point("rack/a", 5.0, 0.0)
    told.flush(1)
    told.restart(10)
    told.point("rack/b", 5.0, 0.0)
    assert told.score.alerts_waiting == 1
    told.restart(700)
    told.point("rack/c", 5.0, 0.0)
    assert told.score.counts.alerts_sounded == 1


@pytest.mark.parametrize("back", [True, False])
def test_the_first_of_a_kind_that_waited_is_told_after_a_restart(back):
    """Also where its stream doesn't come back."""
    told = Told(PLAIN + "[notices]\nstale = false\n[[part]]\n" + of())
    for i in range(3):
        told.point(f"host{i}/cpu", 5.0, 0.0)
    assert told.score.alerts_waiting == 1
    told.restart(5)
    assert told.score.alerts_waiting == 1
    told.point("host2/cpu" if back else "other", 5.0 if back else 0.0, 1.0)
    assert told.score.alerts_waiting == 1
    for second in range(2, 10):
        told.flush(second)
    assert told.score.alerts_waiting == 0
    assert told.notes[-1].stream == "host2/cpu"
    sounds = len(told.notes)
    told.point("host2/cpu", 0.0, 20.0)
    assert (len(told.notes) > sounds) == back  # its end is told where it is known


def test_what_waited_and_is_acknowledged_after_a_restart_is_silent():
    told = Told(PLAIN + of())
    for i in range(3):
        told.point(f"host{i}/cpu", 5.0, 0.0)
    told.restart()
    told.point("host2/cpu", 5.0, 0.0)
    told.score.acknowledge("host2/cpu", "")
    sounds = len(told.notes)
    for second in range(30):
        told.flush(second)
    assert len(told.notes) == sounds


@pytest.mark.parametrize(
    "damage",
    [
        {"sounded_s": [-1.0]},
        {"sounded_s": [float("nan")]},
        {"told_s": [["x", 1e9]]},
        {"told_s": [[3, 1.0]]},
        {"waiting": [{}]},
        {"beyond": -1},
        {"sounded_s": None},
    ],
)
def test_a_state_of_a_budget_that_is_none_is_refused(damage):
    told = Told(PLAIN + of())
    for i in range(4):
        told.point(f"host{i}/cpu", 5.0, 0.0)
    state = told.score.state()
    state["alerts"].update(damage)
    with pytest.raises(ValueError, match=r"\w"):
        Score(told.session, sample_rate=RATE).restore(state)


STREAMS = [f"{group}{name}" for group in ("a/", "b/", "") for name in "xyz"]
DOINGS = st.lists(
    st.tuples(
        st.floats(0, 90),
        st.sampled_from(STREAMS),
        st.sampled_from(["raise", "raise", "clear", "acknowledge", "restart"]),
    ),
    max_size=120,
)


@given(doings=DOINGS, budget=st.integers(1, 5), high=st.booleans())
def test_the_budget_holds_in_any_ten_minutes_and_each_alert_has_a_fate(doings, budget, high):
    toml = f"{PLAIN}[notices]\nbudget = {budget}\nstale = false\n[[part]]\n"
    toml += of("a/*", "high" if high else "low") + of("b/*", more="repeat = '30s'\n")
    toml += of("[xyz]")
    told = Told(toml)
    seconds = 0.0
    for later, stream, doing in doings:
        for _ in range(int(later)):
            seconds += 1.0
            told.flush(seconds)
        if doing == "acknowledge":
            told.score.acknowledge(stream, "")
        elif doing == "restart":
            told.score.change(parse_session(toml.encode(), "again.toml"))
        else:
            told.point(stream, 5.0 if doing == "raise" else 0.0, seconds)
        counts = told.score.counts
        assert sum(told.fates) + told.score.alerts_waiting == (
            counts.alerts - counts.alerts_trembling
        )
    names = [f"above{priority}" for priority in ("", " low")]
    within = sorted(told.onsets(*names, "outside", "outside low"))
    for i, onset in enumerate(within):
        assert bisect_left(within, onset + SPAN_S * RATE) - i <= budget
    for _ in range(int(SPAN_S) + 10):
        seconds += 1.0
        told.flush(seconds)
    assert told.score.alerts_waiting == 0
    if not any(doing == "acknowledge" for _, _, doing in doings):
        raised = {event.stream for event in told.events if isinstance(event, AlertRaised)}
        named = {group.name for event in told.merged for group in event.groups}
        heard = {note.stream for note in told.notes} | named
        assert set(map(group_of, raised)) <= {name.partition("/")[0] for name in heard} | {""}
