"""``streamson render`` at the terminal."""

import csv
import os
import shutil
import subprocess
import sys
from itertools import accumulate

import pytest
import soundfile

from tests.conftest import DATA
from tests.synth.decoder import decode, found


@pytest.fixture
def table(tmp_path):
    return shutil.copy(DATA / "article_eta_300.csv", tmp_path / "eta.csv")


def test_the_articles_tune(run, table, tmp_path):
    done = run("render", "eta.csv", "--session", "article", "-o", "eta.wav")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert done.stderr.startswith("eta: re -> pitch G3..C6 (-6.791..11.84), im -> duration")
    assert done.stdout == "eta.wav: 82.7 s of sound, peak -22.3 dBFS\n"
    assert soundfile.info(tmp_path / "eta.wav").duration == pytest.approx(82.7, abs=0.05)

    done = run("render", "eta.csv", "--session", "article", "-o", "eta.notes.csv")
    assert (done.returncode, done.stdout) == (0, "eta.notes.csv: 300 notes\n")
    with (tmp_path / "eta.notes.csv").open(newline="") as file:
        notes = list(csv.DictReader(file))
    with (DATA / "article_eta_300.csv").open(newline="") as file:
        assert [row["midi_note"] for row in notes] == [r["midi_note"] for r in csv.DictReader(file)]
    assert {path.name for path in tmp_path.iterdir()} == {"eta.csv", "eta.wav", "eta.notes.csv"}


def test_the_articles_tune_is_heard_note_for_note(run, table, tmp_path):
    assert run("render", "eta.csv", "--session", "article", "-o", "eta.wav").returncode == 0
    sound, rate = soundfile.read(tmp_path / "eta.wav", dtype="float32")
    with (DATA / "article_eta_300.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pitches = [int(row["midi_note"]) for row in rows]
    ends_s = accumulate(float(row["duration_s"]) for row in rows)
    heard = decode(sound, rate, set(pitches))
    assert found(heard, [0.0, *ends_s][:-1], pitches).mean() >= 0.99
    assert len(heard) <= 303


def test_the_sample_rate_can_be_chosen(run, table, tmp_path):
    done = run("render", "eta.csv", "--sample-rate", "8000", "-o", "eta.wav")
    assert done.returncode == 0
    assert soundfile.info(tmp_path / "eta.wav").samplerate == 8_000


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.csv", "-o", "x.wav"], 1, "none.csv: can't be read: No such file or directory"),
        (["eta.csv", "-o", "x.wv"], 2, "allowed are .wav, .flac, .ogg"),
        (["eta.csv", "-o", "x.wv"], 2, 'did you mean ".wav"'),
        (["eta.csv", "-o", "no/x.wav"], 2, "no/x.wav: there is no folder no"),
        (["eta.csv", "-o", "x.wav", "--session", "artcle"], 1, 'did you mean "article"'),
        (["eta.csv", "-o", "x.wav", "--sample-rate", "1"], 2, "8000<=x<=192000"),
        (["eta.csv"], 2, "Missing option '-o'"),
        (["eta.csv", "-o", "x.wav", "--sesion", "a"], 2, "--session"),
        (["broken.csv", "-o", "x.wav"], 1, "broken.csv: no column of numbers; the columns are re"),
        (["eta.csv", "-o", "x.wav", "--session", "bad.toml"], 1, "bad.toml"),
        (["eta.csv", "-o", "eta.csv"], 2, "it is the input itself"),
        (["eta.csv", "-o", "link.csv"], 2, "it is the input itself"),
        (["eta.csv", "-o", "x.wav", "-o", "./x.wav"], 2, "the same output twice"),
        (["eta.csv", "-o", "x.wav", "--plot", "curvs"], 2, 'did you mean "curves"'),
        (["eta.csv", "-o", "x.mp4", "--size", "64x64"], 2, "from 128 to 4096"),
        (["eta.csv", "-o", "x.mp4", "--size", "4096x128"], 2, "4 times as long"),
        (["eta.csv", "-o", "x.mp4", "--size", "big"], 2, "a size such as 1280x720"),
        (["eta.csv", "-o", "x.wav", "--speed", "2"], 2, "has none; try --seconds"),
        (["eta.csv", "-o", "x.wav", "--speed", "1e-320"], 2, "--speed"),
        (["eta.csv", "-o", "x.wav", "--seconds", "9" * 400], 2, "up to a year"),
        (["slow.csv", "-o", "x.wav", "--speed", "1e-5"], 1, "try a larger --speed"),
        (["eta.csv", "-o", "x" * 252 + ".wav"], 1, "name too long"),
        (["folder", "-o", "x.wav"], 1, "Is a directory"),
        (["rec", "-o", "rec/notes.csv"], 2, "name another folder"),
        (["rec", "-o", "x.wav", "--speed", "2"], 2, "--speed is for tables"),
    ],
)
def test_mistakes_are_explained_and_leave_nothing(run, table, tmp_path, words, code, message):
    (tmp_path / "broken.csv").write_text("re\na\noops\n")
    (tmp_path / "bad.toml").write_text('[[part]]\ninstrument = "sinus"\n')
    (tmp_path / "slow.csv").write_text("time,x\n0,1\n100000,2\n")
    (tmp_path / "link.csv").symlink_to("eta.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "recording.json").write_text("{}")
    before = files_in(tmp_path)
    done = run("render", *words)
    assert message in done.stderr
    assert done.returncode == code
    assert done.stdout == ""
    assert files_in(tmp_path) == before


def files_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_file_of_the_users_is_taken_for_a_part(run, tmp_path):
    (tmp_path / "t.part.csv").write_text("x\n1\n2\n")
    assert run("render", "t.part.csv", "-o", "t.csv").returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"t.part.csv", "t.csv"}


def test_names_with_dollars_and_any_bytes_are_drawn_and_written(run, tmp_path):
    (tmp_path / "x$_$.csv").write_text("$price_{,$cost\n1,2\n2,1\n")
    done = run("render", "x$_$.csv", "-o", "d.png", "-o", "d.mp4", "--size", "640x480")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    odd = os.fsdecode(b"caf\xe9.csv")
    (tmp_path / odd).write_text("x\n1\n2\n")
    done = run("render", odd, "-o", "n.csv", "-o", "n.jsonl", "-o", "n.png", "-o", "n.mid")
    assert done.returncode == 0


def test_an_output_that_exists_stays_if_rendering_fails(run, tmp_path):
    (tmp_path / "t.csv").write_text("re\n1\noops\n")
    (tmp_path / "out.wav").write_text("precious")
    assert run("render", "t.csv", "-o", "out.wav").returncode == 1
    assert (tmp_path / "out.wav").read_text() == "precious"


def test_what_is_heard_of_a_table_is_said_and_chosen(run, tmp_path):
    rows = "".join(f"{i},7,{i % 5},{i * i % 7}\n" for i in range(20))
    (tmp_path / "t.csv").write_text("t,site,a,b\n" + rows)
    done = run("render", "t.csv", "-o", "n.csv")
    assert done.stderr == (
        "t: a -> pitch D3..G5 (0..4), b -> volume -26..-14 dBFS (0..4), epiano\n"
        "left out: t (counts the rows), site (never changes); "
        "choose with --columns A,B, or hear each with --each-column\n"
    )
    done = run("render", "t.csv", "-o", "n.csv", "--columns", "b")
    assert done.stderr == "t: b -> pitch D3..G5 (0..4), epiano\n"
    done = run("render", "t.csv", "-o", "n.csv", "--each-column", "--columns", "b,a")
    assert done.stderr == (
        "t.b: b -> pitch D3..G5 (0..4), epiano\nt.a: a -> pitch D2..G4 (0..4), strings\n"
    )
    with (tmp_path / "n.csv").open(newline="") as file:
        notes = list(csv.DictReader(file))
    assert {note["stream"] for note in notes} == {"t.a", "t.b"}
    assert len(notes) == 40
    done = run("render", "t.csv", "-o", "n.csv", "--columns", "c")
    assert (done.returncode, done.stdout) == (2, "")
    assert "t.csv: no column 'c'; the columns of numbers are t, site, a, b" in done.stderr


def test_a_line_that_rises_rises(run, tmp_path):
    (tmp_path / "ramp.csv").write_text("v\n" + "".join(f"{i}\n" for i in range(60)))
    run("render", "ramp.csv", "-o", "n.csv")
    with (tmp_path / "n.csv").open(newline="") as file:
        pitches = [float(note["midi_note"]) for note in csv.DictReader(file)]
    assert pitches == sorted(pitches)
    assert len(set(pitches)) == 30


def test_a_table_of_nothing_is_no_silence(run, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n,\nnan,\n")
    done = run("render", "t.csv", "-o", "t.wav")
    assert (done.returncode, done.stdout) == (1, "")
    assert "t.csv: no note comes of it: no column has a value that is played" in done.stderr
    assert not (tmp_path / "t.wav").exists()


def test_a_table_comes_through_a_pipe(run, table, tmp_path):
    whole = run("render", "eta.csv", "--session", "article", "--stream", "eta", "-o", "a.wav")
    content = (tmp_path / "eta.csv").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "streamson", "render", "-", "-o", "b.wav", "--session", "article"],
        cwd=tmp_path,
        input=content,
        capture_output=True,
        check=False,
    )
    assert (whole.returncode, done.returncode) == (0, 0), done.stderr
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert done.stderr.startswith(b"stdin: re -> pitch")


def test_what_was_left_out_and_how_long_it_takes_are_said(run, tmp_path):
    rows = "".join(f"{i % 9}\n" for i in range(2_000))
    (tmp_path / "t.csv").write_text("x\n1,2\n" + rows + "oops\n")
    done = run("render", "t.csv", "-o", "t.csv.flac", "-o", "n.csv")
    assert done.returncode == 0
    assert done.stderr.splitlines()[1:] == [
        "t: 1 row skipped: line 2 has 2 of 1 cells",
        "t: 1 cell taken as empty: line 2003, column 'x': found 'oops', no number",
        "t.csv.flac: 12 min of sound, about 62 MB; --seconds 5min makes it fit",
    ]


def test_alerts_are_told_once_with_the_datas_time(run, tmp_path):
    rows = "".join(
        f"2026-01-31 12:{i:02}:00,{95 if 30 <= i < 33 else 20 + i % 3}\n" for i in range(60)
    )
    (tmp_path / "t.csv").write_text("time,percent\n" + rows)
    (tmp_path / "s.toml").write_text(
        '[[part]]\n[[alert]]\nfield = "percent"\nabove = 90\nduration = "0s"\nspeech = "too hot"\n'
    )
    done = run("render", "t.csv", "--session", "s.toml", "-o", "t.wav", "-o", "t.csv.csv")
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if "percent is" in line]
    assert lines == [
        'streamson: 2026-01-31 12:30:00 t: percent is 95 %, above 90 %: "too hot"',
        "streamson: 2026-01-31 12:33:00 t: percent is 20 % again",
    ]
