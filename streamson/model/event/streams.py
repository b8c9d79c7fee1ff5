"""What happens to streams and their points."""

from typing import Final

from streamson.model.event.base import Event, listed

MAX_TOGETHER: Final = 1_024
"""Of many streams that fell silent together so many are named."""


class StreamStale(Event, frozen=True, kw_only=True, tag="stream_stale"):
    """A stream fell silent, or several of one host together, or many at once.

    Attributes
    ----------
    streams
        Their names; of several, all begin with the host's and a slash, unless `together` says more.
    silent_s, usual_s
        How long the first one is silent, and how often a point of it came.
    together
        Of many that have nothing in common but that they fell silent at once, how many: some of
        them are named. Else 0.
    """

    streams: tuple[str, ...]
    silent_s: float
    usual_s: float
    together: int = 0

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        who = self.streams[0]
        if self.together:
            return (
                f"{self.together} streams at once: silent for {self.silent_s:.1f} s; "
                f"{listed(self.streams)}"
            )
        if len(self.streams) > 1:
            names = [stream.partition("/")[2] for stream in self.streams]
            who = f"{who.partition('/')[0]}: {listed(names)}"
        usual = f"{self.usual_s:.1f}" if self.usual_s >= 1 else f"{self.usual_s:.2g}"
        return f"{who}: silent for {self.silent_s:.1f} s; a point came every {usual} s"


class StreamRecovered(Event, frozen=True, kw_only=True, tag="stream_recovered"):
    """A stream that was stale is back, or a host whose streams were so together.

    Attributes
    ----------
    name
        The stream's or the host's.
    silent_s
        For how long it was silent.
    together
        How many streams fell silent at once, of which this is the first that is back; else 0.
    """

    name: str
    silent_s: float
    together: int = 0

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        if self.together:
            who = f"the first of {self.together} streams"
            return f"{who}, {self.name}, is back after {self.silent_s:.1f} s"
        return f"{self.name}: back after {self.silent_s:.1f} s"


class PointsLost(Event, frozen=True, kw_only=True, tag="points_lost"):
    """Points were lost on their way.

    Attributes
    ----------
    points
        How many since the event of this kind before.
    """

    points: int

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.points} {'point' if self.points == 1 else 'points'} lost on the way"


class PointsUnplayed(Event, frozen=True, kw_only=True, tag="points_unplayed"):
    """Points of a stream have no field that a part plays: no note comes of them; told once.

    Attributes
    ----------
    stream
        Its name.
    points
        How many in a row, so far.
    wanted
        The fields that pitches follow, one of which they would have to have: names, or their
        numbers in the first point.
    found
        The fields that the last one has.
    hint
        What to do.
    """

    stream: str
    points: int
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    hint: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        have = "1 point has" if self.points == 1 else f"{self.points} points in a row have"
        return (
            f"{self.stream}: {have} no field that is played "
            f"({listed(self.wanted)}), only {listed(self.found)}; {self.hint}"
        )


class MixBegan(Event, frozen=True, kw_only=True, tag="mix_began"):
    """There are more streams than play at a time: from now on some are in front.

    Attributes
    ----------
    streams
        How many there are.
    foreground
        How many may be in front.
    bed
        Whether the others are heard as a bed.
    """

    streams: int
    foreground: int
    bed: bool = True

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        others = "the others are one quiet bed" if self.bed else "the others are not heard"
        return (
            f"{self.streams} streams: of more than {self.foreground} those play that are out of "
            f'the ordinary, {others}; a session with [attention] foreground = "all" plays all'
        )


class StreamForward(Event, frozen=True, kw_only=True, tag="stream_forward"):
    """A stream came to the front, where it plays its own notes: it is the most surprising.

    Attributes
    ----------
    stream
        Its name.
    group, streams
        What its name begins with, and how many streams of that are out of the ordinary with it, of
        which it stands for all; an empty group and 1 where it stands for itself alone.
    surprise
        Of how many decades of points its last ones are the most unusual; 0 where it came for
        another reason.
    """

    stream: str
    group: str = ""
    streams: int = 1
    surprise: float

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        if self.group:
            rest = self.stream.partition("/")[2]
            return f"{self.group}: {self.streams} streams are out of the ordinary; {rest} in front"
        return f"{self.stream}: in front"


class StreamWithdrawn(Event, frozen=True, kw_only=True, tag="stream_withdrawn"):
    """A stream that was in front went back to the others.

    Attributes
    ----------
    stream
        Its name.
    """

    stream: str

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return f"{self.stream}: back among the others"
