"""What the documents tell is true: their commands run, their programs work."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile

import streamson
from streamson import Listener, Publisher
from streamson.session.load import load_session
from tests.conftest import until

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text()
    for name in (
        *("guide", "howto", "listen", "publish", "record", "render", "session"),
        *("troubleshooting", "tutorial"),
    )
}
"""Those whose commands run here; others have tests of their own."""
ENDLESS = {
    "listen": ["--bind", "tcp://127.0.0.1:*", "--output", "none", "--duration", "0.2"],
    "produce": ["--help"],
    "doctor": ["--help"],
    "instruments": ["--output", "none"],
    "session new": ["--help"],
    "replay": ["--help"],
    "watch": ["--help"],
    "web": ["--help"],
    "relay": ["--help"],
    "listen --follow": ["--help"],
    "listen --stream-to": ["--help"],
    "study": ["--help"],
}
"""What a command that runs on, or looks at the machine, is given in the test."""


def blocks(language, *texts):
    """Return the blocks of some texts; of all without."""
    return [
        block
        for text in texts or (README, *PAGES.values())
        for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    ]


def commands():
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines = dict.fromkeys(re.sub(r"\s+#.*", "", line) for line in lines)
    found = [line.rpartition(" | ") for line in lines]
    return [(feed, line) for feed, _, line in found if line.startswith("streamson ")]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A recorded session, and a sound file that was left broken."""
    folder = tmp_path_factory.mktemp("recorded") / "monday"
    with (
        Listener("tcp://127.0.0.1:*", output="none", record=folder) as listener,
        Publisher(listener.endpoint) as publisher,
    ):
        publisher.send("boiler", temperature=71.3)
        until(lambda: listener.stats().notes_played, "a note")
    return folder


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """What is rendered before it is decoded."""
    folder = tmp_path_factory.mktemp("rendered")
    lines = (ROOT / "tests/data/article_eta_300.csv").read_text().splitlines(keepends=True)
    (folder / "eta.csv").write_text("".join(lines[:81]))
    words = ["render", "eta.csv", "--session", "article", "-o", "eta.wav", "-o", "notes.csv"]
    subprocess.run([sys.executable, "-m", "streamson", *words], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(("feed", "line"), commands())
def test_the_commands_run(feed, line, tmp_path, recording, rendered):
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    shutil.copytree(recording, tmp_path / "monday")
    shutil.copy(recording / "audio.wav", tmp_path / "broken.wav")
    (tmp_path / "my.toml").write_text("[[part]]\n")
    words = shlex.split(line.partition(" > ")[0])[1:]
    if words[0] == "decode":
        shutil.copytree(rendered, tmp_path, dirs_exist_ok=True)
    more = ENDLESS.get(" ".join(words[:2])) or ENDLESS.get(words[0], [])
    fed = b""
    if feed and not more:
        fed = subprocess.run(shlex.split(feed), cwd=tmp_path, stdout=-1, check=True).stdout
    done = subprocess.run(
        [sys.executable, "-m", "streamson", *words, *more],
        cwd=tmp_path,
        env=os.environ | {"STREAMSON_KEYS": str(tmp_path / "keys")},
        capture_output=True,
        check=False,
        input=fed,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_what_is_linked_is_there(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if link.startswith(("https:", "http:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


def test_the_readmes_scripts_are_there():
    for name in re.findall(r"scripts/(\w+)(?:\s|`)", README):
        assert (ROOT / "scripts" / name).stat().st_mode & 0o111, name


def test_the_readmes_publisher_is_heard():
    assert blocks("python", README)[0] in blocks("python", PAGES["publish"])
    (program,) = blocks("python", README)
    with Listener("tcp://127.0.0.1:*", output="none") as listener:
        program = program.replace("tcp://127.0.0.1:5570", listener.endpoint)
        thread = threading.Thread(target=exec, args=(program, {}))
        thread.start()
        until(lambda: listener.stats().notes_played == 3, "three notes")
        thread.join()


def test_the_program_that_renders_does(monkeypatch):
    monkeypatch.chdir(ROOT)
    (program,) = blocks("python", PAGES["render"])
    names = {}
    exec(program, names)
    assert names["audio"].shape[1] == 2


@pytest.mark.parametrize("text", blocks("toml"))
def test_the_sessions_are_some(text, tmp_path):
    path = tmp_path / "readme.toml"
    path.write_text(text)
    for instrument in tomllib.loads(text).get("instrument", []):
        if "sample" in instrument:
            soundfile.write(tmp_path / instrument["sample"], np.sin(np.arange(30_000) / 20), 44_100)
    session = load_session(str(path))
    assert session.parts[0].stream == tomllib.loads(text)["part"][0]["stream"]


def test_the_collections_reader_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    done = [
        sys.executable,
        "-m",
        "streamson",
        "corpus",
        str(ROOT / "tests/data/nab"),
        "-o",
        "corpus",
    ]
    subprocess.run(done, check=True, capture_output=True)
    text = (ROOT / "docs" / "corpus.md").read_text()
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], {})
    assert "rds_cpu_head.csv" in capsys.readouterr().out


def test_the_message_is_understood():
    from streamson.wire.points.codec import decode

    (message,) = blocks("text", PAGES["publish"])
    point = decode(message.strip().replace("\\0", "\0").encode())
    assert point.fields == {"temperature": 71.3, "pressure": 2.1}


@pytest.mark.parametrize(
    "name",
    [
        "streamson.listener.listener",
        "streamson.decode.decoded",
        "streamson.decode.quantity",
        "streamson.export.rendering",
        "streamson.score.score",
        "streamson.wire.points.publisher",
    ],
)
def test_the_examples_in_docstrings_are_true(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


DESIGN = (ROOT / "docs" / "design.md").read_text()


def test_the_design_pages_producer_is_found_and_runs(tmp_path, monkeypatch):
    source = next(b for b in re.findall(r"```python\n(.*?)```", DESIGN, re.DOTALL) if "dice" in b)
    entry = next(b for b in re.findall(r"```toml\n(.*?)```", DESIGN, re.DOTALL) if "dice" in b)
    ((name, where),) = tomllib.loads(entry)["project"]["entry-points"][
        "streamson.producers"
    ].items()
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "dice.py").write_text(source)
    info = tmp_path / "dice-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dice\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[streamson.producers]\n{name} = {where}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Listener("tcp://127.0.0.1:*", output="none") as listener:
        command = [sys.executable, "-m", "streamson", "produce", name, "--rate", "50"]
        with subprocess.Popen([*command, "--endpoint", listener.endpoint]) as process:
            until(lambda: listener.stats().points_received > 3, "throws")
            process.terminate()


def test_the_design_pages_instrument_can_be_played(tmp_path):
    (text,) = (b for b in re.findall(r"```toml\n(.*?)```", DESIGN, re.DOTALL) if "partials" in b)
    path = tmp_path / "own.toml"
    path.write_text(text + "[[part]]\ninstrument = 'glockenspiel'\n")
    sound = streamson.render({"x": [1.0, 5.0, 2.0]}, session=path)
    assert 0.01 < np.abs(np.asarray(sound)).max() < 1


def test_the_design_pages_view_sees_and_hears():
    (program,) = (b for b in re.findall(r"```python\n(.*?)```", DESIGN, re.DOTALL) if "tap" in b)
    exec(program, {})


def test_the_design_page_knows_all_rooms():
    rooms = {path.parent.name for path in (ROOT / "streamson").glob("*/__init__.py")}
    assert {*re.findall(r"^\| `(\w+)` \|", DESIGN, re.MULTILINE)} == rooms | {"producers"}
