"""The page as somebody uses it: a real browser, with the sound that comes out of it."""

import csv
import math
import socket
import threading
import time
from base64 import b64decode
from itertools import dropwhile, groupby, pairwise

import numpy as np
import pytest
import soundfile

from streamson import Listener, Publisher
from streamson.session.load import parse_session
from tests.conftest import DATA, until

ANY_PORT = "tcp://127.0.0.1:*"
ALERTS = parse_session(
    b'[[part]]\n[[alert]]\nstream = "*"\nfield = "percent"\nabove = 90\n', "alerts.toml"
)
NOTES = 20

RECORD = """() => {
    const { sound } = streamson;
    const tap = sound._context.createMediaStreamDestination();
    sound.analyser.connect(tap);
    globalThis.recorder = new MediaRecorder(tap.stream, { mimeType: "audio/webm;codecs=pcm" });
    recorder.start();
}"""
"""Keep all that comes out of the page, however seldom it has time for a picture."""


RECORDED = """async () => {
    const recorded = new Promise((resolve) => (recorder.ondataavailable = resolve));
    recorder.stop();
    const bytes = await (await recorded).data.arrayBuffer();
    const sound = await streamson.sound._context.decodeAudioData(bytes);
    const left = sound.getChannelData(0);
    const right = sound.getChannelData(sound.numberOfChannels - 1);
    const pcm = Int16Array.from(left, (one, i) => 16383 * (one + right[i]));
    const address = new FileReader();
    await new Promise((resolve) => {
        address.onload = resolve;
        address.readAsDataURL(new Blob([pcm]));
    });
    return [sound.sampleRate, address.result.split(",")[1]];
}"""
"""The samples of that, in one channel, as Base64."""


PLAYED = """({
    ...streamson.sound.figures, pictures: streamson.canvas.frames, now: performance.now()
})"""


REPORTS = """() => {
    const { sound } = streamson;
    const reported = sound._reported.bind(sound);
    globalThis.reports = [];
    sound._reported = (report) => {
        reports.push(report);
        reported(report);
    };
}"""
"""Keep all that the player reports."""


CONNECTIONS = """() => {
    const { sound } = streamson;
    const received = sound._received.bind(sound);
    globalThis.connections = [];
    sound._received = (message) => {
        if ("open" in message) connections.push(message);
        received(message);
    };
}"""
"""Keep all that is told of the connection that brings the sound."""


STALL_S = 0.04
"""Half of what the page has waiting: where a machine stands still for longer, any sound breaks."""


UNSEEN_STALLS = 1
"""Of a minute, which hit one of the browser's processes and not the control."""


class Stalls:
    """A control: counts how often this machine lets a thread that wants to run wait for long."""

    def __init__(self):
        self.count = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        before = time.perf_counter()
        while not self._stopping.wait(0.005):
            now = time.perf_counter()
            self.count += now - before > STALL_S
            before = now


def played_without_breaks(tab, seconds):
    """Let a page play for so long; return its figures of before and after.

    It has up to three goes: a machine that stood still for a moment does not decide.
    """
    breaks = []
    for _ in range(3):
        before = tab.evaluate(PLAYED)
        with Stalls() as stalls:
            tab.wait_for_timeout(1_000 * seconds)
        after = tab.evaluate(PLAYED)
        underruns, skips, missed = (
            after[name] - before[name] for name in ("underruns", "skips", "missed")
        )
        assert missed == 0
        breaks.append((underruns + skips, stalls.count))
        if underruns + skips <= stalls.count + UNSEEN_STALLS:
            return before, after
    pytest.fail(f"breaks, and times at which the machine stood still: {breaks}")


def await_true(tab, condition):
    """Wait for a condition in the page, by its debugger: the page's policy allows no eval."""
    until(lambda: tab.evaluate(condition), condition)


def sound_on(tab):
    tab.click("#sound")
    await_true(
        tab, "streamson.sound.figures?.plays && streamson.sound._context.state === 'running'"
    )


def await_state(tab, condition):
    await_true(tab, f"(() => {{ const s = streamson.state; return s && {condition}; }})()")


@pytest.fixture
def article():
    with (DATA / "article_eta_300.csv").open() as file:
        return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]


@pytest.mark.alone
def test_the_browser_plays_the_first_notes_of_the_article(article, open_page, visit):
    with (
        Listener(ANY_PORT, session="demo", output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        tab = visit(open_page(listener.feed_endpoint).url)
        sound_on(tab)
        tab.evaluate(RECORD)
        for row in article[: NOTES + 4]:
            publisher.send("eta", {name: row[name] for name in ("re", "im", "modulus")})
        until(lambda: listener.stats().notes_played >= NOTES + 1, "the notes", 40)
        tab.wait_for_timeout(1_000)  # as long as the sound is on its way
        rate, pcm = tab.evaluate(RECORDED)
        figures = tab.evaluate("streamson.sound.figures")
    heard = loudest_partials(np.frombuffer(b64decode(pcm), "<i2") / 32_767, rate)
    midi = [round(69 + 12 * math.log2(hz / 440)) for hz in heard]
    # Where two notes meet may be neither: each note lasts for five looks or more.
    found = [note for note, run in groupby(midi) if len(list(run)) >= 2]
    found = [note for note, _ in groupby(found)]
    expected = [note for note, _ in groupby(int(row["midi_note"]) for row in article[:NOTES])]
    assert found[: len(expected)] == expected
    assert figures["missed"] == 0


def loudest_partials(samples, rate, size=2_048):
    """Return the frequency of the loudest partial sixty times a second, between its bins, in Hz."""
    found = []
    for at in range(0, len(samples) - size, rate // 60):
        amplitudes = abs(np.fft.rfft(samples[at : at + size] * np.blackman(size))) / size
        level_db = 20 * np.log10(amplitudes + 1e-12)
        peak = 1 + int(level_db[1:-1].argmax())
        if level_db[peak] > -75:
            a, b, c = level_db[peak - 1 : peak + 2]
            found.append((peak + 0.5 * (a - c) / (a - 2 * b + c)) * rate / size)
    return found


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_a_minute_without_a_break_while_fifty_streams_are_drawn(page, steady, visit):
    steady(50)
    tab = visit(page.url, viewport={"width": 1280, "height": 900})
    sound_on(tab)
    await_true(tab, "streamson.rows.streams.size === 50")
    tab.wait_for_timeout(3_000)
    before, after = played_without_breaks(tab, 60)
    passed_s = (after["now"] - before["now"]) / 1_000
    # 60 where two processors have nothing else to do.
    assert (after["pictures"] - before["pictures"]) / passed_s > 20
    assert abs(after["seconds"] - before["seconds"] - passed_s) < 0.5
    assert tab.inner_text("#sound-label") == "Sound is on"


def test_the_button_says_what_is(page, publish, visit):
    tab = visit(page.url)
    assert tab.inner_text("#sound-label") == "Play the sound here"
    assert tab.get_attribute("#sound", "aria-pressed") == "false"
    sound_on(tab)
    # No point, no note: the sound is on, and nobody is to think that it is broken.
    await_true(tab, "document.getElementById('sound-label').innerText.includes('silent')")
    publish("a", x=1.0)
    await_true(tab, "document.getElementById('sound-label').innerText === 'Sound is on'")
    assert "ms late" in tab.inner_text("#sound-detail")
    tab.click("#sound")
    assert tab.inner_text("#sound-label") == "Play the sound here"
    before = page.metrics()["streamson_page_hearers"]
    assert before in (0, 1)
    until(lambda: page.metrics()["streamson_page_hearers"] == 0, "that it hears no more")


def test_a_browser_that_lets_no_sound_begin_is_named(page, visit):
    tab = visit(page.url)
    tab.evaluate("""() => {
        const { sound } = streamson;
        sound.start(44100);
        sound._context.suspend();
        sound._context.resume = () => Promise.resolve();
    }""")
    await_true(tab, "document.getElementById('sound-label').innerText === 'Blocked by the browser'")


def test_the_table_tells_what_is_known_of_a_stream(page, publish, visit):
    for value in (10.0, 20.0, 30.0):
        publish("web/cpu", percent=value)
    tab = visit(page.url)
    row = tab.wait_for_selector('tr[data-stream="web/cpu"]')
    await_true(tab, "(document.querySelector('td.note')?.innerText ?? '–') !== '–'")
    cells = [cell.inner_text() for cell in row.query_selector_all("td")]
    assert cells[0].endswith("web/cpu")
    assert cells[1] == "live"
    assert cells[2] == "30 percent"
    assert cells[3] == "0 to 100"
    assert "percent ↑ pitch D3 to G5" in cells[7]


def test_names_from_outside_are_only_text(page, publish, visit):
    name = "<img src=x onerror=alert(1)>/\u202ecpu"
    publish(name.replace("\u202e", ""), **{"<b>x</b>": 1.0})
    tab = visit(page.url)
    tab.wait_for_selector("tbody tr")
    assert tab.query_selector("tbody img") is None
    assert tab.query_selector("tbody b") is None
    assert "<img src=x" in tab.inner_text("tbody")


def test_hands_mute_solo_change_volume_and_session(listener, page, publish, visit):
    publish("one", x=1.0)
    publish("two", x=1.0)
    tab = visit(page.url)
    tab.wait_for_selector('tr[data-stream="two"]')
    tab.click('tr[data-stream="one"] [data-action="mute_stream"]')
    await_state(tab, "s.muted_streams[0] === 'one'")
    assert (
        tab.get_attribute('tr[data-stream="one"] [data-action="mute_stream"]', "aria-pressed")
        == "true"
    )
    tab.click('tr[data-stream="two"] [data-action="alone"]')
    await_state(tab, "s.soloed_streams[0] === 'two'")
    tab.click("#hear-all")
    await_state(tab, "!s.soloed_streams.length && !s.muted_streams.length")
    tab.click("#mute")
    await_state(tab, "s.muted")
    assert tab.inner_text("#mute") == "Unmute all"
    tab.click("#mute")
    await_state(tab, "!s.muted")
    tab.fill("#volume", "-20")
    await_state(tab, "s.volume_db === -20")
    tab.select_option("#session", "drone")
    await_state(tab, "s.session === 'drone'")
    await_true(tab, "document.getElementById('answer').innerText.includes('drone')")
    assert listener.stats().commands_refused == 0


def test_a_recording_is_made_and_downloaded(listener, page, steady, visit, tmp_path, monkeypatch):
    steady(2)
    tab = visit(page.url)
    await_state(tab, "true")
    tab.click("#record")
    await_state(tab, "s.recording !== null")
    until(lambda: listener.stats().recorded_seconds > 0.5, "some sound")
    tab.click("#record")
    await_state(tab, "s.recording === null")
    with tab.expect_download() as downloading:
        tab.click("#recordings a")
    path = tmp_path / "take.wav"
    downloading.value.save_as(path)
    samples, rate = soundfile.read(path)
    assert len(samples) > 0.4 * rate
    assert abs(samples).max() > 0.01


def test_alerts_are_shown_told_and_acknowledged(open_page, visit):
    with (
        Listener(ANY_PORT, session=ALERTS, output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        tab = visit(open_page(listener.feed_endpoint).url)
        await_state(tab, "true")
        publisher.send("web/cpu", percent=50.0)
        publisher.send("web/cpu", percent=97.0)
        tab.wait_for_selector("#alert-list li")
        assert "web/cpu: percent is 97" in tab.inner_text("#alert-list li")
        assert "web/cpu: percent is 97" in tab.inner_text("#urgent")
        await_true(tab, "document.querySelector('td.state')?.innerText === 'alert'")
        tab.click("#alert-list button")
        tab.wait_for_selector("#alert-list li.known")
        assert "(acknowledged)" in tab.inner_text("#alert-list li")
        assert tab.query_selector("#alert-list button") is None
        publisher.send("web/cpu", percent=10.0)
        tab.wait_for_selector("#alerts", state="hidden")
        await_true(tab, "document.querySelector('#events').innerText.includes('10 % again')")
        events = tab.inner_text("#events")
    assert "the alert of percent is acknowledged" in events
    assert "percent is 10 % again" in events


def test_the_keyboard_alone_does_everything(open_page, visit):
    with (
        Listener(ANY_PORT, session=ALERTS, output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        tab = visit(open_page(listener.feed_endpoint).url)
        for name in ("one", "two"):
            publisher.send(name, percent=97.0)
        tab.wait_for_selector('tr[data-stream="two"]')
        tab.wait_for_selector("#alert-list button")
        press = tab.keyboard.press
        press("p")
        await_true(tab, "streamson.sound.figures?.plays")
        press("m")
        await_state(tab, "s.muted")
        press("m")
        await_state(tab, "!s.muted")
        volume = tab.evaluate("streamson.state.volume_db")
        press("-")
        await_state(tab, f"s.volume_db === {volume - 1}")
        press("a")
        await_state(tab, "s.alerts.every((alert) => alert.acknowledged)")
        press("ArrowDown")
        press("ArrowDown")
        assert tab.evaluate("document.activeElement.dataset.stream") == "two"
        press("m")
        await_state(tab, "s.muted_streams[0] === 'two'")
        press("s")
        await_state(tab, "s.soloed_streams[0] === 'two'")
        press("ArrowUp")
        press("o")
        await_state(tab, "s.soloed_streams[0] === 'one'")
        press("o")
        await_state(tab, "!s.soloed_streams.length")
        press("/")
        tab.keyboard.type("tw")
        assert tab.is_hidden('tr[data-stream="one"]')
        press("Escape")
        assert tab.is_visible('tr[data-stream="one"]')
        press("r")
        await_state(tab, "s.recording !== null")
        press("r")
        await_state(tab, "s.recording === null")
        press("?")
        assert tab.is_visible("#keys")
        press("Escape")
        assert tab.is_hidden("#keys")
        # And by Tab alone, in the order in which one reads.
        tab.evaluate("document.activeElement.blur()")
        order = []
        for _ in range(12):
            press("Tab")
            order.append(
                tab.evaluate("document.activeElement.id || document.activeElement.tagName")
            )
        assert order.index("sound") < order.index("gain") < order.index("volume")
        assert order.index("volume") < order.index("mute") < order.index("record")
        assert order.index("record") < order.index("session") < order.index("keys-open")


@pytest.mark.alone
def test_the_tenth_browser_hears_too(page, steady, visit):
    steady(3)
    # Of ten that draw as well, a machine without a graphics card has no time left.
    small = {"width": 400, "height": 500}
    tabs = [visit(page.url, viewport=small, reduced_motion="reduce") for _ in range(10)]
    for tab in tabs:
        tab.keyboard.press("p")  # a click waits for pictures
    for tab in tabs:
        await_true(tab, "streamson.sound.figures?.seconds > 0 && streamson.sound.figures.plays")
    until(lambda: page.metrics()["streamson_page_hearers"] == 10, "the last change to Opus")
    first = [tab.evaluate("streamson.sound.figures.seconds") for tab in tabs]
    tabs[0].wait_for_timeout(2_000)
    later = [tab.evaluate("streamson.sound.figures.seconds") for tab in tabs]
    assert all(after > before + 1 for before, after in zip(first, later, strict=True))
    assert page.metrics()["streamson_page_dropped"] == 0


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_a_tab_in_the_background_plays_on(page, steady, visit):
    steady(3)
    tab = visit(page.url)
    sound_on(tab)
    tab.context.new_page().bring_to_front()
    # Timers of a page in the background stand still for a second at least, and then a minute.
    before, after = played_without_breaks(tab, 30)
    assert abs(after["seconds"] - before["seconds"] - (after["now"] - before["now"]) / 1_000) < 0.5


def test_a_page_that_is_no_secure_context_plays_by_buffers(listener, open_page, steady, visit):
    steady(3)
    own = _own_address()
    page = open_page(listener.feed_endpoint, "--address", f"{own}:0")
    tab = visit(f"http://{own}:{page.port}/?token={page.token}")
    assert tab.evaluate("isSecureContext") is False
    tab.click("#sound")
    await_true(tab, "document.getElementById('sound-label').innerText === 'Sound is on'")
    assert "without AudioWorklet" in tab.inner_text("#sound-detail")
    assert tab.url.endswith("/")  # the token does not stay in the address


def _own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; the system says from where it would
        return probe.getsockname()[0]


def test_the_link_that_steers_works_from_another_page(listener, open_page, visit):
    """Out of a mail or a chat in the browser, say, where a cookie may be kept back."""
    own = _own_address()
    page = open_page(listener.feed_endpoint, "--address", f"{own}:0")
    other = open_page(listener.feed_endpoint)  # any page of another site
    tab = visit(other.url)
    tab.evaluate(f"""() => {{
        const link = document.createElement("a");
        link.href = "http://{own}:{page.port}/?token={page.token}";
        link.id = "link";
        link.textContent = "the page";
        document.body.prepend(link);
    }}""")
    tab.click("#link")
    tab.wait_for_url(f"http://{own}:{page.port}/")
    await_state(tab, "true")
    assert tab.is_visible("#mute")  # which guests have not


@pytest.mark.alone
def test_a_listener_that_takes_the_place_of_another_is_seen_and_heard(open_page, visit):
    with Listener(ANY_PORT, session=_at(44_100), output="none", feed=ANY_PORT) as before:
        tab = visit(open_page(before.feed_endpoint).url)
        sound_on(tab)
        with Publisher(before.endpoint) as publisher:
            publisher.send("of before", x=1.0)
        tab.wait_for_selector('tr[data-stream="of before"]')
        await_true(tab, "streamson.sound.figures.seconds > 3 && streamson.canvas.notes.length")
        tab.evaluate(REPORTS)
    with (
        Listener(ANY_PORT, session=_at(48_000), output="none", feed=before.feed_endpoint) as after,
        Publisher(after.endpoint) as publisher,
    ):
        publisher.send("of now", x=1.0)
        tab.wait_for_selector('tr[data-stream="of now"]')
        tab.wait_for_selector('tr[data-stream="of before"]', state="detached")
        await_true(tab, "streamson.canvas.notes.every(({ stream }) => stream === 'of now')")
        await_true(tab, "!streamson.canvas.curves.has('of before')")
        # Its own seconds, by its own rate; what waits of the one before is heard to its end.
        until(lambda: passed_s(unbroken(of_now(tab))) > 1.5, "sound without a break", 40)
        played = unbroken(of_now(tab))
        heard_s, rendered_s = played[-1]["seconds"], after.stats().seconds
    assert heard_s < rendered_s
    assert played[-1]["rate"] == 48_000
    assert (heard_s - played[0]["seconds"]) / passed_s(played) == pytest.approx(1, abs=0.01)


def of_now(tab):
    """Return what the player reported since another listener, whose seconds are fewer, is heard."""
    return list(dropwhile(lambda report: report["seconds"] > 3, tab.evaluate("reports")))


def unbroken(reports):
    """Return the longest time in which no machine that stood still broke the sound."""
    stretches = [[]]
    for before, now in pairwise(reports):
        goes_on = all(before[name] == now[name] for name in ("plays", "underruns", "skips"))
        jump_s = now["seconds"] - before["seconds"] - (now["at"] - before["at"])
        if goes_on and now["plays"] and abs(jump_s) < 0.1:
            stretches[-1].append(now)
        else:
            stretches.append([])
    return max(stretches, key=len)


def passed_s(reports):
    return reports[-1]["at"] - reports[0]["at"] if reports else 0


def _at(rate):
    return parse_session(b"[[part]]\n[audio]\nsample_rate = %d\n" % rate, "rate.toml")


def test_one_connection_brings_the_sound_however_often_it_is_wanted(page, steady, visit):
    """Also while it waits to try again: two would each play over the other."""
    steady(1)
    tab = visit(page.url)
    sound_on(tab)
    tab.evaluate("""async () => {
        const { sound } = streamson;
        for (const wanted of [false, true]) sound._tell({ wanted });
        for (let i = 0; i < 50 && sound._isOpen; i++) {
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
        sound._tell({ wanted: true });
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }""")
    await_true(tab, "streamson.sound.figures.plays && streamson.sound._isOpen")
    assert page.metrics()["streamson_page_hearers"] == 1
    tab.evaluate("streamson.sound._tell({ wanted: false })")
    until(lambda: page.metrics()["streamson_page_hearers"] == 0, "none")


def test_a_key_that_is_held_does_it_once(listener, page, visit):
    tab = visit(page.url)
    await_state(tab, "true")
    for _ in range(5):
        tab.keyboard.down("m")  # as a keyboard repeats it
    tab.keyboard.up("m")
    await_state(tab, "s.muted")
    tab.keyboard.press("-")
    await_true(tab, "document.getElementById('answer').innerText.includes('dB')")
    assert listener.stats().commands == 2


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_no_name_makes_the_page_wider_than_the_screen(open_page, visit, width):
    """At 320 it is what somebody sees who enlarges a usual window four times."""
    with (
        Listener(ANY_PORT, session=ALERTS, output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        publisher.send("x" * 200, percent=97.0, **{"y" * 60: 1.0})
        tab = visit(open_page(listener.feed_endpoint).url, viewport={"width": width, "height": 800})
        tab.wait_for_selector("#alert-list li")
        tab.wait_for_selector("tbody tr")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_what_changes_all_the_time_is_not_said_by_screen_readers(page, steady, visit):
    steady(2)
    tab = visit(page.url)
    assert tab.get_attribute(".log", "aria-live") == "off"  # urgent events have their own place
    assert tab.get_attribute("#sound", "aria-describedby") == "sound-detail"
    sound_on(tab)
    await_true(tab, "document.getElementById('sound-label').innerText === 'Sound is on'")
    assert tab.get_attribute("#sound", "aria-describedby") is None
    name = "document.getElementById('sound').getAttribute('aria-labelledby')"
    assert tab.evaluate(name) == "sound-label"


def test_opus_is_taken_where_the_link_is_slow(page, steady, visit):
    steady(3)
    tab = visit(page.url)
    tab.evaluate(CONNECTIONS)
    sound_on(tab)
    if not tab.evaluate("'AudioDecoder' in globalThis"):
        pytest.skip("this browser has no WebCodecs")
    # Three times the ring runs empty within a few seconds, as its player reports it.
    tab.evaluate("""() => {
        const { sound } = streamson;
        for (let i = 1; i < 4; i++) {
            sound._reported({ ...sound.figures, underruns: sound.figures.underruns + 1 });
        }
    }""")
    await_true(tab, "streamson.sound.form === 'opus'")
    await_true(tab, "connections.at(-1).form === 'opus'")
    await_true(tab, "document.getElementById('sound-detail').innerText.includes('Opus')")
    await_true(tab, "document.getElementById('sound-label').innerText === 'Sound is on'")
    until(lambda: page.metrics()["streamson_page_hearers"] == 1, "the one connection")
    # The samples went on until it brought something.
    assert all(told["open"] for told in tab.evaluate("connections"))


def test_the_samples_go_on_where_another_form_comes_to_nothing(page, steady, visit):
    steady(1)
    tab = visit(page.url)
    sound_on(tab)
    tab.evaluate(CONNECTIONS)
    tab.evaluate("streamson.sound._tell({ form: 'none', wanted: true })")
    await_true(tab, "connections.length")
    (told,) = tab.evaluate("connections")
    assert (told["open"], told["form"]) == (True, "pcm16")
    assert page.metrics()["streamson_page_hearers"] == 1
    seconds = tab.evaluate("streamson.sound.figures.seconds")
    await_true(tab, f"streamson.sound.figures.seconds > {seconds}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_serious_stands_in_anybodys_way(open_page, visit, scheme, width):
    """By the rules of axe-core, on a page that has all its parts."""
    from axe_playwright_python.sync_playwright import Axe

    with (
        Listener(ANY_PORT, session=ALERTS, output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        tab = visit(
            open_page(listener.feed_endpoint).url,
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
        )
        publisher.send("web/cpu", percent=97.0)
        tab.wait_for_selector("#alert-list button")
        tab.click("details summary")
        await_true(tab, "document.getElementById('figures').children.length > 10")
        found = Axe().run(tab).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious
