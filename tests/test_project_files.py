"""What stands beside the code agrees with it."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

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


def test_the_recipe_for_conda_wants_what_the_project_does(tmp_path):
    source = tmp_path / "streamson.tar.gz"
    source.write_bytes(b"some source")
    script = ROOT / "scripts" / "site" / "conda.py"
    made = subprocess.run([sys.executable, script, source], check=True, stdout=-1, text=True)
    recipe = yaml.safe_load(made.stdout)
    assert recipe["package"] == {"name": "streamson", "version": __version__}
    assert recipe["source"]["sha256"] == hashlib.sha256(b"some source").hexdigest()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert recipe["about"]["license"] == project["license"]
    wanted = dict(one.split() for one in recipe["requirements"]["run"])
    assert wanted.pop("python") == project["requires-python"]
    assert wanted.pop("python-sounddevice")
    assert wanted.pop("pysoundfile")
    asked = dict(re.fullmatch(r"([\w-]+)(.*)", one).groups() for one in project["dependencies"])
    assert wanted == {name: asked[name] for name in asked.keys() - {"sounddevice", "soundfile"}}
