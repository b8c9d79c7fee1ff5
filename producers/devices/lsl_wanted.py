"""Which streams of the Lab Streaming Layer are wanted, what of them, and what they are called."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from streamson.producers.base.sample import label_text
from streamson.producers.base.stream_template import StreamTemplate

LABELS: Final = ("name", "type", "host", "source", "marker")
"""What is known of a sample."""


class Wanted(NamedTuple):
    """What is wanted.

    Attributes
    ----------
    names
        Shell patterns; all if there are none.
    kind
        The type, such as EEG; any if None.
    predicate
        What liblsl is asked for, in XPath; anything if None.
    channels
        Shell patterns and numbers; all if there are none.
    template
        The streams' names.
    """

    names: Sequence[str]
    kind: str | None
    predicate: str | None
    channels: Sequence[str]
    template: StreamTemplate

    def is_wanted(self, info: Any) -> bool:
        """Return whether a stream that was announced is wanted."""
        if self.kind is not None and info.type() != self.kind:
            return False
        return not self.names or any(fnmatchcase(info.name(), name) for name in self.names)

    def told(self) -> str:
        """Return which streams are wanted, in words that follow "stream"; empty for all."""
        names = f" {' or '.join(self.names)}" if self.names else ""
        kind = f" of type {self.kind}" if self.kind is not None else ""
        return names + kind + (f" where {self.predicate}" if self.predicate is not None else "")

    def stream(self, info: Any, marker: str = "") -> str:
        """Return the name of the stream that samples of a stream are published as."""
        texts = (info.name(), info.type(), info.hostname(), info.source_id(), marker)
        labels = {label: label_text(text) for label, text in zip(LABELS, texts, strict=True)}
        return self.template.fill(labels)
