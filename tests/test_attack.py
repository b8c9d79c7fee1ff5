"""What `scripts/attack` tries in a minute or two, as its quickest round.

Floods and idle connections are left to tests/wire/test_attacks.py, which attacks the same command.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.attack_parts.__main__ import PARTS

ROOT = Path(__file__).parents[1]
ELSEWHERE = {"floods", "descriptors"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_streamson_stands_the_attack():
    names = [name for name in PARTS if name not in ELSEWHERE]
    command = [sys.executable, "-m", "scripts.attack_parts", "--quick", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all held" in done.stdout
