"""``streamson demo --tour``: the whole minute, as a newcomer meets it."""

import json
import re

import numpy as np
import psutil
import pytest
import soundfile

from streamson.producers.tour import CAPTIONS
from tests.cli.terminal import Terminal
from tests.conftest import family_of

TIMEOUT_S = 100

EVENTS = {
    "below its limit": "boiler: celsius is 59.5, below 60",
    "jumps to 97 %": "db/cpu: percent is 97 %, above 90 %",
    "Both recover": "db/cpu: percent is 22.2 % again",
    "says nothing any more": "web2/cpu: silent for",
    "There it is again": "web2/cpu: back after",
    "Points get lost": "queue: 2 points lost",
}
"""What is said to happen, and the line that tells that it did."""


def test_the_tour_can_be_shorter(run):
    done = run("demo", "--tour", "--output", "none", "--duration", "5")
    assert done.returncode == 0
    assert re.match(r"played \d+ notes of \d+ points in 5\.0 s", done.stdout)
    assert CAPTIONS[0].text in done.stderr
    assert CAPTIONS[1].text not in done.stderr


def test_a_tour_whose_producer_dies_says_so(start, touring):
    demo = start("demo", "--tour", "--output", "none")
    demo.await_line(CAPTIONS[0].text)
    others = family_of(touring[0].pid)
    (producer,) = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.pid not in others and {"produce", "tour"} <= set(child.cmdline())
    ]
    producer.kill()
    code, out, err = demo.wait()
    assert code == 1
    assert "the tour producer ended" in err
    assert out.startswith("played")


def test_a_terminal_shows_the_captions_from_the_first_one_on(tmp_path):
    terminal = Terminal(tmp_path, "demo", "--tour", "--output", "none", size=(80, 24))
    try:
        shown = "  " + CAPTIONS[0].text
        terminal.await_screen(lambda: shown in terminal.lines, "first caption")
        terminal.press("q")
        assert terminal.end(timeout_s=20) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()


@pytest.fixture(scope="module")
def toured(touring):
    """The tour at its end: exit code, folder, and the lines of its captions and events."""
    process, folder = touring
    code = process.wait(TIMEOUT_S)
    lines = re.findall(r"^(\d\d):(\d\d):(\d\d) (.*)$", (folder / "err").read_text(), re.MULTILINE)
    told = [(3600 * int(h) + 60 * int(m) + int(s), text) for h, m, s, text in lines]
    return code, folder, told


def test_the_tour_says_its_captions_when_they_are_due(toured):
    _, _, told = toured
    texts = [caption.text for caption in CAPTIONS]
    assert [text for _, text in told if text in texts] == texts
    begun = next(second for second, text in told if text == texts[0])
    for caption in CAPTIONS:
        second = next(second for second, text in told if text == caption.text)
        assert -1.5 < (second - begun) % 86_400 - (caption.at_s - CAPTIONS[0].at_s) < 2.5


def test_what_the_tour_says_happens_right_after_it(toured):
    _, _, told = toured
    captions = {caption.text for caption in CAPTIONS}
    happened = ["boiler: celsius is 62.6 again", *EVENTS.values()]
    line = [(s, t) for s, t in told if t in captions or any(map(t.startswith, happened))]
    for words, event in EVENTS.items():
        said = next(i for i, (_, text) in enumerate(line) if words in text)
        assert line[said + 1][1].startswith(event)
        assert (line[said + 1][0] - line[said][0]) % 86_400 <= 4


def test_the_tour_ends_by_itself(toured):
    code, folder, _ = toured
    assert code == 0
    played, lost, alerts, recorded = (folder / "out").read_text().splitlines()
    assert re.match(r"played \d+ notes of \d+ points in 7\d\.\d s", played)
    assert lost.startswith("lost 2 points, refused 0 messages, ")
    assert alerts.endswith(" sounded")
    assert recorded.startswith("recorded 7")
    stats = json.loads((folder / "stats.json").read_text())
    assert (stats["alerts"], stats["alerts_active"], stats["streams_stale"]) == (2, 0, 0)
    assert (stats["notes_dropped"], stats["earcons_left_out"], stats["faults"]) == (0, 0, 0)


def test_the_tour_is_comfortable_to_hear(toured):
    _, folder, _ = toured
    sound, rate = soundfile.read(folder / "tour.wav")
    seconds = len(sound) // rate
    levels_db = [
        20 * np.log10(np.sqrt(np.mean(sound[s * rate : (s + 1) * rate] ** 2)) + 1e-9)
        for s in range(seconds)
    ]
    assert -12 < 20 * np.log10(np.abs(sound).max()) < -4
    while_it_lasts = levels_db[2:70]
    assert min(while_it_lasts) > -36
    assert max(while_it_lasts) < -15
    assert np.abs(sound[-rate // 10 :]).max() < 1e-3  # it has rung out
