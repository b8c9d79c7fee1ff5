"""Folders of recordings whose bytes somebody changed: each is explained or read, and soon.

python -m tests.recording.folder_attack --count 1000
"""

import argparse
import random
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from streamson.cli import cli
from streamson.errors import StreamsonError
from streamson.model.point import Batch, DataPoint
from streamson.producers.replay import command as replay
from streamson.wire.points.codec import encode
from tests.recording.conftest import await_notes, recorded

NAMES: Final = ("recording.json", "points.jsonl", "notes.csv", "changes.jsonl", "session.toml")
MAX_SECONDS: Final = 20.0
MAX_MORE_BYTES: Final = 600 << 20

NUMBERS: Final = (
    *(b"NaN", b"nan", b"1e400", b"-1e400", b"inf", b"-1", b"1e-400", b"null", b'""', b"[]", b"{}"),
    *(str(2**63).encode(), str(2**64).encode(), b"-9223372036854775809", b"1" + b"0" * 15),
    *(b"9" * 5_000, b"0.5", b"true", "١٢".encode(), b"999999999", b"1_000"),
)
PIECES: Final = (
    *(b"\xff", b"\x00", b"\xc3\x28", b"\n", b'"', b",", b"\xef\xbb\xbf"),
    *(b"[" * 5_000, b'{"a":' * 5_000),
    *(b"../", b"/etc/passwd", b"\\u0000", b"\\ud800", b"a" * 200_000, b"\r", b"\xed\xa0\x80"),
)


def make(folder: Path) -> None:
    """Record a second."""
    with recorded(folder) as (listener, publisher):
        for i in range(30):
            publisher.send("walk", {"x": i % 7, "y": i * 3 % 5})
            time.sleep(0.03)  # points come over some time
            if i == 10:
                listener.set_volume(-10)
                listener.change_session("geiger")
        publisher.send_batch("many", {"x": [1.0, 2.0, float("nan")]}, times=[1, 2, 3])
        await_notes(listener, 5)


def mutate(chance: random.Random, content: bytes) -> bytes:
    """Return the content with something wrong in it."""
    result = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 3))):
        at = chance.randrange(len(result) + 1)
        kind = chance.choice(("byte", "bit", "number", "number", "piece", "cut", "lose", "repeat"))
        if kind == "byte":
            result[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == "bit" and at < len(result):
            result[at] ^= 1 << chance.randrange(8)
        elif kind == "number":
            _replace_number(chance, result)
        elif kind == "piece":
            result[at:at] = chance.choice(PIECES)
        elif kind == "cut":
            del result[at:]
        elif kind == "lose":
            del result[at : at + chance.choice((1, 5, 50))]
        else:
            result[at:at] = result[at : at + chance.choice((1, 5, 500))]
    return bytes(result)


def _replace_number(chance: random.Random, content: bytearray) -> None:
    digits = [i for i, byte in enumerate(content) if 0x30 <= byte <= 0x39]
    if not digits:
        return
    start = end = chance.choice(digits)
    while start and content[start - 1] in b"0123456789.-e":
        start -= 1
    while end < len(content) and content[end] in b"0123456789.-e":
        end += 1
    content[start:end] = chance.choice(NUMBERS)


def outcome(folder: Path, words: tuple[str, ...]) -> str:
    """Run a command in this process; return "read", or what it says."""
    out = folder.parent / "out.wav"
    try:
        if words == ("replay",):
            production = replay.main([str(folder)], standalone_mode=False)
            for reading in production.readings:
                _encode(reading)
        else:
            cli.main(["render", str(folder), *words, "-o", str(out)], standalone_mode=False)
    except (StreamsonError, click.ClickException) as error:
        message = str(error)
        assert "\n" not in message.strip(), message
        assert len(message) < 2_000, message[:2_000]
        return f"{error.exit_code} {message}"
    finally:
        out.unlink(missing_ok=True)
    return "read"


def _encode(reading: object) -> None:
    """Encode as a publisher would."""
    batch = getattr(reading, "batch", None)
    if isinstance(batch, Batch):
        encode(batch)
    else:
        fields = {name: float("nan") if v is None else v for name, v in reading.fields.items()}
        encode(DataPoint(reading.stream, fields, reading.time or 0.0))


COMMANDS: Final = ((), ("--session", "geiger"), ("replay",))


def attack(folder: Path, *, count: int, seed: int = 0) -> str:
    """Change a recording in so many ways; return what was found, for a person."""
    chance = random.Random(seed)
    good = folder / "good"
    make(good)
    for command in COMMANDS:  # also loads everything
        assert outcome(good, command) == "read"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = refused = 0
    slowest = 0.0
    for _ in range(count):
        bad = folder / "bad"
        shutil.copytree(good, bad)
        name = chance.choice(NAMES)
        (bad / name).write_bytes(mutate(chance, (good / name).read_bytes()))
        started = time.monotonic()
        found = outcome(bad, chance.choice(COMMANDS))
        seconds = time.monotonic() - started
        assert seconds < MAX_SECONDS, (name, found)
        slowest = max(slowest, seconds)
        if found == "read":
            read += 1
        else:
            assert found.startswith("1 "), found
            assert str(bad) in found, found
            refused += 1
        shutil.rmtree(bad)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert more < MAX_MORE_BYTES, more
    return (
        f"{count} changed recordings: {read} read, {refused} refused; the slowest took "
        f"{slowest:.1f} s, memory grew by {more / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(attack(Path(folder), count=asked.count, seed=asked.seed))


if __name__ == "__main__":
    main()
