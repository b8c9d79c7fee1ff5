"""The streams that sound together, each with a number, and the sound that a newcomer gets.

A newcomer's number stands for the sound of the palette that is least like all that have a place
now: the sum of its likenesses, of which the nearest one's counts for most. So streams differ as
much as they can while they are few; where there are more than sounds that are told apart, they
share those around which the fewest are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from typing import Final, NamedTuple

from streamson.session.likeness import Sound, likeness
from streamson.session.palette import STAGGERS_S, cell_of, cells, number_of
from streamson.session.resolve import AUTO, parts_of, resolve
from streamson.session.schema import MappingSpec, Part, Session

MAX_NUMBER: Final = 1 << 24
"""Greater numbers than this no stream has: 16,384 that all sound alike take less than a quarter."""

MAX_SHAPES: Final = 256
"""Kinds of parts of which it is known what they may sound like."""

MAX_ROWS: Final = 4_096
"""Sounds of which it is known how alike they are to those that are watched."""

_REGISTER_STEP: Final = 3
"""Registers are told in steps of so many semitones: parts that hardly differ are of one kind."""

_Shape = tuple[str, str, float, float, float | None, bool]


class _Choices(NamedTuple):
    """What a newcomer may sound like.

    Attributes
    ----------
    sounds
        For each of its parts, the sound of each choice, as a number in those that are watched.
    cells
        The cells of the palette that give each choice.
    """

    sounds: tuple[tuple[int, ...], ...]
    cells: tuple[tuple[int, ...], ...]


class Ensemble:
    """Gives streams their numbers.

    The same streams in the same order get the same numbers, live and offline.

    Parameters
    ----------
    session
        What plays them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._numbers: dict[str, int] = {}
        self._sounds: dict[str, tuple[Sound, ...]] = {}
        self._crowd = _Crowd()
        self._taken: set[int] = set()
        self._cells: Counter[int] = Counter()
        self._staggers = [0] * len(STAGGERS_S)
        self._choices: dict[tuple[_Shape, ...], _Choices] = {}

    def number(self, stream: str) -> int:
        """Return the number of a stream."""
        return self._numbers[stream]

    def join(self, stream: str, fields: Sized) -> list[Part]:
        """Return the parts that play a stream, which gets a number if it has none.

        Parameters
        ----------
        stream
            Its name.
        fields
            Those of its first point; at least one.
        """
        parts = parts_of(self._session, stream, fields)
        if stream not in self._numbers:
            self._number(stream, self._choose(parts))
        resolved = resolve(parts, self._numbers[stream])
        self._sound(stream, _sounds(resolved))
        return resolved

    def leave(self, stream: str) -> None:
        """Forget a stream; its number is free."""
        number = self._numbers.pop(stream)
        self._taken.discard(number)
        cell, stagger = cell_of(number)
        self._cells[cell] -= 1
        self._staggers[stagger] -= 1
        self._crowd.add(self._sounds.pop(stream), -1)

    def restore(self, numbers: Mapping[str, int]) -> None:
        """Reserve the numbers that streams had; to be called before the first one joins.

        Until such a stream comes, its sound is taken to be all that of its number.

        Raises
        ------
        ValueError
            If two share a number, or there can be none such.
        """
        if len(set(numbers.values())) < len(numbers):
            raise ValueError("streams that share a number")
        if not all(0 <= number < MAX_NUMBER for number in numbers.values()):
            raise ValueError("a number that no stream has")
        for stream, number in numbers.items():
            self._number(stream, number)
            self._sounds[stream] = _sounds(resolve([_BY_ITSELF], number))
        self._crowd.set(self._sounds.values())

    def change(self, session: Session, fields: Mapping[str, Sized]) -> None:
        """Go on as another session says; streams keep their numbers.

        Parameters
        ----------
        session
            The other one.
        fields
            Of each stream that is there.
        """
        self._session = session
        self._choices.clear()
        for stream, names in fields.items():
            parts = parts_of(session, stream, names)
            self._sounds[stream] = _sounds(resolve(parts, self._numbers[stream]))
        self._crowd = _Crowd()
        self._crowd.set(self._sounds.values())

    def _number(self, stream: str, number: int) -> None:
        self._numbers[stream] = number
        self._taken.add(number)
        cell, stagger = cell_of(number)
        self._cells[cell] += 1
        self._staggers[stagger] += 1

    def _sound(self, stream: str, sounds: tuple[Sound, ...]) -> None:
        before = self._sounds.get(stream)
        if before == sounds:
            return
        if before is not None:
            self._crowd.add(before, -1)
        self._crowd.add(sounds, 1)
        self._sounds[stream] = sounds

    def _choose(self, parts: list[Part]) -> int:
        """Return the number whose sound is least like those of the others."""
        choices = self._choices_of(parts)
        likenesses = self._crowd.likenesses(choices)
        best = likenesses.index(min(likenesses))
        cell = min(choices.cells[best], key=self._cells.__getitem__)
        stagger = self._staggers.index(min(self._staggers))
        round_ = 0
        while (number := number_of(cell, stagger, round_)) in self._taken:
            round_ += 1
        return number

    def _choices_of(self, parts: list[Part]) -> _Choices:
        shapes = tuple(map(_shape, parts))
        found = self._choices.get(shapes)
        if found is None:
            if len(self._choices) >= MAX_SHAPES:
                self._choices.clear()
                self._crowd.watch_anew()
            found = self._choices[shapes] = self._choices_for(parts)
        return found

    def _choices_for(self, parts: list[Part]) -> _Choices:
        """Return all sounds that parts may have, those first that are taken first."""
        by_sounds: dict[tuple[Sound, ...], list[int]] = {}
        for cell in cells(is_held=parts[0].articulation == "continuous"):
            by_sounds.setdefault(_sounds(resolve(parts, number_of(cell, 0, 0))), []).append(cell)
        watched = [tuple(map(self._crowd.watch, sounds)) for sounds in by_sounds]
        return _Choices(tuple(zip(*watched, strict=True)), tuple(map(tuple, by_sounds.values())))


class _Crowd:
    """Keeps, for sounds that are watched, how alike to them all is that sounds."""

    def __init__(self) -> None:
        self._likenesses: list[int] = []
        self._watched: dict[Sound, int] = {}
        self._counts: Counter[Sound] = Counter()
        self._rows: dict[Sound, list[int]] = {}

    def likenesses(self, choices: _Choices) -> list[int]:
        """Return how alike to each choice all is that sounds."""
        of_parts = [[self._likenesses[i] for i in sounds] for sounds in choices.sounds]
        if len(of_parts) == 1:
            return of_parts[0]
        return list(map(sum, zip(*of_parts, strict=True))) if of_parts else [0]

    def watch(self, sound: Sound) -> int:
        """Return the place of a sound that is watched from now on."""
        if sound not in self._watched:
            self._watched[sound] = len(self._watched)
            self._likenesses.append(
                sum(count * likeness(sound, other) for other, count in self._counts.items())
            )
        return self._watched[sound]

    def watch_anew(self) -> None:
        """Watch nothing any more."""
        self._likenesses.clear()
        self._watched.clear()
        self._rows.clear()

    def set(self, streams: Iterable[tuple[Sound, ...]]) -> None:
        """Let the sounds of some streams be all that sound."""
        self._counts = Counter(sound for sounds in streams for sound in sounds)
        self.watch_anew()

    def add(self, sounds: Iterable[Sound], count: int) -> None:
        """Take in that sounds came, or with a negative count that they went."""
        for sound in sounds:
            row = self._row(sound)
            self._likenesses = [
                so_far + count * more for so_far, more in zip(self._likenesses, row, strict=True)
            ]
            self._counts[sound] += count
            if not self._counts[sound]:
                del self._counts[sound]

    def _row(self, sound: Sound) -> list[int]:
        """Return how alike a sound is to each that is watched."""
        row = self._rows.get(sound, [])
        if len(row) < len(self._watched):
            if len(self._rows) >= MAX_ROWS:
                self._rows.clear()
            row = row + [likeness(sound, other) for other in list(self._watched)[len(row) :]]
            self._rows[sound] = row
        return row


_BY_ITSELF: Final = Part(instrument=AUTO, register=AUTO)


def _sounds(parts: Iterable[Part]) -> tuple[Sound, ...]:
    """Return what resolved parts sound like; one that is mute does not."""
    return tuple(
        Sound(_instrument(part), _register(part.pitch), _place(part.pan))
        for part in parts
        if not part.mute
    )


def _shape(part: Part) -> _Shape:
    """Return what of an unresolved part its sound hangs on."""
    place = None if part.pan is None else _place(part.pan)
    held, pitch = part.articulation == "continuous", part.pitch
    return _instrument(part), part.register, pitch.low, _register(pitch), place, held


def _instrument(part: Part) -> str:
    instrument = part.instrument
    return instrument if isinstance(instrument, str) else instrument.default


def _register(pitch: MappingSpec) -> float:
    middle = (pitch.low + pitch.high) / 2 if pitch.value is None else pitch.value
    return _REGISTER_STEP * round(middle / _REGISTER_STEP)


def _place(pan: MappingSpec | None) -> float:
    return pan.value if pan is not None and pan.value is not None else 0.0
