"""What a listener says, in a process of its own, by its recording: 20 dB above all else."""

import os
import shutil

import numpy as np
import pytest

from streamson import Publisher
from streamson._espeak import PROGRAM
from streamson.offline.render import render_notes
from streamson.offline.resynthesize import recorded_notes, resynthesize
from streamson.recording.reader import Recording
from tests.conftest import until

SESSION = """
[audio]
volume_db = 0
[[part]]
stream = "*"
instrument = "organ"
articulation = "continuous"
volume = { value = -9 }            # louder than any preset
[[alert]]
stream = "boiler"
above = 90
speech = "the boiler is too hot"
"""


def test_what_is_said_is_20_db_above_a_loud_mix(start, tmp_path):
    if shutil.which(PROGRAM) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{PROGRAM} is not installed")
    (tmp_path / "says.toml").write_text(SESSION)
    options = ("--output", "none", "--record", "take/", "--session", "says.toml")
    listener = start("listen", "--bind", "tcp://127.0.0.1:*", *options)
    where = listener.await_line("Listening on").removeprefix("Listening on ").rstrip(".")
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        for value in (20.0, 50.0, 99.0):
            for stream in ("boiler", "pump", "valve"):
                publisher.send(stream, x=value)
        take = tmp_path / "take"
        sounds = lambda: sum(path.stat().st_size for path in take.glob("*.wav"))  # noqa: E731
        until(lambda: sounds() > 44_100 * 3 * 2 * 4, "four seconds of recording")
    assert listener.end()[0] == 130
    recording = Recording(take)
    session, rate = recording.session(), recording.manifest.sample_rate
    notes = list(recorded_notes(recording))
    speakers = session.earcon_instruments
    said = [note for note in notes if note.foreground and speakers[note.instrument].sample]
    assert len(said) == 1
    all_of_it = np.concatenate(list(resynthesize(recording)))  # the recorded samples
    shown = [note for note in notes if note.foreground]
    alone = np.concatenate(list(render_notes(shown, session, sample_rate=rate)))
    first = said[0].onset_frame + rate // 20
    last = min(said[0].onset_frame + said[0].duration_frames, len(all_of_it), len(alone))
    words = np.square(alone[first:last]).mean()
    under = np.square((all_of_it[: len(alone)] - alone[: len(all_of_it)])[first:last]).mean()
    before = np.square(all_of_it[shown[0].onset_frame - rate // 10 :][: rate // 10]).mean()
    assert before > 1e-3  # it was loud indeed
    assert 10 * np.log10(words / under) > 20
