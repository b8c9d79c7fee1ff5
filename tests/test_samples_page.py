"""The page about sampled instruments: its session is one, its commands run."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamson.session.load import load_session
from tests.formats.sampler_chunks import by_sndfile

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "samples.md").read_text()
FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "marimba.toml").write_text(blocks("toml")[0])
    by_sndfile(tmp_path / "marimba.wav", 58, cents=35, loops=[("forward", 1_000, 3_000)])
    return tmp_path


def run(line, folder):
    """Run a line as a shell does."""
    line = line.replace("streamson", f'"{sys.executable}" -m streamson', 1)
    return subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=False)


def test_its_session_needs_neither_root_nor_loop(folder):
    assert set(tomllib.loads(blocks("toml")[0])["instrument"][0]) == {"name", "sample", "envelope"}
    sample = load_session(str(folder / "marimba.toml")).instruments["marimba"].sample
    assert sample.root == pytest.approx(58.35, abs=0.01)
    assert sample.loop == (1_000, 3_000)


def test_it_is_rendered(folder):
    convert, copy, render = blocks("sh")[0].splitlines()
    if shutil.which("polyphone") and FONT.exists():
        assert run(convert, folder).returncode == 0
        assert run(copy, folder).returncode == 0
        # As the font's own file for samplers has it: pitch_keycenter=58, tune=-35.
        sample = load_session(str(folder / "marimba.toml")).instruments["marimba"].sample
        assert sample.root == pytest.approx(58.35, abs=0.001)
        assert sample.loop == (5_581, 5_766)
    done = run(render, folder)
    assert done.returncode == 0, done.stderr
    sound, _ = soundfile.read(folder / "marimba.flac")
    assert np.abs(sound).max() > 0.01
    assert "marimba.flac" in os.listdir(folder)
