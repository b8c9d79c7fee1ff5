"""The documentation site: built strictly, and walked by a browser from its folder."""

import os
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from streamson.cli import COMMANDS

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "site"
SIZES = {"phone": (390, 800), "desktop": (1_300, 900)}


@pytest.fixture(scope="module")
def site():
    """Return the folder of the site, as its script builds it."""
    if shutil.which("npm") is None or not (ROOT / ".venv" / "streamson-setup").exists():
        reason = "npm is not installed, or scripts/test did not set this up"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    built = subprocess.run(
        [ROOT / "scripts" / "docs"], capture_output=True, text=True, check=False, timeout=100
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return SITE


@pytest.fixture
def visitor(chromium):
    """Return what opens a page of the site on a screen, in a colour scheme."""
    contexts = []

    def opened(page, size, scheme):
        width, height = SIZES[size]
        contexts.append(
            chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
            )
        )
        tab = contexts[-1].new_page()
        tab.goto((SITE / f"{page}.html").as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("page", "size", "scheme"),
    [
        *product(["index", "alerts"], SIZES, ["light", "dark"]),
        ("python", "phone", "light"),
        ("commands", "phone", "dark"),
        ("session_keys", "desktop", "light"),
    ],
)
def test_a_page_stands_in_nobodys_way(site, visitor, page, size, scheme):
    tab = visitor(page, size, scheme)
    found = Axe().run(tab).response["violations"]
    serious = [one for one in found if one["impact"] in {"serious", "critical"}]
    assert not serious, [(one["id"], one["nodes"][0]["html"]) for one in serious]
    assert tab.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_looked_for_is_found_without_a_server(site, visitor, size):
    tab = visitor("index", size, "light")
    tab.wait_for_load_state("networkidle")
    tab.keyboard.press("/")
    tab.locator("input[name=query]:focus").wait_for()
    tab.keyboard.type("hysteresis")
    tab.locator(".md-search-result__item a[href*='alerts.html']").first.wait_for(timeout=20_000)


def test_every_command_and_key_is_there(site):
    commands = (site / "commands.html").read_text()
    for name in COMMANDS:
        assert f"streamson {name}" in commands
    assert "streamson produce mqtt" in commands
    keys = (site / "session_keys.html").read_text()
    for key in ("[[part]]", "[[alert]]", "[attention]", "pitch.rescale", "hysteresis"):
        assert key in keys
    python = (site / "python.html").read_text()
    for name in ("Listener", "Publisher", "render", "decode_sound", "load_session"):
        assert f">{name}" in python.replace('<span class="n">', ">").replace(">>", ">")


def test_each_page_has_the_icon(site):
    assert (site / "icon.svg").read_text().startswith("<svg")
    for page in ("index.html", "404.html"):
        assert '<link rel="icon" href="' in (site / page).read_text()
        assert 'icon.svg">' in (site / page).read_text()
