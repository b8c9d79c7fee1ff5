"""The gallery: what it shows is what its commands make; a browser opens and plays it from files."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe

from streamson.music.scales import SCALES
from streamson.session.load import load_session, preset_names
from streamson.session.parse.earcons import builtin_earcons
from tests.conftest import until

ROOT = Path(__file__).parents[1]
SIZES = {"phone": (390, 800), "desktop": (1_300, 900)}
QUICK = "before-and-after"
MOST_BYTES = 8_000_000


def build(folder, *words):
    """Build the gallery into a folder; return what was said of each sound."""
    command = [sys.executable, ROOT / "scripts/site/gallery.py", "--out", folder, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """A section of the gallery."""
    folder = tmp_path_factory.mktemp("gallery")
    build(folder, "--only", QUICK)
    return folder


@pytest.fixture
def visitor(chromium):
    """Return what opens a gallery from its folder, offline; nothing may go wrong in the page."""
    contexts, faults = [], []

    def opened(folder):
        contexts.append(chromium.new_context(offline=True))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda line: line.type == "error" and faults.append(line.text))
        tab.goto((folder / "index.html").as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def check_sounds(folder):
    """Every player's file decodes, is heard, and is no louder than it may be."""
    files = re.findall(r'<audio[^>]* src="([^"]+)"', (folder / "index.html").read_text())
    assert sorted(files) == sorted(f"sounds/{path.name}" for path in (folder / "sounds").iterdir())
    for name in files:
        sound, rate = soundfile.read(folder / name, always_2d=True)
        assert rate == 48_000
        assert np.abs(sound).max() <= 10 ** (-1 / 20), name
        tenths = np.square(sound[: len(sound) // 4_800 * 4_800]).reshape(-1, 4_800, sound.shape[1])
        loudest_db = 10 * np.log10(tenths.mean(axis=(1, 2)).max())
        assert -30 < loudest_db < -6, name
        assert np.abs(sound[-480:]).max() < 0.005, name  # no jump at its end


def check_pictures(folder):
    """Every picture is shown once, with words for who does not see it, and is a picture."""
    images = re.findall(r"<img [^>]*>", (folder / "index.html").read_text())
    shown = [re.search(r'src="([^"]+)"', image)[1] for image in images]
    there = sorted(f"pictures/{path.name}" for path in (folder / "pictures").iterdir())
    assert sorted(shown) == there
    for image, name in zip(images, shown, strict=True):
        assert len(re.search(r'alt="([^"]*)"', image)[1]) > 40, name
        assert "prefers-color-scheme:dark" in (folder / name).read_text(), name


def test_a_section_has_its_sounds_and_pictures(gallery):
    check_sounds(gallery)
    check_pictures(gallery)
    assert len([*(gallery / "sounds").iterdir()]) == 2


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    kept = tmp_path / "pictures" / "holiday.jpg"
    kept.parent.mkdir()
    kept.write_bytes(b"sea")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        build(tmp_path, "--only", QUICK)
    assert "holds something else than a gallery" in caught.value.stderr
    command = [sys.executable, ROOT / "scripts/site/pages.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("holds something else")) == (1, 1)
    assert kept.read_bytes() == b"sea"


def test_a_command_of_the_page_makes_what_is_heard(gallery, tmp_path):
    page = (gallery / "index.html").read_text()
    script = unescape(re.findall(r"<code>(.*?)</code>", page, re.DOTALL)[0])
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=os.environ | {"PATH": path}, check=False
    )
    assert done.returncode == 0
    (made,) = tmp_path.glob("*.wav")
    sound, rate = soundfile.read(made, always_2d=True)
    heard, opus_rate = soundfile.read(
        gallery / "sounds" / f"{QUICK}-{made.stem}.ogg", always_2d=True
    )
    # The same tenths of a second are loud and soft, but for a gain and for coding.
    levels = []
    for samples, frames in ((sound, rate // 10), (heard, opus_rate // 10)):
        count = min(len(sound) // (rate // 10), len(heard) // (opus_rate // 10))
        power = np.square(samples[: count * frames]).reshape(count, -1).mean(axis=1)
        levels.append(10 * np.log10(power + 1e-9))
    gain = np.median(levels[1] - levels[0])
    assert np.percentile(np.abs(levels[1] - levels[0] - gain), 90) < 1


def check_access(tab, size, scheme):
    """Nothing stands in anybody's way on a screen of a size, light or dark."""
    width, height = SIZES[size]
    tab.set_viewport_size({"width": width, "height": height})
    tab.emulate_media(color_scheme=scheme)
    found = Axe().run(tab).response["violations"]
    serious = [one for one in found if one["impact"] in {"serious", "critical"}]
    assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_stands_in_nobodys_way(gallery, visitor):
    tab = visitor(gallery)
    tab.locator("summary").first.click()
    for size, scheme in product(SIZES, ["light", "dark"]):
        check_access(tab, size, scheme)
    drawn = "[...document.images].every((one) => one.complete && one.naturalWidth > 100)"
    until(lambda: tab.evaluate(drawn), "pictures")


def test_players_play_one_at_a_time_and_not_by_themselves(gallery, visitor):
    tab = visitor(gallery)
    tab.evaluate("window.sounds = [...document.querySelectorAll('audio')]")
    assert tab.evaluate("sounds.length === 2 && sounds.every((one) => one.paused)")

    def plays(number):
        one = f"sounds[{number}].currentTime > 0.2 && !sounds[{number}].paused"
        until(lambda: tab.evaluate(one), f"player {number}")
        assert tab.evaluate(f"sounds[{1 - number}].paused")

    for number in (0, 1):
        tab.evaluate(f"sounds[{number}].play()")
        plays(number)
    tab.get_by_role("button", name="Play all").click()
    plays(0)
    tab.evaluate("sounds[0].currentTime = sounds[0].duration - 0.1")
    plays(1)


def test_nothing_is_missing_and_the_document_knows_all_sections():
    listed = subprocess.run(
        [
            sys.executable,
            "-c",
            "from gallery_items import sections\n"
            "for one in sections():\n"
            "    for item in one.items: print(one.slug, one.title, item.name, sep='\\t')",
        ],
        cwd=ROOT / "scripts/site",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    names = {slug: [name for one, _, name in rows if one == slug] for slug, _, _ in rows}
    assert set(SCALES) <= set(names["scales"])
    assert [*load_session().instruments] == names["instruments"]
    assert set(preset_names()) <= set(names["presets"])
    assert sorted(builtin_earcons()) == sorted(names["alerts-and-notices"])
    document = (ROOT / "docs/gallery.md").read_text()
    titles = list(dict.fromkeys(title for _, title, _ in rows))
    assert re.findall(r"^## (.*)$", document, re.MULTILINE) == titles


def test_a_site_has_the_gallery_beside_its_page(gallery, tmp_path):
    shutil.copy(ROOT / "docs/gallery.md", tmp_path)
    script = ROOT / "scripts/site/gallery_in_site.py"
    subprocess.run([sys.executable, script, tmp_path / "none", tmp_path], check=True)
    assert (tmp_path / "gallery.md").read_text() == (ROOT / "docs/gallery.md").read_text()
    subprocess.run([sys.executable, script, gallery, tmp_path], check=True)
    links = re.findall(r"\]\((gallery/[^)]*)\)", (tmp_path / "gallery.md").read_text())
    assert links == [f"gallery/index.html#{QUICK}"]
    page, _, anchor = links[0].partition("#")
    text = (tmp_path / page).read_text()
    assert f'id="{anchor}"' in text
    assert 'href="../gallery.html"' in text
    check_sounds(tmp_path / "gallery")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_of_it_is_small_and_plays(tmp_path, visitor):
    said = build(tmp_path)
    check_sounds(tmp_path)
    check_pictures(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < MOST_BYTES
    loudness = [float(lufs) for lufs in re.findall(r"([-\d.]+) LUFS", said)]
    assert len(loudness) > 90
    assert max(loudness) < -19
    tab = visitor(tmp_path)
    assert tab.locator("audio").count() == len(loudness)
    check_access(tab, "phone", "dark")
    lengths = tab.evaluate(
        """Promise.all([...document.querySelectorAll("audio")].map((audio) =>
            new Promise((done) => {
                audio.addEventListener("loadedmetadata", () => done(audio.duration));
                audio.addEventListener("error", () => done(0));
                audio.preload = "metadata";
                audio.load();
            })))"""
    )
    assert min(lengths) > 1
