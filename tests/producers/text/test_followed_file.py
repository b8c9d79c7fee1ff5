"""Files that grow and rotate: each line once, whatever becomes of the file."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamson.errors import InputFileError
from streamson.producers.text import followed_file
from streamson.producers.text.followed_file import FollowedFile
from streamson.producers.text.line_splitter import MAX_LINE_BYTES, LineSplitter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.log"


@pytest.fixture
def follow():
    opened = []

    def follow(path, **options):
        opened.append(FollowedFile(path, "app", **options))
        return opened[-1]

    yield follow
    for file in opened:
        file.close()


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def lines(file):
    """Return what is new, as after a few polls."""
    found = []
    for _ in range(4):
        while more := list(file.read()):
            found += more
    return found


def test_only_what_is_added_is_read(path, follow):
    path.write_text("old\n")
    file = follow(path)
    assert lines(file) == []
    append(path, "a\nb\n")
    assert lines(file) == ["a", "b"]
    append(path, "c")
    assert lines(file) == []
    append(path, "d\n")
    assert lines(file) == ["cd"]


def test_from_the_start_all_is_read(path, follow):
    path.write_text("old\nhalf")
    file = follow(path, from_start=True)
    append(path, " more\n")
    assert lines(file) == ["old", "half more"]


def test_a_line_whose_beginning_was_not_seen_is_left_out(path, follow):
    path.write_text("temperature=12")
    file = follow(path)
    append(path, "3\ntemperature=4\n")
    assert lines(file) == ["temperature=4"]


def test_a_renamed_file_is_read_to_its_end(path, follow):
    path.write_text("")
    file = follow(path)
    append(path, "a\n")
    path.rename(path.with_suffix(".1"))
    append(path.with_suffix(".1"), "b\n")
    assert lines(file) == ["a", "b"]
    path.write_text("")  # the new one is there, but the program writes into the old one still
    append(path.with_suffix(".1"), "c\nlast")
    assert lines(file) == ["c"]
    append(path, "d\n")
    assert lines(file) == ["last", "d"]


@pytest.mark.parametrize("after", ["x\n", "a\n" * 50, "much longer than what was there before\n"])
def test_a_file_that_was_emptied_begins_anew(path, follow, after):
    path.write_text("a\nbb\n")
    file = follow(path)
    append(path, "ccc\n")
    assert lines(file) == ["ccc"]
    shutil.copy(path, path.with_suffix(".1"))
    os.truncate(path, 0)
    append(path, after)
    assert lines(file) == after.splitlines()


def test_a_file_may_come_later(path, follow, caplog):
    caplog.set_level("INFO")
    file = follow(path)
    assert lines(file) == []
    path.write_text("first\n")
    assert lines(file) == ["first"]
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == f"{path}: there is no such file; trying until it is there"
    assert told[1].startswith(f"{path}: there again after ")
    assert len(told) == 2


def test_a_file_may_be_deleted_and_come_back(path, follow, caplog, monkeypatch):
    monkeypatch.setattr(followed_file, "GONE_S", -1.0)
    caplog.set_level("INFO")
    path.write_text("a\n")
    file = follow(path)
    path.unlink()
    assert lines(file) == []
    path.write_text("b\n")
    assert lines(file) == ["b"]
    told = caplog.records[0].getMessage()
    assert told == f"{path}: No such file or directory; trying until it is there"
    assert len(caplog.records) == 2


def test_a_deleted_file_is_not_held_for_ever(path, follow, monkeypatch):
    path.write_text("a\n")
    file = follow(path)
    path.unlink()
    monkeypatch.setattr(followed_file, "HOLD_S", -1.0)
    assert lines(file) == []
    held = [
        os.readlink(f"/proc/self/fd/{one}")
        for one in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{one}")
    ]
    assert not [one for one in held if "app.log" in one]
    path.write_text("b\n")
    assert lines(file) == ["b"]


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name in (".", "fifo"):
        with pytest.raises(InputFileError, match="can't read"):
            FollowedFile(tmp_path / name, "app")


def test_what_becomes_no_file_is_waited_for(path, follow):
    path.write_text("a\n")
    file = follow(path)
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    assert lines(file) == []
    (path / "x").unlink()
    path.rmdir()
    path.write_text("b\n")
    assert lines(file) == ["b"]


def test_the_first_lines_can_be_had(path, follow):
    path.write_text("time,x\n1,2\n3")
    assert follow(path).head() == ["time,x", "1,2"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 5)),
        st.tuples(st.sampled_from(["poll", "rename", "empty", "delete"]), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(STEPS)
def test_each_line_comes_once_and_in_order(steps):
    with tempfile.TemporaryDirectory() as folder:
        path, old = Path(folder) / "app.log", Path(folder) / "app.log.1"
        path.write_text("")
        file = FollowedFile(path, "app")
        written, found = [], []
        for what, number in steps:
            if what == "append":
                new = [f"line {len(written) + one}" for one in range(number)]
                written += new
                append(path, "".join(f"{line}\n" for line in new))
            elif what == "poll":
                found += list(file.read())
            elif path.exists() and path.stat().st_size:
                found += lines(file)  # what is emptied or renamed twice before it is read is lost
                if what == "rename":
                    path.rename(old)
                elif what == "empty":
                    os.truncate(path, 0)
                else:
                    path.unlink()
        found += lines(file)
        file.close()
        assert found == written


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b"\r", b"\r\n", b"a\r"])), st.integers(1, 40)
)
def test_however_bytes_are_cut_the_lines_are_the_same(parts, size):
    data = b"\n".join(parts)
    splitter, found = LineSplitter(), []
    for at in range(0, len(data), size):
        found += splitter.feed(data[at : at + size])
    found += splitter.end()
    expected = re.split(b"\r\n|\r|\n", data)
    if not expected[-1]:
        expected.pop()
    assert found == [line.decode(errors="replace") for line in expected]


@pytest.mark.parametrize("size", [7, 4_096, 1 << 20])
def test_endless_lines_are_left_out(size):
    data = (
        b"1\n"
        + b"9" * (MAX_LINE_BYTES + 1)
        + b"\n7\n"
        + b"x" * MAX_LINE_BYTES
        + b"\n"
        + b"y" * 300_000
    )
    splitter, found = LineSplitter(), []
    for at in range(0, len(data), size):
        found += splitter.feed(data[at : at + size])
    assert found == ["1", "7", "x" * MAX_LINE_BYTES]
    assert splitter.end() == []
    assert splitter.too_long == 2
