"""A sound server that dies and comes back, at one rate and at two."""

from collections.abc import Iterator

from scripts.attack_parts.device_storm import StormError, storm
from scripts.attack_parts.target import Outcome


def run(*, quick: bool) -> Iterator[Outcome]:
    """Let it die for a while."""
    seconds = 3.0 if quick else 300.0
    for rates in ((44_100, 48_000),) if quick else ((44_100, 48_000), (44_100,)):
        name = f"sound server at {' and '.join(map(str, rates))} Hz"
        try:
            print(f"    {storm(seconds, rates)}")
        except StormError as error:
            yield Outcome(name, 1, faults=(str(error),))
        else:
            yield Outcome(name, 1, survived=1, code=130)
