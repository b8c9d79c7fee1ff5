"""What this program starts of itself is the installed program, wherever somebody is."""

import subprocess
from pathlib import Path

from streamson._own_process import own_command
from streamson._version import __version__

ROOT = Path(__file__).parents[1]


def test_files_of_the_current_folder_are_no_part_of_it(tmp_path):
    for name in ("click", "random", "streamson"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is somebody else')")
    done = subprocess.run(
        own_command("--version"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout


def test_all_that_is_started_is_started_so():
    others = [
        path.name
        for folder in ("streamson", "producers")
        for path in (ROOT / folder).rglob("*.py")
        if 'sys.executable, "-' in path.read_text("utf-8") and path.name != "_own_process.py"
    ]
    assert others == []
