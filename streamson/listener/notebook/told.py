"""What a notebook is told of a listener: plain values, and never more than fits on a page."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from streamson.listener.report import Reporter
from streamson.model.feed import PartLegend, StreamRow
from streamson.music.pitch import midi_to_note

MAX_ROWS: Final = 40
"""Streams that are shown: of more, those that need somebody's eye, and the first of the others."""

MAX_FIELDS: Final = 4
MAX_ALERTS: Final = 12

_URGENT: Final = {"alert": 0, "stale": 1}


def told(reporter: Reporter, life: str, peak_dbfs: Sequence[float | None]) -> dict[str, Any]:
    """Return what is shown of a listener at this moment, as plain as JSON has it.

    Parameters
    ----------
    reporter
        Of the listener.
    life
        What it does: ``not started``, ``running``, ``finished`` or ``stopped``.
    peak_dbfs
        Of the left and the right channel since it was told last; None in silence.
    """
    hello, state, statistics = reporter.hello(), reporter.state(), reporter.statistics()
    rows = reporter.rows()
    return {
        "life": life,
        "endpoint": hello.endpoint,
        "session": state.session,
        "output": hello.output,
        "page_url": state.page_url,
        "recording": state.recording,
        "seconds": round(statistics.seconds),
        "volume_db": round(state.volume_db, 1) if isfinite(state.volume_db) else None,
        "muted": state.muted,
        "peak_dbfs": [None if peak is None else round(peak, 1) for peak in peak_dbfs],
        "streams": len(rows),
        "alerts": [
            {"sentence": alert.sentence, "acknowledged": alert.acknowledged}
            for alert in state.alerts[-MAX_ALERTS:]
        ],
        "alerts_in_all": len(state.alerts),
        "counts": {
            "points": statistics.points_received,
            "notes": statistics.notes_played,
            "lost": statistics.points_lost,
        },
        "rows": [_row(reporter.with_legend(row)) for row in _shown(rows)],
    }


def _shown(rows: list[StreamRow]) -> list[StreamRow]:
    """Return the rows that are shown, in the order of their appearance."""
    if len(rows) <= MAX_ROWS:
        return rows
    by_need = sorted(rows, key=lambda row: (_URGENT.get(row.state, 2), not row.front))
    names = {row.name for row in by_need[:MAX_ROWS]}
    return [row for row in rows if row.name in names]


def _row(row: StreamRow) -> dict[str, Any]:
    note = row.last_note
    legend: tuple[PartLegend, ...] = row.legend if isinstance(row.legend, tuple) else ()
    return {
        "name": row.name,
        "state": row.state,
        "fields": [
            [name, value if isfinite(value) else None]
            for name, value in list(row.fields.items())[:MAX_FIELDS]
        ],
        "more_fields": max(len(row.fields) - MAX_FIELDS, 0),
        "points_per_second": round(row.points_per_second, 1),
        "note": None if note is None else midi_to_note(note.midi_note),
        "midi_note": None if note is None else round(note.midi_note, 2),
        "level_db": None if note is None else round(note.level_db, 1),
        "notes": row.notes,
        "muted": row.muted,
        "heard": row.heard,
        "front": row.front,
        "plays": "; ".join(part.text for part in legend),
    }
