"""The page that a listener starts for itself: where it is said, and whose end ends whose."""

import asyncio
import re
import signal
import socket
import time
import urllib.request
from contextlib import closing

import aiohttp
import psutil
import pytest

from tests.cli.terminal import Terminal
from tests.conftest import family_of, until

LISTEN = ("listen", "--bind", "tcp://127.0.0.1:*")
END_S = 2.5  # a second, the interpreter's own end, and what a busy machine adds to both


@pytest.fixture(autouse=True)
def no_sound_server(monkeypatch):
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.delenv("DISPLAY", raising=False)


def url_of(listening):
    line = listening.await_line("Page on")
    return re.search(r"http://\S+", line).group()


def health(url):
    with urllib.request.urlopen(f"{url}healthz", timeout=10) as answer:
        return answer.status


def page_of(listening):
    """Return the page's process."""
    (found,) = (
        process
        for process in map(psutil.Process, family_of(listening.pid))
        if "web" in process.cmdline()
    )
    return found


def test_without_a_sound_device_there_is_a_page_and_ctrl_c_ends_both(start):
    listening = start(*LISTEN)
    url = url_of(listening)
    assert health(url) == 200
    page = page_of(listening)
    begin = time.monotonic()
    code, out, err = listening.end()
    assert time.monotonic() - begin < END_S
    assert code == 130
    assert "played 0 notes" in out
    assert "page ended" not in err
    until(lambda: not page.is_running(), "the end of the page")


def test_a_second_listener_takes_the_next_port(start):
    one, other = start(*LISTEN), start(*LISTEN)
    assert url_of(one) != url_of(other)


@pytest.mark.parametrize("how", [("--no-web",), ("--output", "none")])
def test_no_page_where_none_is_wanted(run, how):
    done = run(*LISTEN, *how, "--duration", "0.3")
    assert done.returncode == 0
    assert "Page on" not in done.stderr
    assert "Nothing is heard here" in done.stderr


def test_a_page_can_be_had_without_any_device(start):
    listening = start(*LISTEN, "--output", "none", "--web", "0")
    assert health(url_of(listening)) == 200


def test_a_page_that_dies_leaves_the_sound_alone(start):
    listening = start(*LISTEN)
    url_of(listening)
    page_of(listening).kill()
    assert "The sound goes on" in listening.await_line("The page ended")
    code, out, _ = listening.end()
    assert (code, "played" in out) == (130, True)


def test_a_page_does_not_outlive_its_listener(start):
    listening = start(*LISTEN)
    url_of(listening)
    page = page_of(listening)
    listening.kill()
    until(lambda: not page.is_running() or page.status() == "zombie", "the end of the page")


def test_a_port_that_was_chosen_and_is_taken_is_said(run):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = run(*LISTEN, "--output", "none", "--web", port, "--duration", "5")
    assert done.returncode == 1
    assert f"can't serve the page on 127.0.0.1:{port}" in done.stderr


@pytest.mark.parametrize("address", ["x", "1.2.3.4:99999", ":80"])
def test_an_address_that_is_none_is_wrong_use(run, address):
    done = run(*LISTEN, "--output", "none", "--web", address)
    assert done.returncode == 2
    assert "[HOST:]PORT" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_address_prints_links_with_tokens(start):
    listening = start(*LISTEN, "--output", "none", "--web", "0.0.0.0:0")
    assert "token=" in listening.await_line("this link steers")
    assert "token=" in listening.await_line("for guests")


def test_the_tour_waits_for_ears_where_a_page_is_the_only_way_to_hear_it(start):
    touring = start("demo", "--tour")
    url = url_of(touring)
    touring.await_line("The tour begins when you switch on the sound")

    async def hear():
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}sound") as sound:
            await sound.receive()
            return await asyncio.to_thread(touring.await_line, "web1")

    assert "percent" in asyncio.run(asyncio.wait_for(hear(), 60))
    code, out, _ = touring.end(signal.SIGTERM)
    assert code == 143
    assert "played" in out


def test_a_screen_says_where_the_page_is_and_what_was_said_before_it_came(tmp_path):
    terminal = Terminal(tmp_path, "demo", "--tour", size=(100, 24))
    try:
        terminal.await_line("hear it on http://127.0.0.1:")
        terminal.await_line("The tour begins when you switch on the sound on http://")

        def is_hint_gone():
            terminal.pause(0.05)  # the rest of the same picture
            return not any("produce system" in line for line in terminal.lines)

        until(is_hint_gone, "the end of a hint that is not for the tour")
        terminal.press("q")
        assert terminal.end(timeout_s=20) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()


def test_over_ssh_the_way_to_the_page_is_said(start, monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    listening = start(*LISTEN)
    port = url_of(listening).rstrip("/").rpartition(":")[2]
    assert f"ssh -L {port}:127.0.0.1:{port} " in listening.await_line("On your own machine first")
    assert listening.end(signal.SIGTERM)[0] == 143
