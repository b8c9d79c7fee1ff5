"""The page about many hosts: its commands are some, its files and units are there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streamson.cli import cli

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "hosts.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands():
    lines = [re.sub(r"\s+#.*", "", line) for b in blocks("sh") for line in b.splitlines()]
    return [line for line in lines if line.startswith("streamson ")]


@pytest.mark.parametrize("line", commands())
def test_a_command_is_understood(line):
    """With its options, without being run: most of them run on."""
    name, *words = shlex.split(line)[1:]
    command = cli.get_command(cli.make_context("streamson", [name]), name)
    while True:
        context = command.make_context(name, list(words))
        if not hasattr(command, "get_command"):
            return
        name, *words = words
        command = command.get_command(context, name)


def test_what_is_linked_is_there():
    headings = {
        re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    for link in re.findall(r"\]\((.*?)\)", PAGE):
        file, _, anchor = link.partition("#")
        assert not file or (ROOT / "docs" / file).is_file(), link
        assert file or anchor in headings, link


def test_the_files_and_units_that_are_named_are_there():
    for name in re.findall(r"scripts/[\w/.]+\w", PAGE):
        assert (ROOT / name).exists(), name
    units = {unit.name for unit in (ROOT / "scripts/systemd").glob("*.service")}
    named = re.findall(r"^\| `(streamson\S*)` \|", PAGE, re.MULTILINE)
    assert {f"{name.replace('NAME', '')}.service" for name in named} == units
    for unit in (ROOT / "scripts/systemd").glob("*.service"):
        file = re.findall(r"^EnvironmentFile=-?(\S+)", unit.read_text(), re.MULTILINE)[0]
        assert f"`{file.replace('%i', 'NAME')}`" in PAGE


def test_a_drop_in_adds_what_units_know(tmp_path):
    (text,) = blocks("ini")
    unit = tmp_path / "streamson-produce@.service"
    program = str(Path(sys.executable).with_name("streamson"))
    original = (ROOT / "scripts/systemd" / unit.name).read_text()
    unit.write_text(original.replace("/opt/streamson/bin/streamson", program))
    folder = tmp_path / f"{unit.name}.d"
    folder.mkdir()
    (folder / "more.conf").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
