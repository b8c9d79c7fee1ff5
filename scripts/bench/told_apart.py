"""How often a note that is decoded is given to the stream that played it.

Columns of random walks play by themselves, a stream each, and are decoded from the sound alone. A
note is right where its own stream has one of its pitch within 30 ms of its onset; it is taken for
another's where another stream has it; else it was not found. The sounds are those that newcomers
get by themselves, and beside them those of a list, as they were once given: one after the other.

Holds where of 2, 3, 5 and 8 streams at least as many notes as by the list are right, and of 8 more.

    python scripts/bench/told_apart.py [--instruments INSTRUMENTS.toml] [--seeds N] [--mono]
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from report import finish

import streamson
from streamson.decode.decode import decode_notes
from streamson.decode.voices import voices_of
from streamson.model.note import Note
from streamson.session.load import load_session, parse_session
from streamson.session.schema import Session

RATE: Final = 44_100
NOTES: Final = 60
ONSET_S: Final = 0.03
SAME_PITCH: Final = 0.25
STREAMS: Final = (2, 3, 5, 8)

LISTED: Final = (
    *(("epiano", 0), ("marimba", -12), ("flute", 12), ("harp", -12), ("clarinet", 0)),
    *(("vibraphone", 12), ("bass", -24), ("organ", 0), ("brass", -12), ("sine", 12)),
)
PANS: Final = (0.0, -0.5, 0.5, -0.25, 0.25, -0.75, 0.75)
STAGGERS_S: Final = (0.0, 0.06, 0.12, 0.03, 0.09)

PART: Final = """
[[part]]
stream = "data.s{i}"
instrument = "{instrument}"
pan = {{ value = {pan} }}
stagger = {stagger}
duration = {{ value = 0.35 }}
pitch = {{ field = 1, scale = "c chromatic", low = {low}, high = {high} }}
"""


class Result(NamedTuple):
    """How many notes were played, given to the right stream, to another; and what is no note."""

    played: int = 0
    right: int = 0
    other: int = 0
    false: int = 0

    def plus(self, more: "Result") -> "Result":
        return Result(*(a + b for a, b in zip(self, more, strict=True)))


def by_list(count: int, instruments: str) -> Session:
    """Return a session that gives streams the sounds of a list."""
    again = " again" if instruments else ""
    parts = [
        PART.format(
            i=i,
            instrument=LISTED[i % len(LISTED)][0] + again,
            pan=PANS[i % len(PANS)],
            stagger=STAGGERS_S[i % len(STAGGERS_S)],
            low=55 + LISTED[i % len(LISTED)][1],
            high=84 + LISTED[i % len(LISTED)][1],
        )
        for i in range(count)
    ]
    return parse_session((instruments + "".join(parts)).encode(), "list.toml")


def judged(table: dict[str, list[float]], session: Session, *, mono: bool) -> Result:
    """Return what is decoded of the columns of a table."""
    rendering = streamson.render(table, session, sample_rate=RATE, each_column=True)
    streams = [f"data.{name}" for name in table]
    candidates = [voice.candidate for voice in voices_of(session, streams, ["value"]).voices]
    sound = rendering.samples.mean(axis=1) if mono else rendering.samples
    decoded = decode_notes(sound, RATE, candidates, audio=session.audio)
    left = list(range(len(decoded)))
    lost: list[Note] = []
    right = other = 0
    for is_own, notes in ((True, rendering.notes), (False, lost)):
        for note in notes:
            own = streams.index(note.stream)
            near = [
                i
                for i in left
                if abs(decoded[i].onset_s - note.onset_frame / RATE) <= ONSET_S
                and abs(decoded[i].midi_note - note.midi_note) <= SAME_PITCH
                and (decoded[i].candidate == own) == is_own
            ]
            if near:
                left.remove(near[0])
                right, other = right + is_own, other + (not is_own)
            elif is_own:
                lost.append(note)
    return Result(len(rendering.notes), right, other, len(left))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--instruments", type=Path, help="of which the list is taken")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--mono", action="store_true", help="decode both channels as one")
    options = parser.parse_args()
    own = options.instruments.read_text("utf-8") if options.instruments else ""
    own = re.sub(r'^name = "(.*)"', r'name = "\1 again"', own, flags=re.MULTILINE)
    print(
        f"{'streams':>8} {'':>5} {'notes':>6} {'right':>7} {'another':>8} {'not':>6} {'false':>6}"
    )
    shares = {}
    for count in STREAMS:
        for kind, session in (("list", by_list(count, own)), ("auto", load_session(None))):
            total = Result()
            for seed in range(options.seeds):
                walks = np.cumsum(np.random.default_rng(seed).normal(size=(count, NOTES)), axis=1)
                table = {f"s{i}": walk.tolist() for i, walk in enumerate(walks)}
                total = total.plus(judged(table, session, mono=options.mono))
            share = [part / total.played for part in total[1:]]
            shares[count, kind] = share[0]
            print(
                f"{count:8} {kind:>5} {total.played:6} {share[0]:7.1%} {share[1]:8.1%} "
                f"{1 - share[0] - share[1]:6.1%} {share[2]:6.1%}",
                flush=True,
            )
    holds = all(shares[count, "auto"] >= shares[count, "list"] for count in STREAMS)
    more = shares[8, "auto"] - shares[8, "list"]
    return finish(
        "told apart", round(more, 3), "more of 8 streams' notes", 0, ok=holds and more > 0
    )


if __name__ == "__main__":
    sys.exit(main())
