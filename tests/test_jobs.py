"""What people come with: their machine, a log, a sensor, their own table, Python."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamson import Listener
from streamson.formats.table import Table
from tests.conftest import DATA, until

STREAMSON = [sys.executable, "-m", "streamson"]
NGINX = '203.0.113.9 - - [31/Jan/2026:12:00:{:02} +0000] "GET / HTTP/1.1" 200 {} "-" "-" {:.3f}\n'
LOG = "".join(NGINX.format(i, 500 + 40 * (i % 9), 0.01 * (i % 5)) for i in range(40))
CURVE = [21.5 + 0.1 * (i % 7) for i in range(30)]
SENSOR = {
    "json": "".join(json.dumps({"temperature": round(value, 1)}) + "\n" for value in CURVE),
    "pairs": "".join(f"temperature={value:.1f}C\n" for value in CURVE),
    "labels": "".join(f"temperature: {value:.1f} C\n" for value in CURVE),
    "columns": "temperature\n" + "".join(f"{value:.1f}\n" for value in CURVE),
}


def hear(folder: Path, command: str, points: int) -> tuple[dict[str, int], list[dict[str, object]]]:
    """Return the statistics, and the notes, of a listener that hears a producer's points."""
    record = folder / "recorded"
    with Listener("tcp://127.0.0.1:*", output="none", record=record) as listener:
        done = subprocess.Popen(
            f"{command} --endpoint {listener.endpoint}",
            shell=True,
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: listener.stats().points_received >= points, f"{points} points", 60)
        until(lambda: listener.stats().notes_played, "a note", 20)
        done.terminate()
        _, err = done.communicate()
        stats = listener.stats()
    assert "Traceback" not in err
    assert stats.points_lost == 0
    sound, _ = soundfile.read(record / "audio.wav")
    assert 0.005 < np.abs(sound).max() < 1
    rows = [json.loads(line) for line in (record / "points.jsonl").read_text().splitlines()]
    return {"streams": stats.streams, "alerts": stats.alerts}, rows


def python_m(words: str) -> str:
    return shlex.join([*STREAMSON, *shlex.split(words)])


def test_my_machine(tmp_path):
    told, rows = hear(tmp_path, "exec " + python_m("produce system --interval 0.2"), 20)
    streams = {str(row["stream"]).partition("/")[2] for row in rows}
    assert {"cpu", "memory"} <= streams
    assert told["streams"] == len(streams)


def test_a_web_servers_log(tmp_path):
    (tmp_path / "access.log").write_text(LOG)
    command = "awk '{print $10, $NF}' access.log | " + python_m("produce tail --stream requests")
    _, rows = hear(tmp_path, command, 40)
    assert {row["stream"] for row in rows} == {"requests"}
    sizes = [next(iter(row["fields"].values())) for row in rows]
    assert sizes == [500 + 40 * (i % 9) for i in range(40)]


@pytest.mark.parametrize("form", SENSOR)
def test_a_sensor_over_a_pipe(tmp_path, form):
    (tmp_path / "sensor.txt").write_text(SENSOR[form])
    command = "cat sensor.txt | " + python_m("produce tail --stream sensor")
    _, rows = hear(tmp_path, command, 30)
    values = [row["fields"] for row in rows]
    name = "temperature"
    assert [value[name] for value in values] == pytest.approx([round(v, 1) for v in CURVE])


def test_my_own_table(tmp_path):
    source = DATA / "tables" / "semicolons_decimal_commas.csv"
    outs = [word for name in ("t.wav", "t.csv", "t.png") for word in ("-o", name)]
    done = subprocess.run(
        [*STREAMSON, "render", str(source), *outs],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Temperatur -> pitch D3..G5 (20.75..22.25), Feuchte -> volume" in done.stderr
    notes = list(Table(tmp_path / "t.csv").rows())
    pitches = [note.fields["midi_note"] for note in notes]
    values = [row.fields["Temperatur"] for row in Table(source).rows()]
    assert np.argsort(pitches).tolist() == np.argsort(values).tolist()


def test_python(tmp_path):
    program = (
        "import numpy as np, streamson\n"
        "audio = streamson.render({'load': [1, 4, 2, 8]}, seconds=2)\n"
        "print(audio.save('a.flac'), np.asarray(audio).shape[1], len(audio.notes))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["2", "4"]
    assert soundfile.info(tmp_path / "a.flac").duration == pytest.approx(3, abs=1)
