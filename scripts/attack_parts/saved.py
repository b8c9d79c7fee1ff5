"""Files that streamson saved, damaged by bytes: states, recordings and sound files."""

import contextlib
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.attack_parts.frames import mutated
from scripts.attack_parts.target import COMMAND, Outcome
from streamson.errors import StreamsonError
from streamson.listener.state_file import StateKeeper
from streamson.model.point import DataPoint
from streamson.score.score import Score
from streamson.session.load import load_session
from tests.formats import repair_attack
from tests.recording import folder_attack

PRESETS = ("monitor", "orchestra", "sensor")
IN_A_PROCESS = 10
"""Every so many, the real command reads the state, in a process of its own."""


def run(*, quick: bool) -> Iterator[Outcome]:
    """Damage them and read them."""
    yield _states(100 if quick else 20_000, commands=1 if quick else 100)
    if quick:  # tests/recording and tests/formats have the rest
        return
    count = 1_600
    yield _asserted("recordings", count, lambda folder: folder_attack.attack(folder, count=count))
    good, mutations, flipped = 800, 1_000, 100
    yield _asserted(
        "repair",
        good + mutations + flipped,
        lambda folder: repair_attack.attack(
            folder, good=good, mutations=mutations, flipped=flipped
        ),
    )


def _asserted(name: str, tried: int, attack: Callable[[Path], str]) -> Outcome:
    """Return what an attack came to that asserts what has to hold."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(f"    {attack(Path(folder))}")
        except AssertionError as error:
            return Outcome(name, tried, faults=(f"{error}"[:500],))
    return Outcome(name, tried, survived=tried)


def _states(count: int, *, commands: int) -> Outcome:
    chance = random.Random(1)
    faults: list[str] = []
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.state"
        for number in range(count):
            session = load_session(chance.choice(PRESETS))
            path.unlink(missing_ok=True)
            keeper = StateKeeper(path, _played(Score(session)))
            keeper.save()
            path.write_bytes(mutated(chance, path.read_bytes()))
            score = Score(session)
            with contextlib.suppress(StreamsonError):
                StateKeeper(path, score)
                refused -= 1
            refused += 1
            _played(score, points=300)
            if score.counts.faults:
                faults.append(f"a fault after damaged state {number}")
            if number < commands:
                words = ("listen", "--bind", "tcp://127.0.0.1:*", "--output", "none")
                done = subprocess.run(
                    [*COMMAND, *words, "--duration", "0.2", "--state", str(path)],
                    capture_output=True,
                    check=False,
                    text=True,
                    timeout=120,
                )
                if done.returncode not in (0, 1) or "Traceback" in done.stderr:
                    faults.append(f"exit code {done.returncode} with damaged state {number}")
    return Outcome("state files", count, survived=refused, faults=tuple(faults))


def _played(score: Score, points: int = 60) -> Score:
    for i in range(points):
        for stream in ("a", "host1/cpu"):
            fields = {"x": float(i % 13), "y": -float(i)}
            score.process(DataPoint(stream, fields, float(i)), i * 22_050)
    return score
