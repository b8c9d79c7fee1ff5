"""A session file that is rewritten while it plays: with rubbish, and with samples."""

import random
import time
from collections.abc import Iterator

import numpy as np
import soundfile

from scripts.attack_parts.frames import mutated
from scripts.attack_parts.target import Outcome, Target

CALM = """
[[part]]
stream = "calm"
pitch = { field = "x", rescale = { window = 50 } }
"""
SAMPLE_S = 5
LOOKS_S = 0.15  # the file is looked at ten times a second


def run(*, quick: bool) -> Iterator[Outcome]:
    """Rewrite it, again and again; in the end it is right."""
    chance = random.Random(1)
    with Target(session=CALM) as target:
        seed = CALM.encode() * 3
        count = 8 if quick else 400
        for _ in range(count):
            target.session.write_bytes(mutated(chance, seed))
            time.sleep(LOOKS_S)
        target.session.write_text(CALM)
        time.sleep(2 * LOOKS_S)
        samples = 1 if quick else 60
        noise = np.random.default_rng(1)
        for number in range(samples):
            for i in range(3):
                sound = 0.3 * noise.normal(size=44_100 * SAMPLE_S).clip(-1, 1)
                soundfile.write(target.folder / f"{i}.flac", sound, 44_100)
            text = "".join(
                f'[[instrument]]\nname = "own {i} {number}"\nsample = "{i}.flac"\n'
                for i in range(3)
            )
            target.session.write_text(text + CALM + f'instrument = "own 1 {number}"\n')
            time.sleep(10 * LOOKS_S)
        yield target.finish("session file, rubbish and samples", count + samples)
