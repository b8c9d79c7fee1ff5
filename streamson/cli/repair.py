"""``streamson repair``: mend sound files that a program left broken."""

from pathlib import Path

import click

from streamson.cli.ending import ending
from streamson.errors import StreamsonError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(files: tuple[Path, ...]) -> int:
    """Mend FILES in their places: sound files whose program ended before it could finish them.

    WAV files get the sizes in their headers right, FLAC files their length. What streamson records
    needs no repair, whenever it ends.
    """
    from streamson.formats.repair.repair import repair  # loads the library for sound files

    ending.hold()
    code = 0
    for file in files:
        try:
            click.echo(f"{file}: {repair(file)}")
        except StreamsonError as error:
            click.echo(f"streamson: {error}", err=True)
            code = error.exit_code
    return code
