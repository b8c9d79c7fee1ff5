"""A recorded session that is published again."""

import subprocess
import sys

from streamson import Listener
from streamson.recording.reader import Recording
from tests.conftest import until
from tests.recording.conftest import ANY_PORT, await_notes, recorded

SESSION = """
[[part]]
stream = "*"
timing = "sequence"
max_lag = 3600
duration = { field = 2, low = 0.02, high = 0.05 }
"""


def replay(listener, folder, *words):
    command = [sys.executable, "-m", "streamson", "replay", folder, *words]
    return subprocess.run(
        [*command, "--endpoint", listener.endpoint], capture_output=True, text=True, check=False
    )


def test_ten_times_as_fast_gives_the_same_notes_in_the_same_order(tmp_path):
    (tmp_path / "one.toml").write_text(SESSION)
    folder, heard = tmp_path / "take", []
    with recorded(folder, session=tmp_path / "one.toml") as (listener, publisher):
        for i in range(60):
            publisher.send("walk", x=i * 7 % 25, y=i % 9)
            until(lambda n=i: listener.stats().points_received > n, "the point")
        publisher.send_batch("walk", {"x": [1.0, 30.0, 2.0], "y": [1.0, 5.0, 9.0]})
        await_notes(listener, 63)
    with Listener(
        ANY_PORT,
        output="none",
        session=tmp_path / "one.toml",
        on_played=lambda note, _: heard.append(note),
    ) as listener:
        done = replay(listener, folder, "--speed", "10")
        until(lambda: len(heard) == 63, "all notes")
        assert listener.stats().points_lost == 0
    assert done.returncode == 0
    assert "63 points sent, 0 dropped" in done.stderr
    played = [item.note for item in Recording(folder).played()]

    def sounds(notes):
        return [(note.midi_note, note.duration_s, note.level_db) for note in notes]

    assert sounds(heard) == sounds(played)


def test_from_a_moment_on_and_never_beyond_the_end(tmp_path):
    folder = tmp_path / "take"
    with recorded(folder) as (listener, publisher):
        publisher.send("early", x=1)
        until(lambda: listener.engine.frame > 50_000, "a second")
        publisher.send("late", x=1)
        until(lambda: listener.stats().points_received == 2, "the points")
    with Listener(ANY_PORT, output="none") as listener:
        done = replay(listener, folder, "--from", "1s")
        assert "1 point sent" in done.stderr
        done = replay(listener, folder, "--from", "1h")
        assert done.returncode == 1
        assert "its last point came after 1." in done.stderr
        done = replay(listener, tmp_path)
        assert "not a session recording" in done.stderr
