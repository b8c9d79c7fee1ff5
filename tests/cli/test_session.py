"""``streamson session``: check, schema, new."""

import json
import subprocess
import sys

from streamson import Publisher
from streamson.score import load_session

STREAMSON = (sys.executable, "-m", "streamson", "session")


def session(*words, **options):
    return subprocess.run(
        [*STREAMSON, *words], capture_output=True, text=True, check=False, timeout=60, **options
    )


def test_check_says_what_is_right_and_what_is_not(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("[[part]]\n[[cue]]\nabove = 1")
    bad.write_text("[[part]]\ninstrument = 'bel'")
    done = session("check", str(good), str(bad), "article")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{good}: right; 1 part(s), 1 cue(s)",
        "article: right; 1 part(s), 0 cue(s)",
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
    assert (looking.returncode, out) == (0, f"{path}: 2 stream(s)\n"), err
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
