"""Alerts are placed offline as a listener does it, by what sounds beside them."""

from functools import cache

from streamson.music.level import amplitude_to_db
from streamson.psychoacoustics.placing import AlertPlacer
from streamson.session.schema import Session
from streamson.synth.engine import Engine
from streamson.synth.kernel.ducking import DUCKED_GAIN


def alert_placer(session: Session, sample_rate: int) -> AlertPlacer:
    """Return what places the alerts of a session that is rendered."""

    @cache
    def engine() -> Engine:  # only who has an alert to place takes its memory
        return Engine.for_session(session, sample_rate)

    return AlertPlacer(
        session.all_instruments,
        sample_rate=sample_rate,
        compensation_db=lambda name, hz: engine().compensation_db(name, hz),
        ducked_db=amplitude_to_db(DUCKED_GAIN),
    )
