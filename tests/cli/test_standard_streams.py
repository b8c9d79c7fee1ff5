"""Standard streams: what is written arrives once, whenever Ctrl-C comes, and whole."""

import itertools
import os
import re
import signal
import subprocess
import sys

INTERRUPTED = """
import signal
from streamson.cli.standard_streams import secure

writing = False

def interrupt(*_):
    global writing
    if writing:
        writing = False
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, interrupt)
secure()
for number in range(20_000):
    try:
        writing = True
        print(f"line {number}")
        writing = False
    except KeyboardInterrupt:
        pass
"""
LARGE = """
import os, sys
from streamson.cli.standard_streams import secure
os.set_blocking(1, False)
secure()
print("x" * 1_000_000)
"""


def start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_no_line_is_written_twice_where_ctrl_c_cuts_in():
    lines = []
    with start(INTERRUPTED) as process:
        for line in process.stdout:
            lines.append(line)
            if len(lines) % 20 == 1 and len(lines) < 5_000:  # not while Python ends
                process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    # One that was about to be written may be lost, or lack its end; none comes again.
    numbers = [int(whole[1]) for line in lines if (whole := re.fullmatch(r"line (\d+)\n", line))]
    assert len(numbers) > 5_000
    assert all(before < after for before, after in itertools.pairwise(numbers))


def test_what_is_large_arrives_whole_in_a_pipe_that_does_not_wait():
    with start(LARGE) as process:
        assert os.read(process.stdout.fileno(), 1) == b"x"
        assert len(process.stdout.read()) == 1_000_000
    assert process.returncode == 0
