"""A file is there once all of it is; what goes wrong is said of the name that somebody chose."""

import pytest

from streamson.errors import OutputFileError
from streamson.export.sound_file import whole_or_nothing


def write_into_what_is_gone(take):
    """Begin to write a file in a folder that is none any more, so that not even root can."""
    with whole_or_nothing(take) as part:
        take.parent.rmdir()
        take.parent.write_text("a file")
        part.write_bytes(b"sound")


def test_a_folder_that_takes_nothing_is_told_by_the_file_that_was_asked_for(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    take = folder / "take.wav"
    with pytest.raises(OutputFileError, match=rf"^can't write {take}: "):
        write_into_what_is_gone(take)
