"""Write a manual page for each command, made of what its --help says: man/streamson-render.1.

pip install 'streamson[release]'
python scripts/site/man.py FOLDER
"""

import sys
from pathlib import Path

from click_man.core import generate_man_page
from contexts import contexts

from streamson._version import __version__
from streamson.cli import cli


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for context in contexts(cli, "streamson"):
        page = folder / f"{context.command_path.replace(' ', '-')}.1"
        page.write_text(generate_man_page(context, version=__version__), encoding="utf-8")


if __name__ == "__main__":
    main()
