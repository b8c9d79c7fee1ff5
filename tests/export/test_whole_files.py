"""A file is there once all of it is; what goes wrong is said of the name that somebody chose."""

import pytest

from streamson.errors import OutputFileError
from streamson.export.sound_file import whole_or_nothing


def test_a_folder_that_takes_nothing_is_told_by_the_file_that_was_asked_for(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    take = folder / "take.wav"
    with (
        pytest.raises(OutputFileError, match=rf"^can't write {take}: "),
        whole_or_nothing(take) as part,
    ):
        folder.rmdir()
        folder.write_text("nothing can be made or removed in here, even by root")
        part.write_bytes(b"sound")
