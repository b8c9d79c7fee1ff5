"""A listener in a notebook: its table, and its widget on a real page."""

import json
import queue
import re
import subprocess
import sys

import pytest
from comm.base_comm import BaseComm

from streamson import Listener, Publisher
from streamson.listener.notebook import display as displaying
from streamson.listener.notebook import told as telling
from streamson.listener.notebook.widget import PAGE
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"
LIMIT = "[[part]]\n[[alert]]\nstream = 'boiler'\nfield = 'heat'\nabove = 90\n"


@pytest.fixture
def listener(tmp_path):
    (tmp_path / "limit.toml").write_text(LIMIT)
    with Listener(ANY_PORT, output="none", session=tmp_path / "limit.toml") as listening:
        yield listening


def points_of(listener, stream):
    return sum(one.points for one in listener.stream_stats() if one.name == stream)


@pytest.fixture
def publish(listener):
    with Publisher(listener.endpoint) as publisher:

        def send(stream, **fields):
            before = points_of(listener, stream)
            publisher.send(stream, fields)
            until(lambda: points_of(listener, stream) > before, f"the point of {stream}")

        yield send


class PageComm(BaseComm):
    """The way from a widget to its page: what Jupyter would send waits in a queue."""

    def __init__(self):
        self.sent = queue.Queue()
        super().__init__(target_name="jupyter.widget")

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.put((msg_type, json.loads(json.dumps(data, allow_nan=False))))


class WidgetPage:
    """A page that shows a listener's widget, and what it has on it."""

    def __init__(self, listener, tab):
        self.comm = PageComm()
        self.display = displaying.Display(
            reporter=listener._reporter,
            tap=listener.tap,
            steering=listener._steering,
            life=listener._life,
            faults=listener._faults,
        )
        self.widget = self.display.widget
        self.widget.comm = self.comm
        self.tab = tab
        tab.expose_function("toKernel", self.receive)
        tab.set_content("<!doctype html><html lang=en><title>Widget</title><main></main>")
        tab.add_style_tag(path=str(PAGE / "widget.css"))
        tab.evaluate(
            """async ([code, told]) => {
              const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
              const handlers = {};
              window.state = {told};
              window.model = {
                get: (name) => window.state[name],
                on: (name, call) => { handlers[name] = call; },
                off: (name) => { delete handlers[name]; },
                send: (content) => window.toKernel(content),
              };
              window.fromKernel = (data) => {
                if (data.method === "custom") handlers["msg:custom"]?.(data.content);
                if (data.method !== "update") return;
                Object.assign(window.state, data.state);
                handlers["change:told"]?.();
              };
              const widget = (await import(url)).default;
              window.leave = await widget.render({model, el: document.querySelector("main")});
            }""",
            [(PAGE / "widget.js").read_text(), self.widget.told],
        )

    def receive(self, content):
        data = {"method": "custom", "content": content}
        self.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def pump(self):
        """Hand the page what waits for it."""
        while not self.comm.sent.empty():
            self.tab.evaluate("data => window.fromKernel(data)", self.comm.sent.get()[1])
        self.tab.wait_for_timeout(5)  # it may send something, too

    def until(self, words):
        """Wait until the page says something."""

        def said():
            self.pump()
            return re.search(words, self.tab.inner_text("main"), re.DOTALL)

        until(said, words)


@pytest.fixture
def shown(listener, chromium):
    """Return what opens a page with the widget."""
    pages = []

    def opened(**options):
        context = chromium.new_context(**options)
        pages.append((context, WidgetPage(listener, context.new_page())))
        return pages[-1][1]

    yield opened
    for context, page in pages:
        page.display.close()
        context.close()


def test_the_page_shows_streams_alerts_and_levels(listener, publish, shown):
    page = shown()
    page.until("streamson, running.*no stream yet: publish a point.*0 points received")
    publish("boiler", heat=71.5, pressure=2.25)
    page.until("boiler\theat 71.5, pressure 2.25\t.*live.*1 point received, 1 note played, 0 lost")
    page.until("-[0-9]+ dBFS")
    assert "heat -> pitch" in page.tab.inner_text("tbody")
    publish("boiler", heat=95.0)
    page.until("1 alert.*boiler.*95")
    page.tab.get_by_role("button", name="Acknowledge all").click()
    page.until(r"1 alert acknowledged.*\(known\)")
    publish("boiler", heat=60.0)
    page.until("heat 60\t")
    assert not page.tab.locator(".alerts").is_visible()


def test_its_buttons_steer(listener, publish, shown):
    publish("<b>one</b>", x=1.0)
    page = shown()
    page.until("<b>one</b>")
    page.tab.get_by_role("button", name="Mute everything").press("Enter")
    page.until("muted")
    until(lambda: listener._mixer.muted, "silence")
    page.tab.get_by_role("button", name="Mute everything").press("Space")
    page.until("volume -?[0-9]+ dB")
    page.tab.get_by_role("button", name="Mute <b>one</b>").click()
    page.until("<b>one</b>: muted")
    assert listener._mixer.muted_streams == ("<b>one</b>",)
    page.tab.get_by_role("button", name="Hear all").click()
    page.until("no stream is muted or soloed")
    slider = page.tab.get_by_role("slider")
    slider.press("Home")
    page.until("volume -60 dB")
    assert listener._mixer.volume_db == -60


def test_what_is_no_command_is_refused(listener, shown):
    page = shown()
    for sent in ({"command": "mute_stream", "stream": "none"}, {"command": "snapshot"}, 7, "x", {}):
        page.tab.evaluate("sent => window.toKernel(sent)", sent)
    answers = []
    while not page.comm.sent.empty():
        _, message = page.comm.sent.get()
        if message.get("method") == "custom":
            answers.append(message["content"])
    assert [answer["ok"] for answer in answers] == [False] * 5
    assert 'there is no stream "none"' in answers[0]["text"]
    assert listener.stats().faults == 0


def test_it_stands_in_nobodys_way(listener, publish, shown):
    from axe_playwright_python.sync_playwright import Axe

    publish("boiler", heat=95.0, pressure=2.0)
    page = shown(viewport={"width": 420, "height": 700})
    page.until("1 alert.*boiler\theat 95")
    page.tab.get_by_role("button", name="Mute boiler").click()
    page.until("boiler: muted")
    for scheme in ("light", "dark"):
        page.tab.emulate_media(color_scheme=scheme)
        found = Axe().run(page.tab).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 420


def test_it_ends_with_the_listener(listener, shown):
    page = shown()
    listener._display = page.display
    listener.stop()
    last = None
    while not page.comm.sent.empty():
        last = page.comm.sent.get()
    assert last[0] == "comm_close"
    assert not page.display._thread.is_alive()
    assert listener.stats().faults == 0


def test_where_nobody_looks_little_is_told_until_somebody_does(
    listener, publish, shown, monkeypatch
):
    monkeypatch.setattr(displaying, "PATIENCE_S", 0.0)
    monkeypatch.setattr(displaying, "QUIET_S", 600.0)
    page = shown()
    for name in ("one", "two"):
        publish(name, x=1.0)
        page.tab.evaluate("window.toKernel('seen')")
        page.until(f"{name}\tx 1")


def test_of_thousands_those_are_shown_that_need_an_eye(listener, publish):
    with Publisher(listener.endpoint) as publisher:
        for number in range(100):
            publisher.send(f"host{number}", heat=50.0)
        publisher.send("boiler", heat=95.0)
        until(lambda: listener.stats().alerts_active, "an alert")
    shown = telling.told(listener._reporter, "running", (None, None))
    assert (shown["streams"], len(shown["rows"])) == (101, telling.MAX_ROWS)
    assert shown["rows"][-1]["name"] == "boiler"
    assert len(json.dumps(shown, allow_nan=False)) < 16_000


def test_without_a_notebook_it_is_a_table(listener, publish):
    publish("a & b", x=1.5, y=float("nan"))
    with pytest.raises(NotImplementedError):
        listener._ipython_display_()
    bundle = listener._repr_mimebundle_()
    assert "streamson, running: tcp://" in bundle["text/plain"]
    assert "a & b: x 1.5, y ?, live" in bundle["text/plain"]
    assert re.search(
        '<th scope="row"[^>]*>a &amp; b</th><td[^>]*>x 1.5, y [?]</td>', bundle["text/html"]
    )
    listener.stop()
    assert "streamson, stopped" in listener._repr_mimebundle_()["text/plain"]


def test_without_anywidget_it_says_what_to_install(tmp_path):
    """In an interpreter that can't import it, as one where it is not installed."""
    (tmp_path / "anywidget.py").write_text("raise ImportError\n")
    program = (
        "import sys, streamson\n"
        "assert not {'anywidget', 'ipywidgets', 'narwhals', 'IPython'} & set(sys.modules)\n"
        "listener = streamson.Listener('tcp://127.0.0.1:*', output='none')\n"
        "assert not {'anywidget', 'ipywidgets', 'narwhals', 'IPython'} & set(sys.modules)\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "print(listener._repr_mimebundle_()['text/html'])\n"
        "listener.stop()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert "streamson, not started" in done.stdout
    assert "pip install &#x27;streamson[notebook]&#x27;" in done.stdout
