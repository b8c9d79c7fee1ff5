"""What a shell is told when somebody presses Tab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_documents import PAGES


def told(shell, **variables):
    """Return what the command prints for a shell."""
    done = subprocess.run(
        [Path(sys.executable).with_name("streamson")],  # by the name that a shell completes
        env=os.environ | {"_STREAMSON_COMPLETE": shell} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("streamson alar", []),
        ("streamson aler", ["plain,alerts"]),
        ("streamson produce prom", ["plain,prometheus"]),
        ("streamson render --col", ["plain,--columns"]),
        ("streamson listen --session mon", ["plain,monitor"]),
        ("streamson listen --session my.t", ["file,my.t"]),
        ("streamson decode tak", ["file,tak"]),
    ],
)
def test_what_is_begun_is_completed(line, found):
    count = str(len(line.split()) - 1)
    words = told("bash_complete", COMP_WORDS=line, COMP_CWORD=count)
    assert words.split() == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_documented_shell_has_a_script(shell):
    assert f"_STREAMSON_COMPLETE={shell}_source streamson" in PAGES["listen"]
    assert "_STREAMSON_COMPLETE" in told(f"{shell}_source")
