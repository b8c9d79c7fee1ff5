"""A sound card without hardware for espeak-ng, which keeps what is said; one that hangs."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from streamson._espeak import PROGRAM
from tests.conftest import until

_CARD = """
pcm.nothing {{ type null }}
pcm.kept {{ type file  slave.pcm nothing  file "{file}"  format "raw" }}
pcm.!default {{ type plug  slave.pcm kept }}
"""

_TAP = """#!/bin/sh
cat > {lines}.$$
if [ -s {lines}.$$ ]; then echo >> {lines}.$$; cat {lines}.$$ >> {lines}; fi
exec {program} "$@" < {lines}.$$
"""
"""Notes what espeak-ng gets, and becomes it. The sound alone tells no text: on a card that takes
all at once, ALSA keeps some pieces twice."""


class SpokenAloud:
    """What real espeak-ng gets, and plays on ALSA's ``file`` device over its ``null`` one."""

    def __init__(self, folder: Path, program: str) -> None:
        self._fifo = folder / "nobody_reads"
        self._sound = folder / "said.raw"
        self._lines = folder / "said.txt"
        self.programs = folder / "bin"
        self.programs.mkdir()
        tap = self.programs / PROGRAM
        tap.write_text(_TAP.format(lines=self._lines, program=program))
        tap.chmod(0o755)
        self.config = folder / "card.conf"
        self.repair()

    def repair(self) -> None:
        """Let the card play from now on."""
        # By a pipe: as a plain file it would be cut to nothing each time that it is opened.
        self.config.write_text(_CARD.format(file=f"|cat >> {self._sound}"))

    def hang(self) -> None:
        """Let the card hold up from now on whoever plays to it."""
        os.mkfifo(self._fifo)
        self.config.write_text(_CARD.format(file=self._fifo))

    def break_off(self) -> None:
        """Let there be no card from now on."""
        self.config.write_text("")

    @property
    def lines(self) -> list[str]:
        """The lines that espeak-ng got."""
        return self._lines.read_text().splitlines() if self._lines.exists() else []

    @property
    def seconds(self) -> float:
        """How much was played that is no silence."""
        if not self._sound.exists():
            return 0.0
        sound = np.frombuffer(self._sound.read_bytes(), "<i2")
        return np.count_nonzero(np.abs(sound) > 100) / 22_050

    def await_lines(self, *texts: str) -> None:
        """Wait until these lines, and nothing else, were said, in this order."""
        until(lambda: len(self.lines) >= len(texts), f"{texts}, not {self.lines}")
        assert self.lines == list(texts)


def speaking() -> list[psutil.Process]:
    """Return all that speaks, or would, on the card of a test."""
    found = []
    for pid in psutil.pids():
        with suppress(psutil.Error):
            process = psutil.Process(pid)  # a new one: it keeps the program that it saw first
            config = process.environ().get("ALSA_CONFIG_PATH")
            program = Path(process.exe()).name  # no longer the tap's shell
            if program == PROGRAM and config == os.environ.get("ALSA_CONFIG_PATH"):
                found.append(process)
    return found


def kill_speaking() -> None:
    """Kill what speaks on the card of a test."""
    for process in speaking():
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.fixture
def spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpokenAloud:
    program = shutil.which(PROGRAM)
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{PROGRAM} is not installed")
    folder = tmp_path / "card"
    folder.mkdir()
    assert program is not None
    card = SpokenAloud(folder, program)
    monkeypatch.setenv("PATH", f"{card.programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(card.config))
    return card
