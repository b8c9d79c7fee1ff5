"""What bands and beacons sounded like is in a recording; and recordings of before are read."""

import csv
import time

import msgspec

from streamson.model.feed import NoteStarted, PlayedNote
from streamson.model.note import Note
from streamson.score.parts.beacon import INSTRUMENT
from tests.recording.conftest import await_notes, recorded, streamson

PIECES = """
[audio]
reverb = { level = -12, decay = 1 }
[[part]]
stream = "held"
instrument = "strings"
articulation = "continuous"
glide = 0.1
bands = [10, 20]
beacon = { value = 12, every = "1s" }
[[part]]
stream = "run"
instrument = "brass"
timing = "sequence"
duration = { field = 2, low = 0.1, high = 0.3 }
bands = { field = "y", limits = [6, 3] }
beacon = { value = 12, every = "1s" }
[[part]]
stream = "free"
instrument = "epiano"
bands = [10, 20]
"""


def take(folder, text):
    """Record some seconds of three streams; return the rows of the notes."""
    (folder.parent / "pieces.toml").write_text(text)
    with recorded(folder, session=folder.parent / "pieces.toml") as (listener, publisher):
        for i in range(75):
            for stream in ("held", "run", "free"):
                publisher.send(stream, {"x": i % 25, "y": (7 * i) % 11})
            time.sleep(0.03)
        await_notes(listener, 60)
    with (folder / "notes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def assert_same_as_heard(folder):
    streamson("render", folder, "-o", folder.parent / "again.wav")
    assert (folder.parent / "again.wav").read_bytes() == (folder / "audio.wav").read_bytes()


def test_they_are_rendered_again_byte_for_byte(tmp_path):
    rows = take(tmp_path / "take", PIECES)
    for stream in ("held", "run", "free"):
        mine = [row for row in rows if row["stream"] == stream and row["instrument"] != INSTRUMENT]
        assert {row["tremolo_hz"] for row in mine} == {"0.0", "8.0", "20.0"}
    beacons = [row for row in rows if row["instrument"] == INSTRUMENT]
    assert {row["stream"] for row in beacons} == {"held", "run"}
    assert_same_as_heard(tmp_path / "take")


def test_a_recording_of_before_there_was_tremolo_is_rendered_again(tmp_path):
    plain = "".join(
        line + "\n" for line in PIECES.splitlines() if not line.startswith(("bands", "beacon"))
    )
    folder = tmp_path / "take"
    rows = take(folder, plain)
    columns = [name for name in rows[0] if not name.startswith("tremolo")]
    with (folder / "notes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    assert len(columns) == len(rows[0]) - 2
    assert_same_as_heard(folder)


def test_a_feed_of_before_is_read_and_readers_of_before_read_ours():
    note = Note(5, 0.1, 4_410, 60.5, -20.0, 0.0, "sine", "s", tremolo_hz=8.0, tremolo_depth=0.7)
    told = PlayedNote.of(NoteStarted(number=1, note=note))
    assert told.note(44_100) == note
    for encode, decode in (
        (msgspec.msgpack.encode, msgspec.msgpack.decode),
        (msgspec.json.encode, msgspec.json.decode),
    ):
        assert decode(encode(told), type=PlayedNote) == told
        of_before = decode(encode(told))[:-3]  # without tremolo and what came after it
        assert decode(encode(of_before), type=PlayedNote).tremolo_hz == 0
        names = PlayedNote.__struct_fields__[:-2]
        old = msgspec.defstruct("Old", [(name, object) for name in names], array_like=True)
        assert decode(encode(told), type=old).foreground is False
