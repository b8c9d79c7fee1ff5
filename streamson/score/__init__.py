"""Data points become notes: session, rescaling, scales, mappings, timing."""

from streamson.score.counts import Counts
from streamson.score.note import AS_SOON_AS_POSSIBLE, Note
from streamson.score.score import Score
from streamson.score.session import Session, load_session, preset_names

__all__ = [
    "AS_SOON_AS_POSSIBLE",
    "Counts",
    "Note",
    "Score",
    "Session",
    "load_session",
    "preset_names",
]
