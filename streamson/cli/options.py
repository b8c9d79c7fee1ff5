"""Options that several commands share, so that they read and behave alike."""

import re
from pathlib import Path
from typing import Any, Final

import click

from streamson.wire.limits import DEFAULT_ENDPOINT

_UNITS: Final = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3_600}


class Seconds(click.ParamType[float]):
    """A length of time: ``20``, ``20s``, ``5min``, ``1h``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or say what is allowed."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(value).lower())
        if match is None or match[2] not in _UNITS or float(match[1]) == 0:
            self.fail(f"found {value!r}; a time such as 20, 20s, 5min or 1h is allowed", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


bind = click.option(
    "--bind",
    default=DEFAULT_ENDPOINT,
    show_default=True,
    metavar="ENDPOINT",
    help="Where producers find this listener. tcp://0.0.0.0:5570 takes points from other hosts.",
)
session = click.option(
    "--session",
    metavar="FILE|PRESET",
    help="Which stream plays what: a session file, or a preset such as article. Without one, "
    "every stream gets a part that makes sense by itself.",
)
output = click.option(
    "--output",
    default="auto",
    show_default=True,
    metavar="auto|none|DEVICE",
    help='The sound device: a number or a part of a name from "streamson devices".',
)
record = click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.wav",
    help="Record what is heard. A file that exists is kept under another name.",
)
state = click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the windows in a file, and go on with them at the next start.",
)
duration = click.option(
    "--duration", type=Seconds(), metavar="TIME", help="Stop after 20, 20s, 5min, 1h …"
)
stats = click.option(
    "--stats",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE.json",
    help="Write all counters and figures at the end.",
)
