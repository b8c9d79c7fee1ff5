"""``streamson session``: check, schema, new."""

import json
import os
import subprocess
import sys
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson import Publisher
from streamson.session.load import load_session, parse_session
from streamson.session.resolve import matching_parts
from streamson.session.template import SeenStream, session_template

STREAMSON = (sys.executable, "-m", "streamson", "session")


def session(*words, **options):
    return subprocess.run(
        [*STREAMSON, *words], capture_output=True, text=True, check=False, timeout=60, **options
    )


def test_check_says_what_is_right_and_what_is_not(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("[[part]]\n[[alert]]\nabove = 1")
    bad.write_text("[[part]]\ninstrument = 'bel'")
    done = session("check", str(good), str(bad), "article")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{good}: right; 1 part(s), 1 alert(s)",
        "article: right; 1 part(s), 0 alert(s)",
    ]
    assert done.stderr.startswith(f'streamson: {bad}: part 1, instrument: found "bel"; allowed: ')
    assert done.stderr.endswith('did you mean "bell"?\n')
    assert session("check", "article").returncode == 0


def test_schema_is_json():
    assert json.loads(session("schema").stdout)["title"] == "streamson session"


def test_new_writes_what_comes_and_leaves_a_file_alone(tmp_path):
    path = tmp_path / "new.toml"
    with subprocess.Popen(
        [*STREAMSON, "new", "--bind", "tcp://127.0.0.1:*", "--seconds", "3s", "-o", str(path)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as looking:
        endpoint = looking.stderr.readline().split()[-2]
        with Publisher(endpoint) as publisher:
            assert publisher.wait_for_listener(20)
            publisher.send("boiler", temperature=71.3, pressure=2.1)
            publisher.send_batch("pump", {"rpm": [900.0, 950.0]})
        out, err = looking.communicate()
    assert (looking.returncode, out) == (0, f"{path}: 2 streams\n"), err
    assert [part.stream for part in load_session(path).parts] == ["boiler", "pump"]
    assert "# 900 to 950" in path.read_text()
    again = session("new", "-o", str(path))
    assert again.returncode == 1
    assert again.stderr == f"streamson: {path} exists already; move it away, or name another file\n"


def test_new_without_any_points_says_so():
    done = session("new", "--bind", "tcp://127.0.0.1:*", "--seconds", "0.1")
    assert done.returncode == 1
    assert "no points came to tcp://127.0.0.1:" in done.stderr
    assert "start a producer, or look longer" in done.stderr


ODD = "[]*?!-\\\"'#={}/. :é\u2028\x7f"
NAMES = st.text(
    st.sampled_from(ODD + "ab1") | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60
)


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), NAMES)
def test_a_draft_plays_the_streams_that_were_seen_and_no_others(names, field):
    seen = SeenStream()
    seen.see({field: 1.5, "other": 2.0})
    text = session_template(dict.fromkeys(names, seen), endpoint="tcp://[::1]:1", seconds=1)
    tomllib.loads(text)
    session = parse_session(text.encode(), "template.toml")
    for number, name in enumerate(names):
        assert matching_parts(session, name) == [session.parts[number]]
        assert matching_parts(session, name + "x") == [
            session.parts[i] for i, other in enumerate(names) if other == name + "x"
        ]


def test_a_session_of_odd_names_is_written_and_plays_them(tmp_path):
    names = ["web[/api]", "disk[sda1]", 'quo"ted', "back\\slash", "star*", "what?", "[!a]", "'"]
    with subprocess.Popen(
        [*STREAMSON, "new", "--bind", "tcp://127.0.0.1:*", "--seconds", "3s", "-o", "new.toml"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as looking:
        endpoint = looking.stderr.readline().split()[-2]
        with Publisher(endpoint) as publisher:
            assert publisher.wait_for_listener(20)
            for name in names:
                publisher.send(name, {'fie"ld': 1.0, "[x]": 2.0})
        looking.communicate()
    loaded = load_session(tmp_path / "new.toml")
    assert len(loaded.parts) == len(names)
    for part, name in zip(loaded.parts, names, strict=True):
        assert matching_parts(loaded, name) == [part]
    assert session("check", str(tmp_path / "new.toml")).returncode == 0


def sample(name):
    return f"[[instrument]]\nname = 'm'\nroot = 'A4'\nsample = '{name}'\n"


def scale(name):
    return f"[[part]]\npitch = {{ scale = 'c {name}' }}\n"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "socket"])
@pytest.mark.parametrize(("what", "name"), [(sample, "x.wav"), (scale, "x.scl"), (None, "x.toml")])
def test_what_is_no_file_does_not_hang_a_check(tmp_path, kind, what, name):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mknod(path, 0o140600)
    file = name
    if what is not None:
        file = "s.toml"
        (tmp_path / file).write_text(what(name))
    began = time.monotonic()
    done = session("check", file, cwd=tmp_path)
    assert time.monotonic() - began < (20 if (kind, what) == ("pipe", None) else 10)
    assert done.returncode == 1
    assert done.stderr.startswith(f"streamson: {file}: ")
    assert {"pipe": "a pipe", "device": "it is a device", "folder": "Is a directory"}.get(
        kind, "it is a socket"
    ) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_session_may_come_through_a_pipe(tmp_path):
    done = session("check", "/dev/stdin", input="[[part]]\n", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_state_is_a_file(tmp_path, kind):
    if kind == "pipe":
        os.mkfifo(tmp_path / "state")
    else:
        (tmp_path / "state").symlink_to("/dev/zero")
    words = ("--bind", "tcp://127.0.0.1:*", "--output", "none", "--duration", "1")
    done = subprocess.run(
        [*STREAMSON[:-1], "listen", *words, "--state", "state"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"can't read the state state: it is a {kind}" in done.stderr


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\x91" * 100_000, b"\0", b"\x82\xa6format\xdf\xff\xff\xff\xff"]
)
def test_rubbish_is_no_state(tmp_path, content):
    (tmp_path / "state").write_bytes(content)
    words = ("--bind", "tcp://127.0.0.1:*", "--output", "none", "--duration", "1")
    done = subprocess.run(
        [*STREAMSON[:-1], "listen", *words, "--state", "state"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "state: not a state that streamson saved" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "content",
    [
        b"a." * 100_000 + b"a = 1",
        b'"a" . ' * 40_000 + b"a = 1",
        b"a" * 250_000,
        b'"' * 250_000,
        b"a = " + b"[" * 100_000,
        b"a = " + b"{a=" * 50_000,
        b"a = 1" + b"0" * 100_000,
        b"\xff",
        b"a = 1\0",
    ],
    ids=range(9),
)
def test_rubbish_is_refused_at_once(tmp_path, content):
    (tmp_path / "s.toml").write_bytes(content)
    began = time.monotonic()
    done = session("check", "s.toml", cwd=tmp_path)
    assert time.monotonic() - began < 10
    assert done.returncode == 1
    assert done.stderr.startswith("streamson: s.toml: ")
    assert len(done.stderr) < 300


def complaints(done):
    """Return the lines of standard error, but for what is said while machine code is made."""
    return [line for line in done.stderr.splitlines() if "Compiling" not in line]


def test_check_audible_tells_how_far_all_is_above_what_masks_it():
    done = session("check", "--audible", "monitor")
    assert (done.returncode, complaints(done)) == (0, [])
    first, _, heading, *rows, last = done.stdout.split("\n")[:-1]
    assert (first, last) == ("monitor: right; 1 part(s), 1 alert(s)", "")
    assert heading.split()[-2:] == ["least", "median"]
    figures = {row[:22].strip(): [float(x) for x in row[22:].split()] for row in rows}
    assert {"alarm", "above high", "over", "lost"} < figures.keys()
    assert sum(name.startswith("stream ") for name in figures) == 4
    assert all(least <= median for least, median in figures.values())


def test_check_audible_fails_where_an_alert_is_masked(tmp_path):
    masked = tmp_path / "masked\x1b[31m.toml"
    masked.write_text(
        '[[part]]\ninstrument = "organ"\nvolume = { value = -15 }\n[[alert]]\nabove = 90\n'
        'sound = { instrument = "brass", notes = ["C4"], duration = 0.1, level = -40 }'
    )
    done = session("check", "--audible", str(masked), "article")
    assert done.returncode == 1
    (line,) = complaints(done)
    assert line.startswith(f"streamson: {tmp_path}/masked\\x1b[31m.toml: alert 1 is ")
    assert " dB below what masks it in the loudest mix; allowed: 10 dB above what masks it" in line
    (marked,) = [row for row in done.stdout.splitlines() if row.endswith("  masked")]
    assert marked.startswith("alert 1 ")
    assert "article: right" in done.stdout
    assert session("check", str(masked)).returncode == 0
