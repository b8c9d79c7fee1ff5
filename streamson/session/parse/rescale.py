"""What a session file may say about rescaling."""

import re
from typing import Any, Final

from streamson.model.limits import MAX_SPAN_S
from streamson.rescaling.normalize import MAX_WINDOW_POINTS, Window
from streamson.rescaling.spec import MODES, MOST_CONTRAST, Rescale, WarmUpSpec
from streamson.session.parse.checks import (
    Check,
    Place,
    any_of,
    ascending,
    check,
    is_number,
    is_whole,
    number,
    quoted,
    table,
    table_schema,
    whole_number,
    word,
)


@check(ascending.schema)
def _quantiles(value: object, place: Place) -> tuple[float, float]:
    low, high = ascending(value, place)
    if low >= 0 and high <= 1:
        return low, high
    raise place.refuse(value, "[low, high], both from 0 to 1")


_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *(s|min|h|d)")


def seconds(low: float, high: float) -> Check[float]:
    """Allow a time such as ``30s``, ``10min``, ``2h`` or ``7d``, or a number of seconds."""

    @check({"type": ["string", "number"], "minimum": low, "maximum": high})
    def checked(value: object, place: Place) -> float:
        found = _seconds(value)
        if found is not None and low <= found <= high:
            return found
        allowed = f'a time such as "30s", "10min" or "2h", from {low:g} to {high:g} s'
        raise place.refuse(value, allowed)

    return checked


def _seconds(value: object) -> float | None:
    if is_number(value):
        return float(value)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * _SECONDS[match[2]] if match else None


@check({"type": ["string", "integer"], "minimum": 2, "maximum": MAX_WINDOW_POINTS})
def _window(value: object, place: Place) -> Window:
    if value == "all":
        return Window()
    if is_whole(value) and 2 <= value <= MAX_WINDOW_POINTS:
        return Window(points=value)
    found = _seconds(value) if isinstance(value, str) else None
    if found is not None and 0 < found <= MAX_SPAN_S:
        return Window(seconds=found)
    allowed = f'2 to {MAX_WINDOW_POINTS} points, a time such as "30s", "10min", "2h" or "7d" '
    raise place.refuse(value, allowed + 'up to 366 days, or "all"')


_WARM_UP_KEYS: Final[dict[str, Check[Any]]] = {
    "points": whole_number(1, MAX_WINDOW_POINTS),
    "play": word("middle", "rest"),
}


@check(
    any_of(
        {"type": "integer", "minimum": 0, "maximum": MAX_WINDOW_POINTS},
        table_schema(_WARM_UP_KEYS, "points"),
    )
)
def _warm_up(value: object, place: Place) -> WarmUpSpec:
    if isinstance(value, dict):
        found = table(value, place, _WARM_UP_KEYS)
        if "points" not in found:
            raise place.error("found no points; say how many are too few to know the range")
        return WarmUpSpec(**found)
    if is_whole(value) and 0 <= value <= MAX_WINDOW_POINTS:
        return WarmUpSpec(value)
    raise place.refuse(
        value,
        f"0 to {MAX_WINDOW_POINTS} points, which then stand in the middle, or a table such as "
        '{ points = 20, play = "rest" }',
    )


_RESCALE_KEYS: Final[dict[str, Check[Any]]] = {
    "mode": word(*MODES),
    "window": _window,
    "initial_range": ascending,
    "range": ascending,
    "quantiles": _quantiles,
    "contrast": number(1, MOST_CONTRAST),
    "half_life": number(1, MAX_WINDOW_POINTS, "points"),
    "n_std": number(0.1, 100),
    "slew": number(0, MAX_WINDOW_POINTS, "points"),
    "warm_up": _warm_up,
}
_KEYS_OF_MODE: Final[dict[str, set[str]]] = {
    "auto": set(),
    "quantile": {"window", "quantiles", "slew"},
    "minmax": {"window", "initial_range", "slew"},
    "rank": {"window"},
    "equalize": {"window", "contrast"},
    "decay": {"half_life", "slew"},
    "zscore": {"half_life", "n_std", "slew"},
    "fixed": {"range"},
}


@check(table_schema(_RESCALE_KEYS))
def read_rescale(value: object, place: Place) -> Rescale:
    """Return what a table says about rescaling.

    Raises
    ------
    SessionError
        Something in it isn't allowed.
    """
    found = table(value, place, _RESCALE_KEYS)
    # Who says how far back one looks, and no more, means quantiles.
    default = "quantile" if found.keys() & _KEYS_OF_MODE["quantile"] else Rescale().mode
    if "contrast" in found:
        default = "equalize"
    mode = found.setdefault("mode", default)
    allowed = _KEYS_OF_MODE[mode]
    if idle := found.keys() - allowed - {"mode", "warm_up"}:
        of_modes = [mode for mode, keys in _KEYS_OF_MODE.items() if idle <= keys]
        hint = f"; they go with {quoted(of_modes)}" if of_modes else ""
        raise place.error(
            f'found {", ".join(sorted(idle))} with mode = "{mode}"; '
            f"allowed with it: {', '.join(sorted(allowed))}, warm_up{hint}"
        )
    if mode == "fixed":
        if "range" not in found:
            raise place.error('found mode = "fixed" without range = [lowest, highest]')
        found["initial_range"] = found.pop("range")
    return Rescale(**found)
