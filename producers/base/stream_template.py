"""Names of streams, made of what is known about a point."""

import logging
import re
import time
from collections.abc import Collection, Mapping
from typing import Final

from streamson._printable import printable
from streamson.errors import UsageError, nearest
from streamson.model.limits import MAX_STREAM_CHARS
from streamson.producers.base.shortened import shortened

TOLD_AFTER_S: Final = 1.0
"""How long nothing may have a label before that is told: the first thing that comes may lack it."""

MAX_SHOWN: Final = 16
MAX_HINTED: Final = 64
"""Labels that are shown, and among which it is looked for the one that was meant."""

MAX_LABEL_CHARS: Final = 60

_log = logging.getLogger(__name__)

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_SLASHES: Final = re.compile(r"/{2,}")


class StreamTemplate:
    """A stream's name with places for labels: ``{host}/{topic}``.

    What is not known of a point is left out, with the slash beside it. What comes from outside is
    only ever put in as text.

    Parameters
    ----------
    template
        The name.
    allowed
        Labels that there can be; None where they are known only as points come.
    known
        Where those are not known: labels of which nothing is told if they are missing. With it, it
        is told once which other labels nothing has.
    option
        Which option it was given by, for messages.

    Attributes
    ----------
    text
        As it was given.
    labels
        Those that it has places for.

    Raises
    ------
    UsageError
        Where a place has a label that there can't be, or a brace stands alone.

    Examples
    --------
    >>> StreamTemplate("{host}/{disk}/{kind}").fill({"host": "web1", "kind": "read"})
    'web1/read'
    """

    def __init__(
        self,
        template: str,
        allowed: Collection[str] | None = None,
        *,
        known: Collection[str] | None = None,
        option: str = "--stream",
    ) -> None:
        self.labels = tuple(_PLACE.findall(template))
        self.text = template
        rest = _PLACE.sub("", template)
        if not template.strip() or "{" in rest or "}" in rest:
            raise UsageError(
                f"{option}: found {template!r}; a name is allowed, with labels in braces, such as "
                "{host}/cpu"
            )
        for label in self.labels:
            if allowed is not None and label not in allowed:
                raise UsageError(
                    f"{option}: found {{{label}}}; allowed: "
                    f"{', '.join(f'{{{one}}}' for one in allowed)}{nearest(label, list(allowed))}"
                )

        self._option = option
        self._missing = set() if known is None else set(self.labels) - set(known)
        self._first_fill = 0.0

    def fill(self, labels: Mapping[str, str]) -> str:
        """Return the name for a point that has these labels; ``unnamed`` if nothing is left."""
        if self._missing:
            self._look_for_missing(labels)
        filled = _PLACE.sub(lambda place: labels.get(place[1], ""), self.text)
        return clean_name(filled)

    def _look_for_missing(self, labels: Mapping[str, str]) -> None:
        """Tell what has not come so far, at once where another label is so like it."""
        self._missing.difference_update(labels)
        now = time.monotonic()
        self._first_fill = self._first_fill or now
        for label in sorted(self._missing):
            meant = nearest(label[:MAX_LABEL_CHARS], list(labels)[:MAX_HINTED])
            if meant or now > self._first_fill + TOLD_AFTER_S:
                self._missing.remove(label)
                there = ", ".join(
                    f"{{{one[:MAX_LABEL_CHARS]}}}" for one in list(labels)[:MAX_SHOWN]
                )
                _log.warning(
                    "%s: nothing that came has a word {%s}; there is %s%s",
                    *(self._option, printable(label), printable(there), printable(meant)),
                )


def clean_name(name: str) -> str:
    """Return a name from outside as a stream may have it: printable, not empty, not too long.

    Of one that is too long the end is a hash, so that two of them are two streams.
    """
    text = name if name.isprintable() else "".join(c if c.isprintable() else " " for c in name)
    return shortened(_SLASHES.sub("/", text).strip("/ "), MAX_STREAM_CHARS) or "unnamed"
