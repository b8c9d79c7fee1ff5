"""``streamson decode``: the command as a person uses it."""

import csv
import io
import json
import os
import shutil
import subprocess

import numpy as np
import psutil
import pytest
import soundfile

import streamson
from tests.cli.conftest import STREAMSON
from tests.conftest import DATA, until

ARTICLE = DATA / "article_eta_300.csv"
ROWS = 40
RATE = 22_050


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The beginning of the article's table, its sound, and its notes."""
    folder = tmp_path_factory.mktemp("made")
    lines = ARTICLE.read_text().splitlines(keepends=True)[: ROWS + 1]
    (folder / "eta.csv").write_text("".join(lines))
    audio = streamson.render(folder / "eta.csv", "article", sample_rate=RATE)
    audio.save(folder / "eta.wav")
    audio.save(folder / "notes.csv")
    return folder


@pytest.fixture
def folder(tmp_path, made):
    """Those files, where commands run."""
    for path in made.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def whole(made):
    """What is printed of the whole sound."""
    words = [*STREAMSON, "decode", "eta.wav", "--session", "article"]
    return subprocess.run(words, cwd=made, capture_output=True, text=True, check=True).stdout


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_tables_rows_are_printed_with_their_error_bars(run, folder):
    with (folder / "eta.csv").open(newline="") as file:
        true = [float(row["re"]) for row in csv.DictReader(file)]
    done = run(
        *("decode", "eta.wav", "--session", "article", "--streams", "eta"),
        *("--range", f"re={min(true)}:{max(true)}"),
    )
    assert done.returncode == 0
    found = rows(done.stdout)
    assert len(found) == ROWS
    assert set(found[0]) == {
        *("onset_s", "duration_s", "midi_note", "level_dbfs", "pan", "instrument", "stream"),
        *("confidence", "re", "re_low", "re_high", "im_place", "im_place_low", "im_place_high"),
        *("modulus_place", "modulus_place_low", "modulus_place_high"),
    }
    assert {row["stream"] for row in found} == {"eta"}
    held = [
        float(row["re_low"]) <= value <= float(row["re_high"])
        for row, value in zip(found, true, strict=True)
    ]
    assert sum(held) >= 0.95 * ROWS
    assert f"eta.wav: {ROWS} notes of eta" in done.stderr
    assert "of the sound's energy is at the pitches of notes" in done.stderr


def test_files_of_both_kinds_hold_the_same_and_a_check_says_how_well(run, folder):
    done = run(
        *("decode", "eta.wav", "--session", "article", "-o", "a.csv"),
        *("--check", "notes.csv", "--plot", "check.png"),
    )
    assert done.returncode == 0
    assert done.stdout == ""
    assert f"check: 100.00% of {ROWS} notes found" in done.stderr
    assert "duration, decoded against played: correlation 0.99" in done.stderr
    assert (folder / "check.png").read_bytes().startswith(b"\x89PNG")
    assert run("decode", "eta.wav", "--session", "article", "-o", "a.jsonl").returncode == 0
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    as_text = [{k: "" if v is None else str(v) for k, v in line.items()} for line in lines]
    assert as_text == rows((folder / "a.csv").read_text())


def test_a_check_alone_prints_no_table(run, folder):
    done = run("decode", "eta.wav", "--session", "article", "--to", "2s", "--check", "notes.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert "check: 100.00% of" in done.stderr
    asked = run(
        *("decode", "eta.wav", "--session", "article", "--to", "2s"),
        *("--check", "notes.csv", "-o", "-"),
    )
    assert rows(asked.stdout)


def test_silence_has_a_table_without_rows_and_ends_with_1(run, folder):
    soundfile.write(folder / "silence.wav", np.zeros((RATE, 2)), RATE)
    done = run("decode", "silence.wav", "--session", "article", "-o", "x.csv")
    assert done.returncode == 1
    assert "no note of the session article is heard in it" in done.stderr
    assert rows((folder / "x.csv").read_text()) == []


def test_what_lies_beside_a_sound_is_not_looked_at(run, folder, whole):
    os.rename(folder / "eta.wav", folder / "other.wav")
    (folder / "notes.csv").unlink()
    (folder / "manifest.json").write_text("{}")
    assert run("decode", "other.wav", "--session", "article").stdout == whole


def test_a_stretch_is_a_part_of_the_whole(run, folder, whole):
    whole = rows(whole)
    done = run("decode", "eta.wav", "--session", "article", "--from", "3s", "--to", "6s")
    part = rows(done.stdout)
    assert done.returncode == 0
    assert 0 < len(part) < len(whole)
    assert all(2.9 < float(row["onset_s"]) < 6 for row in part)
    done = run("decode", "eta.wav", "--session", "article", "--from", "0", "--to", "3")
    pitches = [row["midi_note"] for row in rows(done.stdout)]
    assert pitches == [row["midi_note"] for row in whole if float(row["onset_s"]) < 3]


def test_a_session_that_did_not_play_it_is_told(run, folder):
    generator = np.random.default_rng(1)
    noise = generator.normal(size=(4 * RATE, 2)) * 0.1
    soundfile.write(folder / "noise.wav", noise, RATE)
    done = run("decode", "noise.wav", "--session", "article")
    assert done.returncode == 1
    assert "little fits" in done.stderr or "no note of the session" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["none.wav"], 1, "can't read none.wav: No such file"),
        (["notes.csv"], 1, "can't read notes.csv as a sound file"),
        (["empty.wav"], 1, "can't read empty.wav as a sound file"),
        (["nothing.wav"], 1, "nothing.wav: there is no sound in it"),
        (["."], 2, "is a folder; name the sound file in it"),
        (["eta.wav", "-o", "x.txt"], 2, "can't write x.txt: .csv, .jsonl are allowed"),
        (["eta.wav", "-o", "no/x.csv"], 2, "there is no folder no"),
        (["eta.wav", "--plot", "x.png"], 2, "--plot draws over the notes of --check"),
        (["eta.wav", "--check", "notes.csv", "--plot", "x.gif"], 2, "can't write x.gif"),
        (["eta.wav", "--check", "eta.csv"], 1, "no column 'brightness'"),
        (["eta.wav", "--session", "sensor"], 2, "its voice is held and glides"),
        (["eta.wav", "--session", "own.toml"], 2, "recorded sound"),
        (["eta.wav", "--range", "re=3"], 2, "such as re=-1.2:2.1"),
        (["eta.wav", "--range", "re=3:1"], 2, "such as re=-1.2:2.1"),
        (["eta.wav", "--session", "article", "--range", "q=1:2"], 2, "the notes tell re, im"),
        (["eta.wav", "--session", "article", "--fields", "x"], 2, "fields itself: re, im, modulus"),
        (["eta.wav", "--session", "article", "--from", "2min"], 2, "the sound is 1"),
        (["eta.wav", "--streams", "a,a"], 2, "found the same stream twice"),
        (["eta.wav", "--streams", ""], 2, "printable text is allowed"),
        ([], 2, "Missing argument 'SOUND'"),
    ],
)
def test_wrong_use_is_told_in_a_line(run, folder, words, code, told):
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "nothing.wav", np.zeros((0, 2)), RATE)
    soundfile.write(folder / "drop.wav", np.sin(np.arange(3_000) / 20), RATE)
    (folder / "own.toml").write_text(
        '[[instrument]]\nname = "drop"\nsample = "drop.wav"\nroot = "C4"\n'
        '[[part]]\ninstrument = "drop"\n'
    )
    done = run("decode", *words)
    assert done.returncode == code
    assert told in done.stderr
    assert done.stdout == ""


def test_ctrl_c_leaves_no_file(start, folder):
    long = np.tile(soundfile.read(folder / "eta.wav", dtype="float32")[0], (40, 1))
    soundfile.write(folder / "long.wav", long, RATE)
    running = start("decode", "long.wav", "--session", "article", "-o", "x.csv")
    process = psutil.Process(running.pid)
    until(lambda: process.cpu_times().user > 2.5, "it to be amid its work", 30)
    code, out, _ = running.end()
    assert (code, out) == (130, "")
    assert not list(folder.glob("*x*.csv"))
