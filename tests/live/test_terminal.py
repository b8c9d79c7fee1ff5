"""The screen before there is a terminal: cells, figures, columns, and pages of every size."""

import math
import os
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.live.terminal import columns, figures
from streamson.live.terminal.cells import cut, fit, shown, width_of
from streamson.live.terminal.columns import columns_for
from streamson.live.terminal.glyphs import BLOCKS, PLAIN
from streamson.live.terminal.page import Page
from streamson.live.terminal.view import View
from streamson.live.terminal.watched import CURVE_VALUES, Watched
from streamson.model.event.alerts import AlertRaised, AlertsMerged, MergedGroup
from streamson.model.event.devices import DeviceBack, DeviceLost
from streamson.model.event.steering import Caption
from streamson.model.event.streams import PointsUnplayed, StreamRecovered
from streamson.model.feed import EVENT, HELLO, LEVEL, STATE, STATISTICS, STREAMS, EventTold, Level
from streamson.model.feed import Streams as StreamsTold
from tests.live import made_up

ODD_NAMES = [
    *(
        "\x1b[2J\x1b[31mred",
        "\x1b]0;title\x07",
        "tab\tnew\nline\r",
        "\u202egnp.exe\u2066",
        "\x9b5A",
    ),
    *("世界/服务器/温度", "e\u0301a\u0308", "z" + "\u0301" * 40, "\u0301begin", "शीर्ष", "שלום"),
    *("👍🏽/👨‍👩‍👧", "a\ufe0f", "\u3164", "\u200b", "[bold]x[/bold]", "\ud800", "x" * 256, " "),
]
STEERING = {chr(code) for code in (*range(32), *range(0x7F, 0xA0))} | set("\u202e\u2066\u200b")


def told(topic, message, watched=None):
    watched = watched or Watched()
    watched.update(topic, message)
    return watched


def watching(*rows, **of_state):
    watched = told(HELLO, made_up.hello())
    watched.update(STATE, made_up.state(**of_state))
    watched.update(STATISTICS, made_up.statistics(seconds=62.0, points_received=5))
    watched.update(STREAMS, StreamsTold(frame=0, count=len(rows), rows=tuple(rows)))
    return watched


def event(sentence_of, at=0.0):
    return EventTold(number=1, time=at, sentence=sentence_of.sentence, event=sentence_of)


def texts(watched, size=(80, 24), view=None, glyphs=BLOCKS):
    lines = Page(watched, view or View(), glyphs).compose(*size, time.monotonic())
    return ["".join(span.text for span in line.spans).rstrip() for line in lines]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_harmless_and_as_wide_as_it_is_planned(name):
    text = shown(name)
    assert not STEERING & set(text)
    assert width_of(text) >= 1
    for width in range(40):
        assert width_of(fit(text, width)) == width
        assert width_of(cut(text, width)) <= width
    assert shown(name, ascii_only=True).isascii()


@given(st.text(max_size=60), st.integers(0, 30))
def test_any_text_fits(text, width):
    harmless = shown(text)
    assert not STEERING & set(harmless)
    assert width_of(fit(harmless, width)) == width


def test_a_cell_has_few_marks_on_it():
    assert len(shown("z" + "\u0301" * 40)) == 3


def test_both_ends_of_a_name_stay():
    assert fit("web1.example.org/cpu", 11) == "web1…rg/cpu"


@given(st.floats())
def test_any_value_is_told_in_seven_characters(value):
    assert 1 <= len(figures.rounded(value)) <= 7


@given(st.floats(1e-3, 9e20), st.booleans())
def test_a_rounded_value_is_near(value, is_negative):
    value = -value if is_negative else value
    text = figures.rounded(value)
    factor = 1_000.0 ** ("kMGTPE".index(text[-1]) + 1) if text[-1].isalpha() else 1.0
    assert math.isclose(float(text.rstrip("kMGTPE")) * factor, value, rel_tol=0.06)


@pytest.mark.parametrize(
    ("value", "text"),
    [(12_345, "12.3k"), (0.0042, "0.0042"), (71.34, "71.3"), (1013.25, "1013"), (7, "7")],
)
def test_values_read_as_people_write_them(value, text):
    assert figures.rounded(value) == text


@given(st.lists(st.floats(), max_size=200), st.integers(1, 100))
def test_a_curve_shows_the_last_values(values, width):
    drawn = figures.curve(values, width, BLOCKS)
    assert len(drawn) == min(len(values), width)
    assert set(drawn) <= {*BLOCKS.spark, " "}


def test_a_curve_rises_with_its_values():
    assert figures.curve([1, 2, 3, 4, 5, 6, 7, 8], 8, BLOCKS) == BLOCKS.spark
    assert figures.curve([5, 5, math.nan, 5], 4, BLOCKS) == "▄▄ ▄"


@given(st.integers(1, 300), st.integers(0, 300))
def test_columns_have_exactly_the_room_that_there_is(width, name_width):
    found = columns_for(width, name_width)
    taken = sum(column.most for column in found) + columns.GAP * (len(found) - 1)
    assert taken <= max(width, 10)
    titles = [column.title for column in found]
    assert columns.NAME in titles
    assert (columns.STATE in titles) != ("" in titles)


def test_what_matters_most_stays_longest():
    titles = [{column.title for column in columns_for(width, 12)} for width in (37, 77, 197)]
    assert titles[0] == {columns.NAME, "", columns.VALUE, columns.CURVE, columns.NOTE}
    assert titles[1] == {column for column in columns._IN_ORDER if column} - {
        columns.MARK,
        columns.PLAYS,
    }
    assert columns.PLAYS in titles[2]


@settings(max_examples=300)
@given(
    st.integers(1, 220) | st.integers(16, 45),
    st.integers(1, 70) | st.integers(3, 20),
    st.lists(st.sampled_from([*ODD_NAMES, "a", "web1/cpu"]), unique=True),
    st.sampled_from([BLOCKS, PLAIN]),
    st.booleans(),
)
def test_a_page_of_any_size_is_whole(width, height, names, glyphs, has_help):
    rows = [made_up.row(name) for name in names]
    watched = watching(*rows, alerts=tuple(made_up.alert(name) for name in names[:3]))
    for name in names[:2]:
        watched.update(EVENT, event(StreamRecovered(frame=0, name=name, silent_s=3.0)))
    watched.update(EVENT, event(Caption(frame=0, text="What is heard. " * 13)))
    view = View(help_top=0 if has_help else None)
    lines = Page(watched, view, glyphs).compose(width, height, time.monotonic())
    assert len(lines) == height or height < 3 or width < 16
    for line in lines:
        text = "".join(span.text for span in line.spans)
        assert width_of(text) <= width
        assert not STEERING & set(text)
        assert text.isascii() or glyphs is BLOCKS


def test_eighty_columns_tell_all_of_a_stream():
    watched = watching(made_up.row("web1/cpu", points_lost=3))
    assert texts(watched)[4].split() == [
        *("▶", "web1/cpu", "live", "42", "percent", "0..100", "▄", "C#4", "4.0/s", "3"),
    ]


def test_the_header_tells_how_the_listener_does():
    watched = watching(made_up.row("a"), recording="take.wav", alerts=(made_up.alert("a"),))
    watched.update(
        STATISTICS,
        made_up.statistics(
            seconds=63.0,
            points_received=17,
            points_lost=4,
            callback_load=0.021,
            latency_median_ms=3.44,
            recorded_seconds=61.0,
        ),
    )
    head = texts(watched, (120, 30))[:2]
    assert head[0].startswith(" streamson · monitor · without sound")
    assert head[0].endswith("1:03")
    for words in ("volume -6 dB", "REC 1:01 to take.wav", "12 points/s", "load 2.1 %"):
        assert words in head[1]
    for words in ("latency 3.4 ms", "4 lost", "1 alert"):
        assert words in head[1]


def test_what_is_muted_soloed_and_therefore_not_heard_is_marked():
    rows = [made_up.row(name) for name in ("a", "b", "c")]
    watched = watching(*rows, muted_streams=("a",), soloed_streams=("b",), muted=True)
    lines = texts(watched)
    assert "MUTED (-6 dB)" in lines[1]
    assert [line[:4] for line in lines[4:7]] == ["▶M a", " S b", " - c"]


def test_states_are_words_where_there_is_room_and_signs_where_there_is_not():
    rows = [
        made_up.row(name, state=state)
        for name, state in (("a", "live"), ("b", "alert"), ("c", "alert"), ("d", "stale"))
    ] + [made_up.row("e", state="ended")]
    watched = watching(*rows, alerts=(made_up.alert("b"), made_up.alert("c", acknowledged=True)))
    words = [line.split()[-8] for line in texts(watched)[4:9]]
    assert words == ["live", "ALERT", "known", "silent", "ended"]
    signs = [line[14] for line in texts(watched, (40, 24))[4:9]]
    assert signs == [" ", "!", "k", "?", "x"]


def test_what_was_told_as_one_stands_before_its_alerts_until_somebody_knows_of_them():
    group = MergedGroup("rack2", 14, ("free",))
    merged = event(AlertsMerged(frame=0, alerts=14, groups=(group,)), 45.0)
    for acknowledged, words in ((False, "ALERTS"), (True, "alerts")):
        alert = made_up.alert("a", acknowledged=acknowledged, raised_at=40.0)
        watched = watching(made_up.row("a"), alerts=(alert,))
        watched.update(EVENT, merged)
        found = [line[11:] for line in texts(watched) if "14 streams" in line]
        assert found == [f"{words}  14 alerts: 14 streams of rack2, free"]


def test_alerts_stand_before_events_and_those_that_nobody_knows_before_others():
    known = made_up.alert("b", acknowledged=True, raised_at=50.0)
    watched = watching(made_up.row("a"), alerts=(known, made_up.alert("a", raised_at=40.0)))
    raised = AlertRaised(
        frame=0,
        stream="a",
        field="percent",
        value=97.0,
        kind="above",
        low=None,
        high=90.0,
        time=40.0,
    )
    back = StreamRecovered(frame=0, name="c", silent_s=3.0)
    for one in (event(raised, 40.2), event(back, 60.0)):
        watched.update(EVENT, one)
    lines = texts(watched)
    at = next(number for number, line in enumerate(lines) if "EVENTS" in line)
    assert lines[at] == "  ALERTS 2, EVENTS"
    assert [line[11:] for line in lines[at + 1 : at + 5]] == [
        "ALERT   a: percent is 97, above 90",
        "known   b: percent is 97, above 90",
        "back    c: back after 3.0 s",
        "",
    ]


def test_a_device_that_went_away_is_told_until_it_is_back():
    watched = watching(made_up.row("a"))
    watched.update(EVENT, event(DeviceLost(frame=0, device="Card", retry_s=2.0)))
    assert 'monitor · NO SOUND: "Card" is gone' in texts(watched)[0]
    watched.update(EVENT, event(DeviceBack(frame=0, device="Card")))
    assert "monitor · without sound" in texts(watched)[0]


def test_meters_show_the_loudest_since_they_were_drawn():
    watched = watching(made_up.row("a"))
    for peak in (-30.0, -6.0, -40.0):
        level = Level(frame=1, peak_dbfs=(peak, None), rms_dbfs=(peak - 12, None))
        watched.update(LEVEL, level)
    line = texts(watched)[2]
    assert "-6 dB" in line
    assert line.endswith("silent")
    watched.settle()
    watched.update(LEVEL, Level(frame=2, peak_dbfs=(-40.0, None), rms_dbfs=(-52.0, None)))
    assert "-40 dB" in texts(watched)[2]


def test_the_curve_has_a_value_for_each_point_that_was_told():
    watched = watching(made_up.row("a"))
    for number in range(2, 5):
        row = made_up.row("a", points=number, fields={"percent": number, "load": 9.0})
        for _ in range(2):  # the second one tells nothing new
            watched.update(STREAMS, StreamsTold(frame=number, count=1, rows=(row,)))
    assert list(watched.curves["a"]) == [42.0, 2, 3, 4]
    for number in range(5, 500):
        row = made_up.row("a", points=number)
        watched.update(STREAMS, StreamsTold(frame=number, count=1, rows=(row,)))
    assert len(watched.curves["a"]) == CURVE_VALUES


def test_another_listener_at_the_same_place_is_another_one():
    watched = watching(made_up.row("a"), alerts=(made_up.alert("a"),))
    new_frame, old_frame = 100, 10_000_000
    watched.update(STREAMS, StreamsTold(frame=old_frame, count=1, rows=(made_up.row("a"),)))
    watched.update(EVENT, event(StreamRecovered(frame=0, name="a", silent_s=1.0)))
    watched.update(HELLO, made_up.hello(output="on a card"))
    watched.update(STATE, made_up.state(frame=new_frame))
    watched.update(STREAMS, StreamsTold(frame=new_frame, count=1, rows=(made_up.row("b"),)))
    assert list(watched.mirror.rows) == list(watched.curves) == ["b"]
    assert watched.mirror.hello.output == "on a card"
    assert watched.mirror.state.alerts == ()
    assert len(watched.mirror.events) == 1


def test_the_selection_stays_with_its_stream_when_others_go():
    names = [f"s{number}" for number in range(50)]
    view = View()
    view.settle(names, 10)
    for _ in range(30):
        view.move(names, 1)
    view.settle(names, 10)
    assert (view.selected, view.top) == ("s30", 21)
    view.settle(names[10:], 10)
    assert view.selected == "s30"
    view.move(names[10:], 1)
    assert view.selected == "s31"
    view.move(names[10:], -1)
    view.settle([name for name in names if name != "s30"], 10)
    assert view.selected in names
    view.settle([], 10)
    view.settle(["new"], 10)
    assert view.selected == "new"


def test_a_filter_finds_names_and_states():
    rows = [made_up.row("Web1/cpu"), made_up.row("db", state="stale"), made_up.row("x")]
    found = [texts(watching(*rows), view=View(filter=words)) for words in ("web", "silent", "zz")]
    assert "Web1/cpu" in found[0][4]
    assert "db" in found[1][4]
    assert "no stream has that" in found[2][4]
    assert "find: web   1 of 3 streams" in found[0][-2]


def test_a_caption_is_shown_whole():
    watched = watching(made_up.row("a"))
    text = "A queue grows: its held tone rises, and is louder while it moves. Listen to it now."
    watched.update(EVENT, event(Caption(frame=0, text=text)))
    lines = texts(watched, (40, 16))
    assert " ".join(line.strip() for line in lines[3:6]) == text
    assert not any("Listen" in line for line in lines[6:])


def test_without_streams_it_says_what_brings_some():
    lines = texts(watching())
    assert any("waiting for points on tcp://127.0.0.1:5570" in line for line in lines)
    assert any("streamson produce system --endpoint tcp://127.0.0.1:5570" in line for line in lines)


def test_points_that_no_part_plays_are_said():
    unplayed = PointsUnplayed(
        frame=0, stream="boiler", points=6, wanted=("temp",), found=("level",), hint="mend it"
    )
    told = msgspec.msgpack.decode(msgspec.msgpack.encode(event(unplayed)), type=EventTold)
    watched = watching(made_up.row("boiler"))
    watched.update(EVENT, told)
    (line,) = (line for line in texts(watched, (110, 24)) if "in a row" in line)
    assert line.split(maxsplit=1)[1] == (
        "field   boiler: 6 points in a row have no field that is played (temp), only level; mend it"
    )


def test_of_who_follows_another_listener_no_points_are_awaited():
    watched = watching()
    watched.update(HELLO, made_up.hello(follows=True))
    lines = texts(watched)
    where = "tcp://127.0.0.1:5570"
    assert any(f"waiting for notes of the listener on {where}" in line for line in lines)
    assert not any("point" in line or "produce" in line for line in lines)


def test_three_thousand_streams_cost_little():
    watched = watching(*(made_up.row(f"rack{n // 40}/host{n % 40}/cpu") for n in range(3_000)))
    page = Page(watched, View(), BLOCKS)
    page.compose(200, 60, 0.0)
    before = os.times().user
    for _ in range(20):
        page.compose(200, 60, 0.0)
    assert (os.times().user - before) / 20 < 0.05
