"""What is shown while it plays, where somebody else has the terminal."""

import os
import signal
import sys

import pytest

from tests.cli.terminal import Terminal

LISTEN = ("listen", "--bind", "tcp://127.0.0.1:*", "--output", "none", "--duration", "11")


def go_to_the_background():
    """Let another process have the terminal, as a shell does after ``&``."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    other = os.fork()
    if other == 0:
        os.setpgid(0, 0)
        os.execlp("sleep", "sleep", "60")
    os.setpgid(other, other)
    os.tcsetpgrp(0, other)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such jobs")
def test_in_the_background_there_are_plain_lines(tmp_path):
    terminal = Terminal(tmp_path, *LISTEN, before=go_to_the_background)
    try:
        assert terminal.end(60) == 0
        assert "0:10  waiting for points on tcp://127.0.0.1:" in terminal.shown
        assert "\x1b" not in terminal.shown
        assert terminal.shown.count("waiting for points") == 1
    finally:
        terminal.close()
