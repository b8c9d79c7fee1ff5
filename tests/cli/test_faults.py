"""What goes wrong inside ends no listener: it is counted, told once, and all else goes on."""

import pytest

from streamson import Listener, Publisher
from streamson._faults import MAX_LOGGED, Faults
from streamson.rescaling.transform import TRANSFORMS, PlainStep
from streamson.session.load import parse_session
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def faulty(value):
    if value == 13:
        raise ZeroDivisionError("thirteen")
    return value


def test_a_fault_in_the_score_leaves_out_its_points_alone(monkeypatch, caplog):
    monkeypatch.setitem(TRANSFORMS, "log", lambda: PlainStep(faulty))
    session = parse_session(
        b"[[part]]\nstream = 'a'\npitch = { transform = 'log' }\n[[part]]\nstream = 'b'", "f.toml"
    )
    heard = []
    with (
        Listener(
            ANY_PORT,
            session=session,
            output="none",
            on_played=lambda note, _: heard.append(note.stream),
        ) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        assert publisher.wait_for_listener(20)
        for stream, value in (("a", 1), ("a", 13), ("b", 13), ("a", 13), ("b", 1), ("a", 2)):
            count = listener.stats().points_received
            publisher.send(stream, x=value)
            until(lambda count=count: listener.stats().points_received > count, "the point")
            until(lambda: not listener.stats().points_coalesced, "room for the next")
        publisher.send_batch("a", {"x": [13.0, 1.0]})
        until(lambda: listener.stats().faults >= 3, "the faults")
        until(lambda: heard.count("b") == 2, "what comes after")
        assert not listener.finished
    assert heard.count("a") == 2
    told = [record for record in caplog.records if "fault of streamson" in record.message]
    assert len(told) == 1
    assert told[0].message.startswith("a is left out: ZeroDivisionError: thirteen.")


def test_an_error_of_the_callers_own_reaches_the_caller():
    def fail(note, _):
        raise KeyError(note.stream)

    listener = Listener(ANY_PORT, output="none", on_played=fail).start()
    with Publisher(listener.endpoint) as publisher:
        assert publisher.wait_for_listener(20)
        publisher.send("s", x=1)
        until(lambda: listener.finished, "the end")
    with pytest.raises(KeyError, match="s"):
        listener.stop()


def test_faults_are_told_once_a_kind_and_not_without_end(caplog):
    faults = Faults()
    for i in range(3 * MAX_LOGGED):
        with faults.surviving("it"):
            exec(compile("\n" * i + "1 / 0", f"f{i % 2}.py", "exec"), {})
        with faults.surviving("it"):
            exec(compile("1 / 0", "f.py", "exec"), {})
    assert len(caplog.records) == MAX_LOGGED


def test_the_least_frequency_there_is_ends_nothing(start, tmp_path):
    """Of 5e-324 Hz, divided by any other, no logarithm can be taken."""
    (tmp_path / "hz.toml").write_text("[[part]]\npitch = { unit = 'hz' }\n")
    words = ("--session", "hz.toml", "--output", "none", "--stats", "stats.json")
    listener = start("listen", "--bind", ANY_PORT, *words)
    where = listener.await_line("Listening on").removeprefix("Listening on ").rstrip(".")
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        for value in (5e-324, 440.0, 1.7e308, -1.0, 0.0):
            publisher.send("s", x=value)
        publisher.send("last", x=1.0)
        listener.await_line("last: ")
    code, out, err = listener.end()
    assert code == 130
    assert " of 6 points " in out
    assert "fault" not in err
    assert '"faults": 0' in (tmp_path / "stats.json").read_text()
