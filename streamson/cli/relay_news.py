"""What is said of a relay of points: where they go, how many a minute, and the sum at the end."""

from socket import gethostname

import click

from streamson._printable import counted
from streamson.cli.relaying import Minute, Presence, log
from streamson.model.relay import DestinationStatistics, RelayStatistics
from streamson.wire.relay.relay import Relay
from streamson.wire.sockets.endpoint import with_key


class RelayNews:
    """Says it.

    Parameters
    ----------
    relay
        Of which.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._presence = Presence()
        self._led_back: set[str] = set()
        self._minute = Minute()
        self._before = relay.statistics

    def introduce(self) -> None:
        """Say where points are taken, and where they go."""
        relay = self._relay
        click.echo(f"Taking points on {relay.endpoint}.", err=True)
        if relay.public_key is not None:
            line = with_key(relay.endpoint, relay.public_key, gethostname())
            click.echo(f"Those whose keys are allowed connect to {line}", err=True)
        for one in relay.destinations:
            click.echo(f"Handing them on to {one.endpoint}.", err=True)

    def tell(self) -> None:
        """Say who came and went, and once a minute how much went where."""
        for one in self._relay.destinations:
            if one.leads_back:  # which it has said itself
                self._led_back.add(one.endpoint)
                continue
            self._presence.look(one.endpoint, is_there=one.is_there)
            if one.endpoint in self._led_back:
                self._led_back.remove(one.endpoint)
                if one.is_there:
                    self._presence.say(
                        "%s: what is sent there comes back no more, so points go there again",
                        one.endpoint,
                    )
        if self._minute.is_over():
            self._presence.begin_anew()
            self._sum_up()

    def summary(self) -> str:
        """Return what came, and what went to each destination, a line each."""
        stats = self._relay.statistics
        taken = (
            f"took {counted(stats.points_received, 'point')} in {stats.seconds:.1f} s, lost "
            f"{stats.points_lost} before, refused {counted(_refused(stats), 'message')}"
        )
        return "\n".join((taken, *map(_handed_on, stats.destinations)))

    def _sum_up(self) -> None:
        """Say what happened since the last time, if anything did."""
        before, now = self._before, self._relay.statistics
        self._before = now
        points = now.points_received - before.points_received
        refused = _refused(now) - _refused(before)
        if not points and not refused:
            return
        log.info(
            "the last minute: %s of %s, lost %d before, refused %s; %s",
            counted(points, "point"),
            counted(now.sources, "source"),
            now.points_lost - before.points_lost,
            counted(refused, "message"),
            "; ".join(map(_since, before.destinations, now.destinations)),
        )


def _refused(stats: RelayStatistics) -> int:
    """Return how many messages were no points, or beyond the limits of their source."""
    return stats.messages_refused + stats.messages_over_limits


def _handed_on(one: DestinationStatistics) -> str:
    line = (
        f"handed on {counted(one.points_sent, 'point')} to {one.endpoint}, lost "
        f"{one.points_lost}, missed {one.points_missed} while nobody was there"
    )
    if one.points_held_back:
        line += f", {one.points_held_back} while what is sent there came back here"
    return line


def _since(before: DestinationStatistics, now: DestinationStatistics) -> str:
    """Return what became of a destination's points since some time."""
    missed = sum(
        getattr(now, name) - getattr(before, name)
        for name in ("points_lost", "points_missed", "points_held_back")
    )
    state = "there" if now.is_there else "gone"
    if now.leads_back:
        state = "leads back here"
    return f"{now.endpoint} {state}, {counted(missed, 'point')} did not go there"
