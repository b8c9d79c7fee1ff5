"""The notebook and its page: all cells run in a real kernel, and show what they say."""

import base64
import io
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def cells():
    """Return the outputs of each cell, and what the widget was at its last."""
    notebook = nbformat.read(NOTEBOOK, 4)
    client = NotebookClient(notebook, timeout=100)
    client.execute()
    return [cell.outputs for cell in notebook.cells], client.widget_state


def content(outputs, kind):
    return next(out.data[kind] for out in outputs if kind in out.get("data", {}))


def test_it_is_small_and_nothing_of_a_run_is_in_it():
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == 10
    for cell in notebook.cells:
        assert (cell.cell_type, cell.outputs, cell.execution_count) == ("code", [], None)
        assert max(map(len, cell.source.splitlines())) <= 110


def test_a_rendering_plays_draws_and_says_what_it_is(cells):
    outputs, _ = cells
    html = content(outputs[1], "text/html")
    sound = base64.b64decode(re.search(r"data:audio/mpeg;base64,([^\"]+)", html)[1])
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert 30 < len(samples) / rate < 32
    assert 0.05 < np.abs(samples).max() < 1
    words, plot = re.search(r'<img alt="([^"]+)".*data:image/png;base64,([^"]+)', html).groups()
    assert base64.b64decode(plot).startswith(b"\x89PNG")
    assert "a piano roll: 288 notes in 30.5 s, D3 to G5. data: load -&gt; pitch" in words
    assert "<li>data: load -&gt; pitch D3..G5" in html
    assert content(outputs[1], "text/plain").startswith("<30.5 s of sound at 44100 Hz, 288 notes")
    assert "288.00" in content(outputs[2], "text/plain")


def test_all_libraries_have_the_same_notes_and_the_alert_is_told(cells):
    outputs, _ = cells
    assert content(outputs[3], "text/plain") == "[True, True, True]"
    assert "marimba" in content(outputs[4], "text/html")
    told = "".join(out.text for out in outputs[5])
    assert "day,day,2026-01-31 17:00:00,load,109.1" in told
    assert "1 alert in 23.9 hours" in told


def test_a_listener_showed_itself_and_stays_as_a_table(cells):
    outputs, widgets = cells
    (state,) = (one for one in widgets.values() if "told" in one)
    assert state["told"]["rows"][0]["name"] == "machine"
    assert state["told"]["counts"]["points"] == 98
    (shown,) = (out.data for out in outputs[6] if out.output_type == "display_data")
    assert WIDGET not in shown
    assert "streamson, stopped" in shown["text/html"]
    assert "98 points" in shown["text/html"]
    assert content(outputs[8], "text/plain") == "(98, ['machine'])"


def test_the_numbers_come_back(cells):
    outputs, _ = cells
    rows = [line.split() for line in content(outputs[9], "text/plain").splitlines()[1:]]
    played, decoded = np.array(rows, float)[:, 1:].T
    assert len(played) == 24
    assert np.abs(played - decoded).max() < 2  # half a semitone


def test_the_page_s_programs_run():
    text = (ROOT / "docs" / "notebook.md").read_text()
    names = {}
    for program in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(program, names)
    names["listener"].stop()
    assert len(names["sound"].notes) == 8
    assert "8 notes" in names["sound"].description
