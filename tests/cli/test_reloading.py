"""A listener whose session file changes while it plays."""

import os
import signal
import time

import numpy as np
import pytest
import soundfile

from streamson import Listener, Publisher
from streamson.cli.reloading import Reloading
from streamson.session.load import parse_session
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"
FIRST = "[[part]]\ninstrument = 'bell'\npitch = { value = 60 }\n"


@pytest.fixture
def playing(tmp_path):
    """A listener and its session file; `say` publishes a point and returns its note."""
    path = tmp_path / "live.toml"
    path.write_text(FIRST)
    heard = []
    with (
        Listener(
            ANY_PORT, session=path, output="none", on_played=lambda note, _: heard.append(note)
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)

        def say(value=1.0):
            count = len(heard)
            publisher.send("s", x=value)
            until(lambda: len(heard) > count, "a note")
            return heard[-1]

        old = signal.getsignal(signal.SIGHUP)
        yield path, listener, Reloading(listener, str(path)), say
        signal.signal(signal.SIGHUP, old)


def changed(listener, session_change):
    """Wait until the listener has taken over what was changed."""
    session_change()
    until(lambda: not listener._loop._next_session, "the change")


def test_a_file_that_changes_is_heard(playing):
    path, listener, reloading, say = playing
    reloading.check()
    assert say().instrument == "bell"
    path.write_text(FIRST.replace("bell", "harp").replace("60", "72.5"))
    changed(listener, reloading.check)
    note = say()
    assert (note.instrument, note.midi_note) == ("harp", 72.5)


def test_a_mistake_changes_nothing_and_is_log_once(playing, caplog):
    path, listener, reloading, say = playing
    path.write_text("[[part]]\ninstrument = 'bel'\n")
    for _ in range(3):
        reloading.check()
    assert say().instrument == "bell"
    (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert 'part 1, instrument: found "bel"' in record.message
    assert record.message.endswith("Going on as before.")
    path.unlink()
    reloading.check()  # in the midst of being replaced
    path.write_text(FIRST.replace("bell", "click"))
    changed(listener, reloading.check)
    assert say().instrument == "click"


def test_sighup_reads_what_the_file_names_again(playing, tmp_path):
    path, listener, reloading, say = playing
    tune = tmp_path / "t.scl"
    tune.write_text("x\n1\n2/1\n")
    path.write_text("[[part]]\npitch = { scale = 'c t.scl', low = 60, high = 71 }\n")
    changed(listener, reloading.check)
    assert say().midi_note == 60
    tune.write_text("x\n2\n100.0\n2/1\n")
    reloading.check()
    reloading._ask(signal.SIGHUP, None)  # in a terminal, the signal itself would end us
    changed(listener, reloading.check)
    assert {say(value).midi_note for value in (0.0, 9.0)} == {60, 61}


def test_new_instruments_and_samples_can_be_played(playing, tmp_path):
    path, listener, reloading, say = playing
    times = np.arange(22_050) / 44_100
    soundfile.write(tmp_path / "a.wav", np.sin(2 * np.pi * 440 * times), 44_100)
    for octave in (3, 4):  # each time more memory is needed
        path.write_text(
            f"[[instrument]]\nname = 'mine'\nsample = 'a.wav'\nroot = 'A{octave}'\n"
            "[[part]]\ninstrument = 'mine'\nenvelope = { release = 0.2 }\n"
        )
        changed(listener, reloading.check)
        note = say()
        assert note.instrument == "mine of part 1"
        begun = note.onset_frame
        until(lambda begun=begun: listener.engine.frame > begun + 9_000, "sound")
    assert listener.stats().peak_dbfs > -40
    assert int(listener.engine.state["invalid"]) == 0


def test_what_is_the_same_goes_on():
    held = "[[part]]\narticulation = 'continuous'\n"
    heard = []
    with (
        Listener(
            ANY_PORT,
            session=parse_session(held.encode(), "a.toml"),
            output="none",
            on_played=lambda note, _: heard.append(note),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for i in range(2):
            publisher.send("s", x=float(i))
            until(lambda i=i: len(heard) == i + 1, "a note")
            more = parse_session((held + "[[alert]]\nabove = 99\n").encode(), "b.toml")
            changed(listener, lambda more=more: listener.change_session(more))
        publisher.send("s", x=100.0)
        until(lambda: len(heard) == 3 + 3, "a note and its alert")
    assert len({note.held_key for note in heard if not note.foreground}) == 1


def test_there_is_always_room_for_another_change(playing, caplog):
    _, listener, _, say = playing
    say()
    for change in range(12):
        text = FIRST + "".join(
            f"[[part]]\nstream = 'x'\nenvelope = {{ release = {change + i / 100 + 0.1} }}\n"
            for i in range(100)
        )
        session = parse_session(text.encode(), "many.toml")
        changed(listener, lambda session=session: listener.change_session(session))
        say()
    assert "nothing changes" not in caplog.text
    assert caplog.text.count("many.toml: changed") == 12


RUBBISH = (
    b"\xff\xfe\x00",
    b"a = 1\x00",
    b"a = " + b"[" * 5_000,
    b"[audio]\nvolume_db = 1" + b"0" * 5_000,
    b"[audio]\nvolume_db = 1e400",
    b"a." * 60_000 + b"a = 1",
    b"x" * (1 << 20),
    b"[[part]]\npitch = { scale = 'c pipe.scl' }\n",
)


def test_whatever_is_written_into_the_file_it_goes_on_as_before(playing, tmp_path, caplog):
    path, listener, reloading, say = playing
    os.mkfifo(tmp_path / "pipe.scl")
    for number, content in enumerate(RUBBISH, 1):
        path.write_bytes(content)
        began = time.monotonic()
        reloading.check()
        assert time.monotonic() - began < 2
        assert say().instrument == "bell"
        told = [r.message for r in caplog.records if r.levelname == "ERROR"]
        assert len(told) == number
        assert told[-1].startswith(str(path))
        assert told[-1].endswith("Going on as before.")
        assert len(told[-1]) < 500
    path.write_text(FIRST.replace("bell", "click"))
    changed(listener, reloading.check)
    assert say().instrument == "click"
