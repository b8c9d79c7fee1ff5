"""How far apart the instruments sound, two by two, and which are not reliably told apart.

Each plays half a second at four pitches and three levels. Its attack, its decay, what its ear's
filters get of its beginning and of the rest, and how its level moves are compared with each other
instrument's, in just noticeable differences (`streamson.psychoacoustics.timbre` says by whom).
Pairs whose mean distance is less than 10 are not reliably told apart, and printed with it.

Holds where there is no such pair among those that have a pitch.

    python scripts/bench/timbre.py [INSTRUMENTS.toml] [--write streamson/session/timbres.toml]
"""

import argparse
import sys
import tomllib
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from report import finish

from streamson.model.instrument import Instrument
from streamson.model.note import Note
from streamson.psychoacoustics.timbre import (
    TOLD_APART,
    Difference,
    TimbreDescriptors,
    describe,
    difference,
)
from streamson.session.load import parse_session
from streamson.session.parse.instruments import builtin_instruments
from streamson.synth.engine import Engine

RATE: Final = 44_100
DURATION_S: Final = 0.5
PITCHES: Final = (48, 60, 72, 84)
LEVELS_DB: Final = (-12.0, -24.0, -36.0)
WITHOUT_PITCH: Final = ("breath", "click")
SHOWN: Final = 10


def described(instrument: Instrument) -> list[TimbreDescriptors]:
    """Return what an instrument sounds like at each pitch and level."""
    found = []
    for pitch in PITCHES:
        for level in LEVELS_DB:
            engine = Engine(RATE, instruments={"one": instrument})
            note = Note(
                onset_frame=0,
                duration_s=2 * DURATION_S,  # its end is not looked at
                duration_frames=round(2 * DURATION_S * RATE),
                midi_note=pitch,
                level_db=level,
                pan=0.0,
                instrument="one",
                stream="",
            )
            engine.play(note)
            found.append(describe(engine.render(round(DURATION_S * RATE)), RATE, DURATION_S))
    return found


def distances(
    instruments: Mapping[str, Instrument],
) -> dict[tuple[str, str], tuple[float, float, Difference]]:
    """Return of each pair its mean distance, its least, and the means by what they differ in."""
    of = {name: described(instrument) for name, instrument in instruments.items()}
    found = {}
    for one, other in combinations(sorted(of), 2):
        apart = [difference(a, b) for a, b in zip(of[one], of[other], strict=True)]
        totals = [each.total for each in apart]
        mean = Difference(*np.mean(np.array(apart), axis=0).tolist())
        found[one, other] = float(np.mean(totals)), min(totals), mean
    return found


def table(found: Mapping[tuple[str, str], tuple[float, float, Difference]]) -> str:
    """Return distances as TOML."""
    lines = [
        "# Just noticeable differences between instruments, of four pitches and three levels.",
        "# Written by: python scripts/bench/timbre.py --write streamson/session/timbres.toml",
        "",
    ]
    for one in dict.fromkeys(one for one, _ in found):
        row = ", ".join(f"{b} = {mean:.1f}" for (a, b), (mean, *_) in found.items() if a == one)
        lines.append(f"{one} = {{ {row} }}")
    return "\n".join([*lines, ""])


def instruments_in(path: str) -> dict[str, Instrument]:
    """Return the instruments of a file like streamson's own."""
    content = Path(path).read_bytes()
    named = [one["name"] for one in tomllib.loads(content.decode())["instrument"]]
    renamed = content.decode()
    for name in named:  # a session may not bring along what there is
        renamed = renamed.replace(f'name = "{name}"', f'name = "{name} again"')
    found = parse_session(renamed.encode(), path).instruments
    return {name: found[f"{name} again"] for name in named}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "instruments", nargs="?", help="a file like streamson/session/instruments.toml"
    )
    parser.add_argument("--write", metavar="FILE", help="write the distances")
    options = parser.parse_args()
    instruments = builtin_instruments()
    if options.instruments:
        instruments = instruments_in(options.instruments)
    found = distances(instruments)
    if options.write:
        Path(options.write).write_text(table(found), encoding="utf-8")
    pitched = {pair: one for pair, one in found.items() if not set(pair) & set(WITHOUT_PITCH)}
    near = sorted(pitched.items(), key=lambda item: item[1][0])
    print(f"{'':>24} {'mean':>5} {'least':>6} {'strike':>7} {'body':>5} {'attack':>7} {'decay':>6}")
    for (one, other), (mean, least, by) in near:
        if mean < TOLD_APART or (one, other) in [pair for pair, _ in near[:SHOWN]]:
            print(
                f"{one:>12} {other:<11} {mean:5.1f} {least:6.1f} {by.strike:7.1f} {by.body:5.1f} "
                f"{by.attack:7.1f} {by.decay:6.1f}"
            )
    too_near = sum(mean < TOLD_APART for _, (mean, *_) in near)
    middle = float(np.median([mean for _, (mean, *_) in near]))
    nearer = f"{too_near} of {len(near)} pairs are nearer than {TOLD_APART:g}"
    print(f"{nearer}; the median is {middle:.1f}")
    return finish(
        "timbre", round(near[0][1][0], 1), "JND of the nearest pair", TOLD_APART, ok=not too_near
    )


if __name__ == "__main__":
    sys.exit(main())
