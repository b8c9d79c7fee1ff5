"""Render a series of numbers with STRAUSS or astronify; run by fatigue.py with the peers' Python.

python peer_sound.py strauss|astronify VALUES.npy SECONDS_A_POINT OUT.wav
"""

import sys

import numpy as np


def strauss(values, step_s, out):
    from strauss.generator import Synthesizer
    from strauss.score import Score
    from strauss.sonification import Sonification
    from strauss.sources import Events

    notes = [[f"{name}{octave}" for octave in (3, 4, 5) for name in "CDEFGAB"]]
    data = {"pitch": values, "time": np.arange(len(values)), "volume": np.ones(len(values))}
    events = Events(data.keys())
    events.fromdict(data)
    events.apply_mapping_functions(map_lims={"time": ("0%", "105%")})
    piece = Sonification(Score(notes, len(values) * step_s), events, Synthesizer(), "stereo")
    piece.render()
    piece.save(out)


def astronify(values, step_s, out):
    from astronify.series import SoniSeries
    from astropy.table import Table

    series = SoniSeries(Table({"time": np.arange(len(values)) * 1.0, "flux": values}))
    series.note_spacing = step_s
    series.sonify()
    series.write(out)


if __name__ == "__main__":
    name, values, step, path = sys.argv[1:]
    {"strauss": strauss, "astronify": astronify}[name](np.load(values), float(step), path)
