"""Statistics of relays: what came, and what went on."""

import msgspec

from streamson.model.counts import ReceiverCounts


class DestinationStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What went to one place.

    Attributes
    ----------
    endpoint
        Where it is.
    is_there
        Whether somebody takes points there.
    leads_back
        Whether what is sent there comes back: then nothing is.
    arrivals
        How often somebody came, or came back.
    points_sent
        Points handed to the network.
    points_refused
        Of these, points that were not taken: this relay's key may not publish their streams there.
    points_lost
        Points that were to go there and did not: they came faster than they were taken, or were
        waiting when it went.
    points_missed
        Points that came while nobody was there.
    points_held_back
        Points that came while what is sent there came back.
    last_values_sent
        Last values sent to who came.
    """

    endpoint: str
    is_there: bool
    leads_back: bool
    arrivals: int
    points_sent: int
    points_refused: int
    points_lost: int
    points_missed: int
    points_held_back: int
    last_values_sent: int


class RelayStatistics(ReceiverCounts, kw_only=True):
    """A relay's counters at one moment: what its receiver has seen, and what became of it.

    Attributes
    ----------
    seconds
        Since it began.
    goodbyes
        Goodbyes that were handed on.
    last_values, last_values_left_out
        Streams whose last value is kept; those that were forgotten for want of room.
    destinations
        In the order in which they were given.
    """

    seconds: float
    goodbyes: int
    last_values: int
    last_values_left_out: int
    destinations: tuple[DestinationStatistics, ...]


class FeedRelayStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The counters of a relay of a feed at one moment.

    Attributes
    ----------
    seconds
        Since it began.
    messages
        Messages handed on, however many read them.
    readers
        Connections at this moment.
    connections_cut, connections_refused
        As of a listener's `Statistics`.
    """

    seconds: float
    messages: int
    readers: int
    connections_cut: int
    connections_refused: int
