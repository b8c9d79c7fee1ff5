"""Units of the parameters: what values each allows, and its default range."""

from collections.abc import Callable
from typing import Final, NamedTuple

from streamson.music.level import amplitude_to_db
from streamson.music.pitch import HIGHEST_MIDI, LOWEST_MIDI, hz_to_midi, midi_to_hz
from streamson.session.parse.checks import Check, Place, check, is_number, note, number
from streamson.session.schema import HIGHEST_NOTE, LIMITS, LOWEST_NOTE


class Unit(NamedTuple):
    """A unit of a parameter: its check, default range, and what a note has instead of it.

    Attributes
    ----------
    check
        Of a value in it.
    low, high
        The default range.
    is_passthrough
        Whether naming it means that the field is taken as it is.
    convert
        From it to what a note has.
    """

    check: Check[float]
    low: float = 0
    high: float = 0
    is_passthrough: bool = False
    convert: Callable[[float], float] = float


@check({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
def _amplitude(value: object, place: Place) -> float:
    if is_number(value) and 0 < value <= 1:
        return float(value)
    raise place.refuse(value, "a number above 0 and up to 1, full scale")


UNITS: Final[dict[str, dict[str, Unit]]] = {  # the first unit is the default
    "pitch": {
        "": Unit(note, LOWEST_NOTE, HIGHEST_NOTE),
        "midi": Unit(note, is_passthrough=True),
        "hz": Unit(
            number(midi_to_hz(LOWEST_MIDI), midi_to_hz(HIGHEST_MIDI), "Hz"),
            is_passthrough=True,
            convert=hz_to_midi,
        ),
    },
    "duration": {
        "": Unit(number(*LIMITS["duration"], "s"), 0.1, 0.5),
        "s": Unit(number(*LIMITS["duration"], "s"), is_passthrough=True),
    },
    "volume": {
        "dbfs": Unit(number(*LIMITS["volume"], "dBFS"), -26, -14),
        "amplitude": Unit(_amplitude, 0.05, 0.2, convert=amplitude_to_db),
    },
    "pan": {"": Unit(number(*LIMITS["pan"]), -1, 1)},
    "brightness": {"": Unit(number(*LIMITS["brightness"]), -1, 1)},
    "gate": {"": Unit(number(*LIMITS["gate"]), 0.2, 1)},
}
