"""Videos: plot and sound in step, whole, and of the same length."""

import av
import numpy as np
import pytest

from streamson.errors import InputFileError, UsageError
from streamson.export.video.write import VideoFormat, write_video
from streamson.formats.table import Table
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece, TimedPiece
from streamson.session.load import parse_session

BEEPS = parse_session(
    b"""
[audio]
volume_db = 0
[[part]]
stream = "*"
pitch = { value = "A5" }
duration = { value = 0.25 }
volume = { value = -6 }
""",
    "beeps.toml",
)
RATE = 44_100


def table(path, text):
    path.write_text(text)
    return Table(path)


def decoded(path):
    """Return how bright each plot's brightest 1 % is, its time, and the sound."""
    bright, times, sound, first = [], [], [], None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plot = frame.to_ndarray(format="gray")
            bright.append((plot > 225).mean())
            times.append(frame.time)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            first = frame.time if first is None else first
            sound.append(frame.to_ndarray()[0])
    return np.array(bright), np.array(times), np.concatenate(sound), first


@pytest.mark.parametrize("fps", [25, 30])
def test_flash_and_beep_coincide_within_one_picture(tmp_path, fps):
    """Each note is white while it sounds: the moments at which plot and sound begin agree."""
    onsets = [0.5, 1.21, 2.034, 2.9, 3.777]
    rows = "".join(f"{onset},{i}\n" for i, onset in enumerate([0.0, *onsets]))
    piece = TimedPiece(
        ScoredTable(table(tmp_path / "t.csv", "time,x\n" + rows), BEEPS, sample_rate=RATE)
    )
    path = tmp_path / "video.mp4"
    write_video(piece, path, VideoFormat(320, 240, fps))
    bright, times, sound, first = decoded(path)
    # The clock in the corner is bright too, always.
    lit = bright > (bright.min() + bright.max()) / 2
    flashes = times[np.flatnonzero(lit[1:] & ~lit[:-1]) + 1]
    loud = np.abs(sound) > 0.1
    window = RATE // 20
    quiet_before = np.convolve(loud, np.ones(window), "full")[: len(loud)]
    beeps = [i / RATE + first for i in np.flatnonzero(loud) if i and quiet_before[i - 1] == 0]
    assert len(beeps) == len(onsets) + (beeps[0] < 0.1)
    assert len(flashes) == len(onsets)
    for onset, flash, beep in zip(onsets, flashes, beeps[-len(onsets) :], strict=True):
        assert beep == pytest.approx(onset, abs=0.01)
        assert abs(flash - beep) <= 1 / fps


def test_a_film_is_as_long_as_its_sound_and_decodes_whole(tmp_path):
    rows = "".join(f"{np.cos(i / 3)},{np.sin(i / 3)}\n" for i in range(20))
    piece = TablePiece(
        ScoredTable(table(tmp_path / "t.csv", "re,im\n" + rows), BEEPS, sample_rate=RATE)
    )
    path = tmp_path / "video.mp4"
    frames = sum(len(block) for block in piece.sound())
    done = write_video(piece, path, VideoFormat(640, 360, 30))
    assert "640x360 at 30" in done
    bright, times, sound, _ = decoded(path)
    assert len(bright) == pytest.approx(frames / RATE * 30, abs=1)
    assert np.diff(times) == pytest.approx(1 / 30)
    assert len(sound) == pytest.approx(frames, abs=2_048)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        lengths = [float(stream.duration * stream.time_base) for stream in (video, audio)]
    assert abs(lengths[0] - lengths[1]) <= 1 / 30


@pytest.mark.parametrize(
    ("video", "problem"),
    [
        (VideoFormat(1281, 720), "even numbers"),
        (VideoFormat(1280, 10), "even numbers"),
        (VideoFormat(1280, 720, 0), "1 to 120"),
    ],
)
def test_a_film_that_can_not_be_is_explained(video, problem):
    with pytest.raises(UsageError, match=problem):
        video.check()


def test_without_notes_there_is_no_film(tmp_path):
    piece = TablePiece(
        ScoredTable(table(tmp_path / "t.csv", "re,im\n,1\n"), BEEPS, sample_rate=192_000)
    )
    with pytest.raises(UsageError, match="192000 Hz"):
        write_video(piece, tmp_path / "video.mp4")
    session = parse_session(b"[[part]]\n", "part.toml")
    piece = TablePiece(
        ScoredTable(table(tmp_path / "t.csv", "re,im\n,1\n"), session, sample_rate=RATE)
    )
    with pytest.raises(InputFileError, match="no notes"):
        write_video(piece, tmp_path / "video.mp4")
