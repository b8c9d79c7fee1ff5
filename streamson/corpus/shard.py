"""One shard of a corpus: some tables as sound, with their notes, in one Parquet file.

A shard is the unit of work: it is made by one process, appears whole or not at all, and says in its
metadata what it was made of, so that it is made only once.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import soundfile

from streamson._optional import import_optional
from streamson._version import __version__
from streamson.errors import InputFileError, OutputFileError, StreamsonError
from streamson.formats.table import Table
from streamson.model.note import Note
from streamson.music.level import amplitude_to_db
from streamson.offline.table_piece import table_piece
from streamson.session.load import load_session
from streamson.session.schema import Session

FORMAT: Final = "streamson corpus 1"
MAX_SECONDS: Final = 3_600.0
"""Of one table's sound: a shard is put together in memory."""

_KEY: Final = b"streamson"


class Source(NamedTuple):
    """A table of a corpus.

    Attributes
    ----------
    path
        Where it is.
    name
        What it is called in the corpus.
    """

    path: str
    name: str


class ShardPlan(NamedTuple):
    """What a shard is to be made of.

    Attributes
    ----------
    path
        The shard's file.
    sources
        The tables.
    session
        The session's file or preset; empty for the default.
    sample_rate
        Frames a second; None where the session's will do.
    online
        Whether values are rescaled as a live listener would.
    """

    path: str
    sources: tuple[Source, ...]
    session: str
    sample_rate: int | None
    online: bool


class ShardResult(NamedTuple):
    """What became of a shard.

    Attributes
    ----------
    path
        The shard's file.
    pieces
        How many tables it has.
    seconds
        Of sound.
    failed
        Name of each table that could not be used, and why.
    cached
        Whether it had been made before.
    """

    path: str
    pieces: int
    seconds: float
    failed: tuple[tuple[str, str], ...]
    cached: bool = False


def make_shard(plan: ShardPlan) -> ShardResult:
    """Make a shard, unless it is there already; what can't be used is left out and told.

    Raises
    ------
    SessionError
        If the session has a mistake.
    OutputFileError
        If the shard can't be written.
    """
    session = load_session(plan.session)
    key = _key(plan, session)
    found = read_result(Path(plan.path), key)
    if found is not None:
        return found
    rows, failed = [], []
    for source in plan.sources:
        try:
            rows.append(_row(plan, source, session))
        except StreamsonError as error:
            failed.append((source.name, str(error)))
        except Exception as error:  # whatever it is: one table never stops the others
            failed.append((source.name, f"{type(error).__name__}: {error}"))
    result = ShardResult(plan.path, len(rows), sum(row["seconds"] for row in rows), tuple(failed))
    _write(Path(plan.path), rows, key, result)
    return result


def read_result(path: Path, key: str | None = None) -> ShardResult | None:
    """Return what a shard that is there says of itself; None if it isn't, or has another key."""
    parquet = import_optional("pyarrow.parquet", "corpus", "a corpus")
    try:
        with parquet.ParquetFile(path) as file:
            metadata = json.loads(file.schema_arrow.metadata[_KEY])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or not one that was finished
    if key is not None and metadata["key"] != key:
        return None
    failed = tuple((name, why) for name, why in metadata["failed"])
    return ShardResult(str(path), metadata["pieces"], metadata["seconds"], failed, cached=True)


def _key(plan: ShardPlan, session: Session) -> str:
    """Return what changes whenever the shard would be another one."""
    digest = hashlib.sha256()
    options = [FORMAT, __version__, session.text, plan.sample_rate, plan.online]
    digest.update(json.dumps(options).encode())
    for file in session.files:
        digest.update(_sha256(file.path).encode())
    for source in plan.sources:
        digest.update(f"{source.name}\0{_sha256(Path(source.path))}\0".encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"can't be read: {error.strerror}"


def _row(plan: ShardPlan, source: Source, session: Session) -> dict[str, Any]:
    table = Table(source.path)
    piece = table_piece(table, session, sample_rate=plan.sample_rate, online=plan.online)
    rate = piece.sample_rate
    sound, frames, peak = io.BytesIO(), 0, 0.0
    with soundfile.SoundFile(sound, "w", rate, 2, subtype="PCM_16", format="FLAC") as file:
        for block in piece.sound():
            frames += len(block)
            if frames > MAX_SECONDS * rate:
                raise InputFileError(f"{source.path}: more than {MAX_SECONDS:.0f} s of sound")
            file.write(block)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
    notes = list(piece.notes())
    if not notes:
        raise InputFileError(f"{source.path}: no row of it gives a note")
    return {
        "name": source.name,
        "sha256": _sha256(Path(source.path)),
        "columns": table.columns,
        "remarks": table.remarks,
        "session": session.name,
        "sample_rate": rate,
        "seconds": frames / rate,
        "peak_dbfs": amplitude_to_db(peak) if peak > 0 else None,
        "notes": list(_notes(notes, rate)),
        "audio": {"bytes": sound.getvalue(), "path": f"{source.name}.flac"},
    }


def _notes(notes: list[Note], rate: int) -> Iterator[dict[str, Any]]:
    for note in notes:
        yield {
            "onset_s": note.onset_frame / rate,
            "duration_s": note.duration_s,
            "midi_note": note.midi_note,
            "level_dbfs": note.level_db,
            "pan": note.pan,
            "brightness": note.brightness,
            "instrument": note.instrument,
        }


def _schema(pyarrow: Any) -> Any:
    """Return the columns: ``audio`` is what Hugging Face's data sets know as an audio feature."""
    text, number = pyarrow.string(), pyarrow.float64()
    numbers = ("onset_s", "duration_s", "midi_note", "level_dbfs", "pan", "brightness")
    note = pyarrow.struct([*((name, number) for name in numbers), ("instrument", text)])
    return pyarrow.schema(
        [
            ("name", text),
            ("sha256", text),
            ("columns", pyarrow.list_(text)),
            ("remarks", pyarrow.list_(text)),
            ("session", text),
            ("sample_rate", pyarrow.int32()),
            ("seconds", number),
            ("peak_dbfs", number),
            ("notes", pyarrow.list_(note)),
            ("audio", pyarrow.struct([("bytes", pyarrow.binary()), ("path", text)])),
        ]
    )


def _write(path: Path, rows: list[dict[str, Any]], key: str, result: ShardResult) -> None:
    pyarrow = import_optional("pyarrow", "corpus", "a corpus")
    parquet = import_optional("pyarrow.parquet", "corpus", "a corpus")
    metadata = {
        "key": key,
        "pieces": result.pieces,
        "seconds": result.seconds,
        "failed": result.failed,
    }
    schema = _schema(pyarrow).with_metadata({_KEY: json.dumps(metadata).encode()})
    # Of two processes that make the same shard each has a part of its own.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), part)
        part.replace(path)
    except OSError as error:
        raise OutputFileError(f"can't write {path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
