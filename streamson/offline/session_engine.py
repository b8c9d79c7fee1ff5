"""An engine that sounds as a session says: the same for listening, rendering and trying out."""

from streamson.session.schema import Session
from streamson.synth.engine import Engine


def session_engine(session: Session, sample_rate: int) -> Engine:
    """Return a new engine with a session's instruments, volume, loudness and room."""
    return Engine(
        sample_rate,
        volume_db=session.audio.volume_db,
        instruments=session.all_instruments,
        equal_loudness=session.audio.equal_loudness,
        reverb=session.audio.reverb,
    )
