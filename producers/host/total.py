"""The sum of what a machine's devices do."""

from collections.abc import Iterator, Sequence

from streamson.producers.host.measured import Collector, Measured


class Total:
    """Measures devices together.

    Their rates are summed, not their counters: one that is unplugged takes nothing away from what
    was counted.

    Parameters
    ----------
    path
        The stream.
    each
        Measures each device; those that are aside don't count.
    fields
        What is summed.
    """

    def __init__(self, path: str, each: Collector, fields: Sequence[str]) -> None:
        self._path = path
        self._each = each
        self._fields = fields

    def collect(self) -> Iterator[Measured]:
        """Measure them."""
        devices = [device.fields for device in self._each.collect() if not device.aside]
        known = [fields for fields in devices if fields]  # others have just come
        sums = {field: sum(fields[field] for fields in known) for field in self._fields}
        if devices:
            yield Measured(self._path, sums if known else {})
