"""A table as a score: its rows follow one another, and what is known of it is known beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamson.score.parts.mapping import source_of
from streamson.score.parts.part_factory import PartFactory, stagger_s
from streamson.score.parts.timing import TableSequence, Timing
from streamson.score.score import Score
from streamson.session.resolve import mappings_of, parts_for
from streamson.session.schema import field_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamson.model.note import Note
    from streamson.rescaling.transform import Source
    from streamson.session.schema import Part, Session


class TableParts(PartFactory):
    """Makes players that follow one another from frame 0 on, whatever the timing of a part says."""

    _in_sequence = True

    def __init__(self, session: Session, **options: Any) -> None:
        super().__init__(session, **options)
        self._sequences: list[TableSequence] = []

    @property
    def next_frame(self) -> int:
        """No note of a later row begins before it."""
        return min((sequence.next_frame for sequence in self._sequences), default=0)

    def _timing(self, part: Part) -> Timing:
        self._sequences.append(TableSequence(self._sample_rate, stagger=stagger_s(part)))
        return self._sequences[-1]


class TableScore(Score):
    """Plays all rows, one after the other. Parameters as of a `Score`."""

    part_factory = TableParts
    mixes = False
    _parts: TableParts

    def __init__(self, session: Session, **options: Any) -> None:
        super().__init__(session, **options)
        self._row_frame = 0

    @property
    def next_frame(self) -> int:
        """No note of a later row begins before it."""
        return self._parts.next_frame

    def _earcon_frame(self, notes: list[Note], now_frame: int) -> int:  # noqa: ARG002  # as Score
        """Return when an earcon sounds: beside the note of its row."""
        if notes:
            self._row_frame = notes[0].onset_frame
        return self._row_frame


def wanted_sources(session: Session, stream: str, fields: Sequence[str]) -> set[Source]:
    """Return what of a table's rows its parts would like to know before they play it.

    Parameters
    ----------
    session
        The session.
    stream
        The rows' stream.
    fields
        Names of the columns.
    """
    return {
        source_of(spec, field_name(spec.field, fields))
        for part in parts_for(session, stream, fields, 0)
        for spec in mappings_of(part)
        if spec.is_rescaled and spec.rescale.needs_extent
    }
