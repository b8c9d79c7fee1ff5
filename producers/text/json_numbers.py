"""Numbers of an object of JSON, with their units."""

import msgspec

from streamson.formats.nested import leaves
from streamson.formats.quantity import Quantity, parse_quantity
from streamson.formats.table import is_time_name
from streamson.producers.base.sample import MAX_LABELS, label_text, parse_number, parse_time


def json_quantities(line: str) -> tuple[dict[str, Quantity], dict[str, str], float | None]:
    """Return the numbers and words of an object, by path, and its time; none if it is none."""
    found: dict[str, Quantity] = {}
    labels: dict[str, str] = {}
    when = None
    try:
        document = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return found, labels, when
    for path, leaf in leaves(document):
        quantity = _quantity(leaf)
        if quantity is not None:
            found[path] = quantity
        elif isinstance(leaf, str):
            if when is None and is_time_name(path.rpartition(".")[2]):
                when = parse_time(leaf)
            elif len(labels) < MAX_LABELS:
                labels[path] = label_text(leaf)
    return found, labels, when


def _quantity(found: object) -> Quantity | None:
    if isinstance(found, str):
        return parse_quantity(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    number = parse_number(found)  # an integer may be too large for a float
    return None if number is None else Quantity(number)
