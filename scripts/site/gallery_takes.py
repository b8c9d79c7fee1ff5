"""How a sound of the gallery is made: as a command that a person can copy, and as a piece."""

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamson import load_session
from streamson.formats.table import Table
from streamson.offline.phrase import phrase
from streamson.offline.piece import Piece
from streamson.offline.render import DEFAULT_SAMPLE_RATE, render_notes
from streamson.offline.table_piece import table_piece
from streamson.session.load import parse_session

ROOT = Path(__file__).parents[2]

Sound = NDArray[np.float32]


class Take(Protocol):
    """A sound, how it is made, and what was played."""

    def script(self, name: str) -> str:
        """Return what a person types, in a checkout, to get it as `name`.wav."""

    def sound(self) -> Sound:
        """Return its samples at `DEFAULT_SAMPLE_RATE`, shape (frames, 2)."""

    def legend(self) -> list[str]:
        """Return lines that say what plays what."""


@dataclass(frozen=True)
class Phrase:
    """A short phrase that an instrument plays.

    Attributes
    ----------
    instrument
        Its name.
    """

    instrument: str

    def script(self, name: str) -> str:
        return f"streamson instruments {self.instrument} -o {name}.wav"

    def sound(self) -> Sound:
        return np.concatenate(list(render_notes(phrase(self.instrument), load_session())))

    def legend(self) -> list[str]:
        return [self.instrument]


@dataclass(frozen=True)
class Rendered:
    """A table that is rendered.

    Attributes
    ----------
    table
        A file of the repository, or a line for a shell that prints one.
    preset
        What plays it; none where it is empty.
    session
        Or the text of a session file.
    seconds
        How long its rows take; None: they follow one another, a note each.
    stream
        What each column is a stream of, if it is to be one.
    online
        Whether it is rescaled as a live listener would have.
    """

    table: str
    preset: str = ""
    session: str = ""
    seconds: float | None = None
    stream: str = ""
    online: bool = False

    @property
    def _is_file(self) -> bool:
        return (ROOT / self.table).is_file()

    def script(self, name: str) -> str:
        lines = [f"cat > {name}.toml <<'END'", self.session.strip(), "END"] if self.session else []
        source = self.table if self._is_file else "-"
        words = ["streamson", "render", source]
        session = f"{name}.toml" if self.session else self.preset
        words += ["--session", session] if session else []
        words += ["--stream", self.stream, "--each-column"] if self.stream else []
        words += ["--seconds", f"{self.seconds:g}s"] if self.seconds else []
        words += ["--online"] if self.online else []
        words += ["-o", f"{name}.wav"]
        if not self._is_file:
            lines.append(f"{self.table} |")
        return "\n".join([*lines, " ".join(words)])

    @cached_property
    def piece(self) -> Piece:
        """What was played, as a plot needs it."""
        text = self.session.encode()
        return table_piece(
            Table(self._path),
            parse_session(text, "session.toml") if text else load_session(self.preset),
            stream=self.stream or None,
            each_column=bool(self.stream),
            seconds=self.seconds,
            online=self.online,
        )

    @cached_property
    def _folder(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory()

    @cached_property
    def _path(self) -> Path:
        if self._is_file:
            return ROOT / self.table
        # Standard input's name, for a stream that has no other.
        path = Path(self._folder.name) / "stdin"
        printed = subprocess.run(["bash", "-c", self.table], cwd=ROOT, stdout=-1, check=True)
        path.write_bytes(printed.stdout)
        return path

    def sound(self) -> Sound:
        assert self.piece.sample_rate == DEFAULT_SAMPLE_RATE
        return np.concatenate(list(self.piece.sound()))

    def legend(self) -> list[str]:
        return [line for _, line in self.piece.legend()]
