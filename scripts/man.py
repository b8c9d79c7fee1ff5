"""Write a manual page for each command, made of what its --help says: man/streamson-render.1.

pip install 'streamson[release]'
python scripts/man.py FOLDER
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click_man.core import generate_man_page

from streamson._version import __version__
from streamson.cli import cli


def contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a command, and all below it."""
    context = click.Context(command, info_name=name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from contexts(found, below, context)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for context in contexts(cli, "streamson"):
        page = folder / f"{context.command_path.replace(' ', '-')}.1"
        page.write_text(generate_man_page(context, version=__version__), encoding="utf-8")


if __name__ == "__main__":
    main()
