"""The page speaks: a real browser, whose calls are noted, for Chromium here has no voice."""

from streamson import Listener, Publisher
from streamson.session.load import parse_session
from tests.live.test_web_page import ANY_PORT, await_true

URGENT = parse_session(
    b'[[part]]\n[[alert]]\nstream = "*"\nfield = "percent"\nabove = 90\npriority = "high"\n',
    "urgent.toml",
)

NOTE_CALLS = """() => {
    globalThis.calls = [];
    speechSynthesis.speak = (words) => { calls.push(words.text); globalThis.spoken = words; };
    speechSynthesis.cancel = () => calls.push("(cancel)");
}"""
"""Note what is to be said. It ends when ``spoken.onend()`` is called."""

FLOOD = """() => {
    const { speech } = streamson;
    for (let n = 0; n < 10; n += 1) speech.say({ text: `usual ${n}`, urgent: false });
    speech.say({ text: "urgent", urgent: true });
}"""


def test_the_page_says_what_happens_once_it_is_to(open_page, visit):
    with (
        Listener(ANY_PORT, session=URGENT, output="none", feed=ANY_PORT) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        page = open_page(listener.feed_endpoint)
        tab = visit(page.url)
        tab.evaluate(NOTE_CALLS)
        await_true(tab, "streamson.state !== null")
        assert not tab.is_checked("#speak")
        publisher.send("web1/cpu", percent=97.0)
        tab.wait_for_selector("#alert-list li")
        assert tab.evaluate("calls") == []
        tab.focus("#session")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.labels[0].innerText.trim()") == "Speak"
        tab.keyboard.press("Space")
        assert tab.evaluate("calls") == ["speech is on"]
        publisher.send("web2/cpu", percent=98.0)
        tab.wait_for_selector("#alert-list li:nth-child(2)")
        assert tab.evaluate("calls") == ["speech is on"]  # one at a time
        tab.evaluate("spoken.onend()")
        await_true(tab, "calls.at(-1) === 'urgent alert: web 2, c p u: percent above 90'")
        tab.evaluate(FLOOD)
        tab.evaluate("spoken.onend()")
        assert tab.evaluate("calls.at(-1)") == "urgent, and 7 more"
        tab.evaluate("spoken.onerror({ error: 'not-allowed' })")
        assert "once you have clicked" in tab.inner_text("#answer")
        assert tab.evaluate("calls.at(-1)") == "usual 0"
        tab.click("#speak")
        assert tab.evaluate("calls.at(-1)") == "(cancel)"
        tab.evaluate("spoken.onend()")
        assert tab.evaluate("calls.at(-1)") == "(cancel)"
        tab.click("#speak")
        tab.reload()
        await_true(tab, "streamson.state !== null")
        assert tab.is_checked("#speak")  # remembered
        tab.evaluate(NOTE_CALLS)
        tab.evaluate("streamson.speech.turn(true)")
        listener.stop()
        tab.evaluate("spoken.onend()")
        await_true(tab, "calls.at(-1) === 'the listener has gone'")


def test_a_browser_without_a_voice_has_no_switch(page, visit):
    tab = visit("about:blank")
    tab.add_init_script("delete Window.prototype.speechSynthesis; delete window.speechSynthesis;")
    tab.goto(page.url)
    await_true(tab, "streamson.state !== null")
    assert tab.is_hidden("#speak-label")
    assert tab.evaluate("streamson.speech.isThere") is False
