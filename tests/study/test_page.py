"""The study's page as participants use it: a real browser, the keyboard alone, a phone."""

import csv
import json

import pytest

from tests.conftest import until

FAST = """(() => {
    const make = AudioContext.prototype.createBufferSource;
    AudioContext.prototype.createBufferSource = function () {
        const source = make.call(this);
        source.playbackRate.value = 20;
        return source;
    };
    const decode = AudioContext.prototype.decodeAudioData;
    globalThis.heard = [];
    AudioContext.prototype.decodeAudioData = async function (bytes) {
        const sound = await decode.call(this, bytes);
        heard.push(sound.duration);
        return sound;
    };
})()"""
"""Sounds pass quickly, and their lengths are noted."""

ENDED = "document.activeElement.id === 'answers'"
"""The sound is over: the answers have the focus."""


@pytest.fixture
def sit(visit):
    """Sit down before a page of a study."""

    def sit_down(study, **options):
        tab = visit("about:blank", **options)
        tab.add_init_script(FAST)
        tab.goto(study.url)
        return tab

    return sit_down


@pytest.fixture
def sit_offline(chromium):
    """The same where the network fails, which the browser calls an error; the page has none."""
    context, faults = chromium.new_context(), []

    def sit_down(study):
        tab = context.new_page()
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.set_default_timeout(20_000)
        tab.add_init_script(FAST)
        tab.goto(study.url)
        return tab

    yield sit_down
    context.close()
    assert not faults


def page_of(tab):
    return tab.evaluate("document.querySelector('main > section:not([hidden])').id")


def await_page(tab, name):
    until(lambda: page_of(tab) == name, f"the page {name}")


def focused(tab):
    return tab.evaluate("document.activeElement.id")


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def come_in(tab):
    """Agree, and set the volume, by keys."""
    press(tab, "Tab", "Space", "Tab", "Enter")
    await_page(tab, "volume")
    press(tab, "Tab")
    assert focused(tab) == "example"
    press(tab, "Enter")
    until(lambda: tab.evaluate("heard.length") == 1, "the example")
    until(lambda: not tab.inner_text("#volume-status"), "its end")
    press(tab, "Tab", "Enter")


def go_through(tab, play_again=()):
    """Take the test by keys alone; return what the page showed at each trial."""
    shown = []
    while True:
        until(lambda: focused(tab) in {"play", "intro-title", "rating-title", "done-title"}, "more")
        name = page_of(tab)
        if name == "intro":
            press(tab, "Tab", "Enter")
            await_page(tab, "trial")
            continue
        if name != "trial":
            return shown
        title = tab.inner_text("#trial-title")
        assert all(button.is_disabled() for button in tab.query_selector_all("#choices button"))
        press(tab, "1")  # too early: nothing comes of it
        press(tab, "Enter")
        until(lambda: tab.evaluate(ENDED), "the end of the sound")
        if len(shown) in play_again:
            press(tab, "Shift+Tab", "Enter")
            until(lambda: not tab.evaluate(ENDED), "it sounds again")
            until(lambda: tab.evaluate(ENDED), "the end of the sound")
        choices = [
            button.get_attribute("data-value")
            for button in tab.query_selector_all("#choices button")
        ]
        key = len(shown) % len(choices)
        shown.append((title, tab.inner_text("#question"), choices[key]))
        press(tab, str(key + 1))
        if title.startswith("Training"):
            until(lambda: focused(tab) == "next", "what is right")
            shown[-1] += (tab.inner_text("#feedback"),)
            press(tab, "Enter")
        until(lambda t=title: page_of(tab) != "trial" or tab.inner_text("#trial-title") != t, "on")


def test_a_whole_test_by_the_keyboard_alone(start, sit, tmp_path):
    (tmp_path / "items.txt").write_text("I could tell them apart.\nI liked them.\n")
    study = start("--trials", "3", "--seed", "5", "--questionnaire", "items.txt")
    tab = sit(study)
    come_in(tab)
    shown = go_through(tab, play_again={0, 8})
    await_page(tab, "rating")
    press(tab, "Tab", "Space", "ArrowRight", "ArrowRight", "Tab", "Space", "Tab", "Enter")
    await_page(tab, "done")
    rows = study.rows()
    assert len(rows) == len(shown) == 6 + 6 + 3
    for number, (row, (title, question, answer, *feedback)) in enumerate(
        zip(rows, shown, strict=True)
    ):
        assert row["answer"] == answer
        assert row["right"] == str(int(answer == row["truth"]))
        assert row["replays"] == str(int(number in {0, 8}))
        assert 0 <= float(row["seconds"]) < 20
        assert title.startswith(
            {"headphones": "Tones", "training": "Training", "test": "Test"}[row["phase"]]
        )
        words = {"softest": "softest", "stream": "changed", "direction": "up", "count": "many"}
        assert words[row["question"]] in question
        if feedback:
            assert feedback[0].startswith("That is right" if row["right"] == "1" else "No")
            assert row["right"] == "1" or row["truth"] in feedback[0]
    # What sounded is as long as what the row says was played: its points, and the fading after.
    lengths = tab.evaluate("heard")[1:]
    del lengths[8 + 1 + 1], lengths[1]  # those that were played again
    for row, length in zip(rows, lengths, strict=True):
        if played := json.loads(row["played"]):
            last_s = max(begin + (len(values) - 1) / 3 for begin, values in played)
            assert last_s < length < last_s + 2
    name = tab.inner_text("#name")
    assert {row["participant"] for row in rows} == {name}
    with (tmp_path / "results_questionnaire.csv").open(newline="") as file:
        ratings = [(row["participant"], row["rating"]) for row in csv.DictReader(file)]
    assert ratings == [(name, "3"), (name, "1")]
    # The next one.
    press(tab, "Tab", "Enter")
    await_page(tab, "welcome")
    assert not tab.is_checked("#agree")


def test_who_loads_the_page_again_goes_on_where_he_was(start, sit):
    study = start("--trials", "1", "--loudspeakers")
    tab = sit(study)
    come_in(tab)
    until(lambda: focused(tab) == "intro-title", "the training")
    tab.reload()
    until(lambda: focused(tab) == "intro-title", "the training again")
    tab.click("#intro-done")
    tab.click("#play")
    until(lambda: tab.evaluate(ENDED), "the end of the sound")
    tab.reload()
    until(lambda: focused(tab) == "intro-title", "the training again")
    tab.click("#intro-done")
    assert tab.inner_text("#play") == "Play it again (2 left)"
    # He has heard it, and may answer. A network that is gone is told, and loses nothing.
    tab.evaluate("globalThis.real = fetch; globalThis.fetch = () => Promise.reject(Error()); 0")
    tab.click("#choices button")
    until(lambda: "can't be reached" in tab.inner_text("#trial .problem"), "that it is said")
    assert not study.rows()
    tab.evaluate("globalThis.fetch = real; 0")
    tab.click("#choices button")
    until(lambda: focused(tab) == "next", "what is right")
    assert not tab.inner_text("#trial .problem")
    assert len(study.rows()) == 1


def test_a_sound_that_the_network_lost_is_not_counted_and_a_server_that_was_killed_is_waited_for(
    start, sit_offline
):
    study = start("--trials", "1", "--loudspeakers")
    tab = sit_offline(study)
    come_in(tab)
    until(lambda: focused(tab) == "intro-title", "the training")
    tab.click("#intro-done")
    tab.route("**/sound?*", lambda route: route.abort())
    tab.click("#play")
    until(lambda: "can't be reached" in tab.inner_text("#trial .problem"), "that it is said")
    assert tab.inner_text("#play") == "Play the sound"
    assert all(button.is_disabled() for button in tab.query_selector_all("#choices button"))
    tab.unroute("**/sound?*")
    tab.click("#play")
    until(lambda: tab.evaluate(ENDED), "the end of the sound")
    assert tab.inner_text("#play") == "Play it again (2 left)"
    assert not tab.inner_text("#trial .problem")
    tab.click("#choices button")
    until(lambda: focused(tab) == "next", "what is right")
    study.kill()
    tab.click("#next")
    until(lambda: "can't be reached" in tab.inner_text("#trial .problem"), "that it is said")
    again = start("--trials", "1", "--loudspeakers", "--web", str(study.port))
    tab.click("#next")
    until(lambda: tab.inner_text("#trial-title") == "Training: sound 2 of 6", "the next one")
    tab.click("#play")
    until(lambda: tab.evaluate(ENDED), "the end of the sound")
    tab.click("#choices button")
    until(lambda: focused(tab) == "next", "what is right")
    assert [row["trial"] for row in again.rows()] == ["1", "2"]


def test_whom_nobody_knows_begins_anew_and_is_told_why(start, sit_offline):
    study = start("--trials", "1", "--loudspeakers")
    tab = sit_offline(study)
    tab.evaluate("sessionStorage.setItem('streamson-study', 'of another study')")
    tab.reload()
    until(lambda: "begin anew" in tab.inner_text("#welcome .problem"), "that it is said")
    assert page_of(tab) == "welcome"
    assert tab.evaluate("sessionStorage.length") == 0


def test_no_page_stands_in_anybodys_way(start, sit, tmp_path):
    """By the rules of axe-core; on a phone nothing goes beyond its edge."""
    from axe_playwright_python.sync_playwright import Axe

    (tmp_path / "items.txt").write_text("I could tell them apart.\n")
    study = start("--trials", "1", "--questionnaire", "items.txt", "--loudspeakers")
    tab = sit(study)
    looked = []

    def look(name):
        for scheme, width in (("light", 1000), ("dark", 360)):
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(tab).response["violations"]
            assert not [(one["id"], one["nodes"][0]["html"]) for one in found], name
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, name
        looked.append(name)

    look("welcome")
    tab.check("#agree")
    tab.click("#start")
    await_page(tab, "volume")
    look("volume")
    tab.click("#volume-done")
    while page_of(tab) != "done":
        until(lambda: focused(tab) in {"play", "intro-title", "rating-title", "done-title"}, "more")
        name = page_of(tab)
        if name not in looked:
            look(name)
        if name == "intro":
            tab.click("#intro-done")
        elif name == "trial":
            tab.click("#play")
            until(lambda: tab.evaluate(ENDED), "the end of the sound")
            if "answers" not in looked:
                look("answers")
            title = tab.inner_text("#trial-title")
            tab.click("#choices button")
            if title.startswith("Training"):
                until(lambda: focused(tab) == "next", "what is right")
                if "feedback" not in looked:
                    look("feedback")
                tab.click("#next")
            until(
                lambda t=title: page_of(tab) != "trial" or tab.inner_text("#trial-title") != t, "on"
            )
        elif name == "rating":
            tab.check("input[value='4']")
            tab.click("#rating-done")
            await_page(tab, "done")
    look("done")
