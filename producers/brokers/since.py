"""From when on stored messages are wanted: a time, or how long ago."""

import time
from typing import Any

import click

from streamson._click_options import Seconds
from streamson.producers.base.sample import parse_time


class Since(click.ParamType[float]):
    """A moment in seconds since 1970: ``10min``, ``2026-11-27T18:00``, ``all``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the moment, or say what is allowed."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        if text == "all":
            return 0.0
        moment = parse_time(text)
        if moment is not None and moment >= 0:
            return moment
        try:
            return time.time() - Seconds().convert(text, param, ctx)
        except click.BadParameter:
            self.fail(
                f"found {value!r}; how long ago, such as 10min, a time such as 2026-11-27T18:00, "
                "or all is allowed",
                param,
                ctx,
            )
