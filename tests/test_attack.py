"""What `scripts/attack` tries in a minute; the rest of it is run by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(600)
def test_streamson_stands_the_attack():
    command = [sys.executable, "-m", "scripts.attack_parts", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all held" in done.stdout
