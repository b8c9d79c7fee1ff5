"""``streamson scales``: the scales that a pitch may have."""

import click


@click.command()
def command() -> int:
    """List the scales, with their steps in semitones above the root.

    A session names the root first: scale = "c major", "f# 19 edo".
    """
    from streamson.music.scales import MAX_DIVISIONS, SCALES

    width = max(map(len, SCALES))
    for name, steps in SCALES.items():
        click.echo(f"{name:{width}}  {' '.join(f'{step:g}' for step in steps)}")
    click.echo(f"{'N edo':{width}}  the octave in N equal parts, 1 to {MAX_DIVISIONS}")
    return 0
