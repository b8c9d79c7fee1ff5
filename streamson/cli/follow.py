"""What ``streamson listen --follow`` takes: of the options of a listener those that suit it."""

from typing import Final

import click
from click.core import ParameterSource

from streamson.errors import UsageError

_WHY_NOT: Final = {
    "bind": "no points come here",
    "session": "what is played is chosen there",
    "state": "no windows are here that could be kept",
    "record_format": "a sound file is recorded here, whose ending says its format",
}
"""Options that make no sense where the notes are another listener's."""


def check_options(follow: str | None, delay: float | None) -> None:
    """Raise `UsageError` for options of the command that runs that do not go together."""
    if follow is None:
        if delay is not None:
            raise UsageError("--delay is for --follow; say the feed of a listener too")
        return
    context = click.get_current_context()
    for name, why in _WHY_NOT.items():
        if context.get_parameter_source(name) != ParameterSource.DEFAULT:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is not for --follow: {why}; leave one of them out")
