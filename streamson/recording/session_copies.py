"""The copies of sessions in a recording's folder: each content is written once."""

from pathlib import Path

from streamson.session.packing import PackedSession, keep_session


class SessionCopies:
    """Keeps sessions in a folder, the first one's number is 1.

    Parameters
    ----------
    folder
        Where to.

    Attributes
    ----------
    names
        The file of each number.
    size
        Bytes of all files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_text: dict[str, str] = {}
        self._files: set[str] = set()
        self._left_out: set[int] = set()
        self.names: list[str] = []
        self.size = 0

    def size_of(self, packed: PackedSession) -> int:
        """Return the bytes that a session adds."""
        if packed.text in self._by_text:
            return 0
        files = (len(packed.files[name]) for name in self._new_files(packed))
        return len(packed.text.encode()) + sum(files)

    def keep(self, packed: PackedSession) -> str:
        """Write what isn't there yet; return the session's file.

        Raises
        ------
        OutputFileError
            Something can't be written.
        """
        name = self._by_text.get(packed.text)
        if name is None:
            size, new = self.size_of(packed), self._new_files(packed)
            new_only = PackedSession(packed.text, {file: packed.files[file] for file in new})
            name = keep_session(new_only, self._folder, len(self.names) + 1)
            self.size += size
            self._files.update(new)
            self._by_text[packed.text] = name
        self.names.append(name)
        return name

    def leave_out(self) -> str:
        """Count a session for which there is no room; return the file before it."""
        self._left_out.add(len(self.names) + 1)
        self.names.append(self.names[-1])
        return self.names[-1]

    def has(self, number: int) -> bool:
        """Return whether the session of that number is there."""
        return number not in self._left_out

    def start_over(self, packed: PackedSession) -> None:
        """Write the session in force into a folder in which nothing is any more.

        Raises
        ------
        OutputFileError
            Something can't be written.
        """
        count = max(len(self.names), 1)
        fresh = SessionCopies(self._folder)
        self.names = [fresh.keep(packed)] * count
        self.size, self._left_out = fresh.size, set()
        self._by_text, self._files = fresh._by_text, fresh._files

    def _new_files(self, packed: PackedSession) -> list[str]:
        # A file's name tells its content.
        return [name for name in packed.files if name not in self._files]
