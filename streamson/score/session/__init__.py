"""Session files: what plays which stream, and how."""

from streamson.score.session.file import load_session, parse_session, preset_names
from streamson.score.session.schema import Audio, Cue, MappingSpec, Part, Session, field_name

__all__ = [
    "Audio",
    "Cue",
    "MappingSpec",
    "Part",
    "Session",
    "field_name",
    "load_session",
    "parse_session",
    "preset_names",
]
