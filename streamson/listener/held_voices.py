"""Held voices of another listener, which would wait for notes that do not come any more."""

from typing import Final

import msgspec

from streamson.model.note import Note

MAX_HELD: Final = 1_024
"""Voices that are remembered: as many as sound."""


class HeldVoices:
    """The last note of each."""

    def __init__(self) -> None:
        self._notes: dict[int, Note] = {}

    def add(self, note: Note) -> None:
        """Take in a note, if it is that of a held voice."""
        if not note.held_key:
            return
        self._notes.pop(note.held_key, None)  # the last one comes last
        self._notes[note.held_key] = note
        if len(self._notes) > MAX_HELD:
            del self._notes[next(iter(self._notes))]

    def end(self, now_frame: int) -> list[Note]:
        """Return the notes with which those end that are held, and remember none."""
        notes, self._notes = self._notes, {}
        return [
            msgspec.structs.replace(
                note, onset_frame=max(note.onset_frame + 1, now_frame), duration_frames=1
            )
            for note in notes.values()
            if note.onset_frame + note.duration_frames > now_frame
        ]
