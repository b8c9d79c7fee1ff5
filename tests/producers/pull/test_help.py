"""What the commands say of themselves."""

import importlib

import click
import pytest
from click.testing import CliRunner


@pytest.mark.parametrize("name", ["prometheus", "sse", "url", "websocket"])
def test_help_has_a_summary_and_three_examples(name):
    command = importlib.import_module(f"streamson.producers.pull.{name}").command
    assert isinstance(command, click.Command)
    done = CliRunner().invoke(command, ["--help"], terminal_width=100)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert sum(line.startswith(f"  streamson produce {name} ") for line in lines) == 3
    assert "\\b" not in done.output
    assert len(command.short_help) < 80
