"""What stands beside the code agrees with it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from streamson._version import __version__

ROOT = Path(__file__).parents[1]


def test_the_citation_is_of_this_version_and_licence():
    text = (ROOT / "CITATION.cff").read_text()
    entries = dict(re.findall(r'^([a-z-]+): "?([^"\n]+)"?$', text, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert entries["version"] == __version__
    assert entries["license"] == project["license"]
    assert entries["title"].startswith(project["name"])


def test_who_contributes_finds_what_the_page_names():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for script in re.findall(r"scripts/[\w/]+(?:\.py)?", text):
        assert (ROOT / script).exists(), script
    for link in re.findall(r"\]\(([^):]+)\)", text):
        assert (ROOT / link).exists(), link


def test_each_command_has_a_manual_page(tmp_path):
    script = ROOT / "scripts" / "site" / "man.py"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    names = {path.stem for path in tmp_path.glob("*.1")}
    assert {
        "streamson",
        "streamson-render",
        "streamson-produce-mqtt",
        "streamson-keys-new",
    } <= names
    assert len(names) > 40
    page = (tmp_path / "streamson-decode.1").read_text()
    assert "\\fB\\-\\-check\\fP NOTES.csv" in page
