"""Results: every row is kept, whatever happens to the file."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import InputFileError, OutputFileError, UsageError
from streamson.study.limits import MAX_ITEMS
from streamson.study.questionnaire import read_items
from streamson.study.results import ResultsFile

COLUMNS = ("a", "b")
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_is_read(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "r.csv"
    for row in rows:
        with ResultsFile(path, COLUMNS) as file:
            file.append([row])
    with ResultsFile(path, COLUMNS) as file:
        found = [(row["a"], row["b"]) for row in file.rows()]
    assert found == [row for row in rows if any(row)] or found == rows


def test_a_row_that_was_torn_harms_no_other(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("a,b\n1,2\n3")
    with ResultsFile(path, COLUMNS) as file:
        file.append([(5, 6)])
    assert path.read_text() == "a,b\n1,2\n3\n5,6\n"


def test_a_full_disk_leaves_no_part_of_a_row(small_disk):
    path = small_disk / "r.csv"
    with ResultsFile(path, COLUMNS) as file:
        file.append([(1, 2)])
        before = path.read_bytes()
        with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(1 << 20)):
                pass
        with pytest.raises(OutputFileError, match=r"r\.csv"):
            file.append([("x" * 100_000, 4)])
        assert path.read_bytes() == before
        (small_disk / "filler").unlink()
        file.append([(3, 4)])
    assert path.read_text() == "a,b\n1,2\n3,4\n"


def test_other_files_are_left_alone(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("time,temperature\n1,2\n")
    with pytest.raises(UsageError, match="its columns are not"):
        ResultsFile(path, COLUMNS)
    assert path.read_text() == "time,temperature\n1,2\n"


def test_two_never_write_one_file(tmp_path):
    path = tmp_path / "r.csv"
    with ResultsFile(path, COLUMNS), pytest.raises(UsageError, match="writes it"):
        ResultsFile(path, COLUMNS)


def test_a_questionnaire_is_read(tmp_path):
    path = tmp_path / "items.txt"
    path.write_text("# from somewhere\n\n It was nice. \nIt was not.\n", encoding="utf-8-sig")
    assert read_items(path) == ("It was nice.", "It was not.")


@pytest.mark.parametrize(
    "content", [b"", b"# nothing\n", b"\xff\xfe", b"a\x1b[31m\n", b"x\n" * (MAX_ITEMS + 1)]
)
def test_what_is_no_questionnaire_is_said(tmp_path, content):
    path = tmp_path / "items.txt"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=r"items\.txt"):
        read_items(path)
