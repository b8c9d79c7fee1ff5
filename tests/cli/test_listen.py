"""``streamson listen`` at the terminal: what is said, what is left, and how it ends."""

import json
import re
import resource
import signal
import time

import pytest
import soundfile

from streamson import Publisher
from tests.conftest import until

ANY_PORT = "tcp://127.0.0.1:*"


def endpoint(running):
    return running.await_line("Listening on").removeprefix("Listening on ").rstrip(".")


def test_points_are_heard_recorded_and_counted(start, tmp_path):
    options = ("--output", "none", "--record", "take.wav", "--stats", "stats.json")
    listener = start("listen", "--bind", ANY_PORT, *options)
    where = endpoint(listener)
    listener.await_line("Playing without sound")
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        for i in range(20):
            publisher.send("boiler", temperature=float(i))
    path = tmp_path / "take.wav"
    until(lambda: path.stat().st_size > 44_100 * 6, "a second of recording")
    code, out, err = listener.end()
    assert code == 130
    assert re.fullmatch(
        r"..:..:.. boiler: temperature -> pitch D3..G5 \(equalised\), epiano", err.strip()
    )
    summary = out.splitlines()
    # They come too fast: how many are coalesced hangs on the moment at which each is received.
    told = re.match(r"played (\d+) notes of 20 points in ", summary[0])
    coalesced = re.match(
        r"lost 0 points, refused 0 messages, coalesced (\d+) points, dropped 0", summary[1]
    )
    assert int(told[1]) + int(coalesced[1]) == 20
    assert summary[2].endswith(" s to take.wav")
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["points_received"] == 20
    assert stats["notes_played"] + stats["points_coalesced"] == 20
    sound, _ = soundfile.read(path)
    assert len(sound) / 44_100 == pytest.approx(stats["recorded_seconds"])
    assert 0.01 < abs(sound).max() < 0.9


def test_a_duration_ends_it_with_success(run, tmp_path):
    words = ("--output", "none", "--duration", "0.5s", "--record", "take.wav")
    done = run("listen", "--bind", ANY_PORT, *words)
    assert done.returncode == 0
    assert "recorded 0.5 s to take.wav" in done.stdout
    assert soundfile.info(tmp_path / "take.wav").frames == 22_050


def test_sigterm_ends_it_cleanly(start, tmp_path):
    listener = start("listen", "--bind", ANY_PORT, "--output", "none", "--record", "take.wav")
    listener.await_line("Playing")
    code, out, _ = listener.end(signal.SIGTERM)
    assert code == 143
    assert "recorded" in out
    soundfile.info(tmp_path / "take.wav")


def test_a_port_in_use_is_explained(start, run):
    where = endpoint(start("listen", "--bind", ANY_PORT, "--output", "none"))
    done = run("listen", "--bind", where, "--output", "none")
    assert done.returncode == 1
    assert "the port is in use" in done.stderr
    assert "--bind" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--bind", "nonsense"], 2, "the form is"),
        (["--bind", "tcp://127.0.0.1"], 2, "the form is"),
        (["--session", "none.toml"], 1, "none.toml"),
        (["--duration", "soon"], 2, "a time such as 20, 20s, 200ms, 5min or 1h is allowed"),
        (["--duration", "0"], 2, "a time such as"),
        (["--output", "no such card"], 3, ""),
        (["--stats", "."], 2, "is a directory"),
    ],
)
def test_mistakes_are_explained(run, words, code, message):
    bind = [] if "--bind" in words else ["--bind", ANY_PORT]
    done = run("listen", "--duration", "1", *bind, *words)
    assert message in done.stderr
    assert done.returncode == code
    assert len(done.stderr.strip().splitlines()) <= 4


def test_a_recording_path_that_can_not_be_written_lets_the_sound_go_on(run, tmp_path):
    (tmp_path / "take.wav").mkdir()
    words = ("--output", "none", "--duration", "0.5", "--record", "take.wav")
    (tmp_path / "take.wav" / "other").touch()
    done = run("listen", "--bind", ANY_PORT, *words)
    assert done.returncode == 1
    assert "can't record to take.wav: there are other files in it" in done.stderr
    assert "Going on without a recording" in done.stderr
    assert "played 0 notes of 0 points in 0.5 s" in done.stdout


def test_a_full_disk_lets_the_sound_go_on(run, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    words = ("--output", "none", "--duration", "2", "--record", "take.wav")
    done = run("listen", "--bind", ANY_PORT, *words, preexec_fn=limit)
    assert done.returncode == 1
    assert "The recording pauses; the sound goes on." in done.stderr
    assert "points in 2.0 s" in done.stdout
    assert soundfile.info(tmp_path / "take.wav").frames > 10_000


def test_a_session_that_fits_nothing_is_no_silence(start, tmp_path):
    listener = start(
        *("listen", "--bind", ANY_PORT, "--output", "none", "--session", "article"),
        *("--duration", "4s"),
    )
    where = endpoint(listener)
    with Publisher(where) as publisher:
        assert publisher.wait_for_listener(20)
        publisher.send("boiler", temperature=1.0)
        line = listener.await_line("boiler")
    assert line[9:] == (
        "boiler: nothing, for its pitch is to follow the field re; there is temperature"
    )
    code, out, _ = listener.wait()
    assert code == 1
    assert "no note came of these points" in out


def test_silence_that_a_session_asks_for_is_no_failure(start, tmp_path):
    (tmp_path / "quiet.toml").write_text(
        '[attention]\nbed = false\n[[part]]\nstream = "*"\nmute = true\n'
        '[[alert]]\nstream = "*"\noutlier = "1 a week"\n'
    )
    listener = start(
        *("listen", "--bind", ANY_PORT, "--output", "none", "--session", "quiet.toml"),
        *("--duration", "2s"),
    )
    with Publisher(endpoint(listener)) as publisher:
        assert publisher.wait_for_listener(20)
        publisher.send("boiler", temperature=1.0)
        listener.await_line("boiler")
    code, out, _ = listener.wait()
    assert code == 0, out
    assert "played 0 notes of 1 point" in out
    assert "no note came" not in out


def test_points_without_a_field_that_is_played_are_told_live_and_of_their_recording(
    start, run, tmp_path
):
    for name, field in (("live", "temprature"), ("again", "x")):
        part = f'[[part]]\nstream = "boiler"\npitch = {{ field = "{field}" }}\n'
        (tmp_path / f"{name}.toml").write_text(part)
    words = ("--session", "live.toml", "--record", "take/", "--stats", "stats.json")
    listener = start("listen", "--bind", ANY_PORT, "--output", "none", *words)
    with Publisher(endpoint(listener)) as publisher:
        assert publisher.wait_for_listener(20)
        for i in range(4):
            publisher.send("boiler", temperature=float(i), level=1.0)
            publisher.send("tank", level=float(i))
            time.sleep(0.3)
    found = "4 points in a row have no field that is played ({}), only temperature, level; "
    said = f"boiler: {found.format('temprature')}" + 'did you mean "temperature"?'
    assert listener.await_line("in a row").endswith(said)
    _, out, _ = listener.end()
    assert "4 points had no field that is played" in out.splitlines()
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["points_unplayed"], stats["notes_played"]) == (4, 4)

    done = run("render", "take", "--session", "again.toml", "-o", "again.wav")
    said = f"take: boiler: {found.format('x')}its part may say pitch = {{ field = "
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "boiler" in line] == [
        f'{said}"temperature" }}'
    ]


def test_a_source_that_goes_beyond_its_limits_is_told(start, tmp_path):
    (tmp_path / "few.toml").write_text("[limits]\nstreams = 2\n")
    words = ("--session", "few.toml", "--stats", "stats.json")
    listener = start("listen", "--bind", ANY_PORT, "--output", "none", *words)
    with Publisher(endpoint(listener), source="eager") as publisher:
        assert publisher.wait_for_listener(20)
        for i in range(30):
            publisher.send(f"s{i % 3}", x=float(i), time=time.time() - 7_300)
            time.sleep(0.05)  # so that the clock is looked at a few times
    told = listener.await_line("eager begins one more than the 2 streams that all sources may")
    assert told.endswith("what goes beyond is left out")
    listener.await_line("eager: its clock is 2 h 1 min behind")
    _, out, _ = listener.end()
    assert "left out 10 messages beyond the limits of their source: see above" in out
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["over_streams"], stats["clocks_wrong"], stats["sources"]) == (10, 1, 1)
    assert stats["worst_clock_skew_s"] == pytest.approx(-7_300, abs=1)


def test_a_producer_that_ends_is_no_alarm_and_one_that_is_killed_is(start):
    listener = start("listen", "--bind", ANY_PORT, "--output", "none")
    where = endpoint(listener)
    words = ("produce", "function", "sin(t)", "--rate", "20", "--endpoint", where, "--stream")
    ending = start(*words, "ends", "--count", "120")  # what is usual is known after 4 s
    killed = start(*words, "killed")
    listener.await_line("killed: ")
    assert ending.wait()[0] == 0
    killed.kill()
    listener.await_line("killed: silent for")
    _, _, err = listener.end()
    assert "ends: silent" not in err


@pytest.mark.parametrize("command", ["listen", "demo"])
def test_a_recording_into_a_folder_that_is_not_there_is_wrong_use(run, command):
    done = run(command, "--output", "none", "--no-web", "--record", "nowhere/take.wav")
    assert done.returncode == 2
    assert "--record: can't write nowhere/take.wav: there is no folder nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("listen", "--output", "none", "--record", f"{'n' * 300}.wav"),
        ("listen", "--output", "none", "--session", f"{'n' * 300}.toml"),
        ("render", f"{'n' * 300}.csv", "-o", "x.wav"),
        ("produce", "replay", f"{'n' * 300}.csv", "--dry-run"),
    ],
)
def test_a_name_that_no_file_can_have_is_explained(run, words):
    done = run(*words)
    assert done.returncode in (1, 2)
    assert "name too long" in done.stderr.lower() or "n.toml" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
