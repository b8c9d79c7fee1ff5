"""A listener that plays compiles and loads nothing more, whatever points come."""

import json
import subprocess
import sys

PROGRAM = """
import gc, json
import numpy as np
from numba.core.dispatcher import Dispatcher
from streamson import Listener
from streamson.session.load import parse_session
from streamson.model.point import Batch, DataPoint

WINDOWS = ['9', '20000', '"1s"', '"all"']
MODES = [f'mode = "{mode}", window = {window}'
         for mode in ("quantile", "rank", "equalize", "minmax") for window in WINDOWS]
MODES += ['mode = "zscore"', 'mode = "decay"', 'mode = "auto"']
text = "".join("[[part]]\\npitch = { rescale = { %s } }\\n" % mode for mode in MODES)
text += "[[alert]]\\noutlier = '1 a day'\\n"
session = parse_session(text.encode(), "all.toml")

def compiled():
    return sum(len(found.signatures) for found in gc.get_objects() if isinstance(found, Dispatcher))

with Listener("tcp://127.0.0.1:*", session=session, output="none") as listener:
    before = compiled()
    score = listener._score
    for i in range(40):
        score.process(DataPoint("s", {"x": i % 7.0}, i / 3), i * 44_100)
    score.process(Batch("s", {"x": np.arange(40_000) % 97.0}, np.arange(40_000.0)), 50 * 44_100)
    score.state()
    print(json.dumps([before, compiled()]))
"""


def test_nothing_is_compiled_or_loaded_once_it_plays():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert 0 < before == after
