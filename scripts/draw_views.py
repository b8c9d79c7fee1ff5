"""Draw the page and the terminal amid the tour: docs/film.webp, docs/page.png, docs/terminal.png.

python scripts/draw_views.py         needs: scripts/test's set-up (chromium, playwright, pyte)
"""

import fcntl
import html
import io
import os
import pty
import select
import socket
import subprocess
import sys
import termios
import time
from contextlib import closing, suppress
from pathlib import Path

import pyte
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS, LINES = 110, 26
MOMENT_S = 40.0
"""Of the tour: two alerts are raised."""

WIDTH, HEIGHT = 1180, 830

FILM_S = (24.0, 38.0)
FILM_FPS = 8
FILM_WIDTH = 800

COLOURS = {
    "default": "#d8dee6",
    "black": "#0f141a",
    "red": "#ff8f8a",
    "green": "#8fdcab",
    "brown": "#f0c24f",
    "blue": "#62b8f0",
    "magenta": "#ee9fd4",
    "cyan": "#7fd1ff",
    "white": "#ffffff",
}
BACK = "#0f141a"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return taken.getsockname()[1]


class Terminal:
    """The tour on a pseudo-terminal."""

    def __init__(self, port: int) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        size = LINES.to_bytes(2, "little") + COLUMNS.to_bytes(2, "little") + bytes(4)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamson", "demo", "--tour"),
                *("--output", "none", "--web", str(port)),
            ],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  (no other way)
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)

    def read(self, seconds: float) -> None:
        """Take in what is shown for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                with suppress(OSError):
                    self._stream.feed(os.read(self._master, 65_536))

    def as_html(self) -> str:
        """Return what is shown."""
        lines = []
        for number in range(LINES):
            row = self.screen.buffer[number]
            cells = [self._cell(row[column]) for column in range(COLUMNS)]
            lines.append("".join(cells))
        style = (
            f"background:{BACK};color:{COLOURS['default']};padding:14px;margin:0;"
            "display:inline-block;font:15px/1.25 'DejaVu Sans Mono',monospace;white-space:pre"
        )
        return f'<body style="margin:0;background:{BACK}"><pre style="{style}">' + "\n".join(lines)

    def _cell(self, cell: pyte.screens.Char) -> str:
        front, back = (COLOURS.get(name, f"#{name}") for name in (cell.fg, cell.bg))
        back = BACK if cell.bg == "default" else back
        if cell.reverse:
            front, back = back, front
        style = f"color:{front};background:{back}" + (";font-weight:bold" if cell.bold else "")
        return f'<span style="{style}">{html.escape(cell.data)}</span>'


def draw(browser: Browser, port: int, terminal: Terminal) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark")
    page.goto(f"http://127.0.0.1:{port}/")
    page.click("#sound")
    began = time.monotonic()
    terminal.read(FILM_S[0])
    film(page, terminal, began + FILM_S[1])
    terminal.read(began + MOMENT_S - time.monotonic())
    page.screenshot(path=DOCS / "page.png")
    shown = browser.new_page(viewport={"width": 1100, "height": 560})
    shown.set_content(terminal.as_html())
    shown.locator("pre").screenshot(path=DOCS / "terminal.png")


def film(page: Page, terminal: Terminal, end: float) -> None:
    """Film the page until then: each picture lasts as long as it was to be seen."""
    pictures, times = [], []
    while (now := time.monotonic()) < end:
        times.append(now)
        pictures.append(page.screenshot())
        terminal.read(now + 1 / FILM_FPS - time.monotonic())
    height = round(HEIGHT * FILM_WIDTH / WIDTH)
    first, *others = (
        Image.open(io.BytesIO(picture)).resize((FILM_WIDTH, height), Image.Resampling.LANCZOS)
        for picture in pictures
    )
    lasts = [round(1000 * (b - a)) for a, b in zip(times, [*times[1:], end], strict=True)]
    first.save(
        DOCS / "film.webp",
        save_all=True,
        append_images=others,
        duration=lasts,
        loop=0,
        quality=60,
        method=4,
    )


def main() -> None:
    port = free_port()
    terminal = Terminal(port)
    terminal.read(3.0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        draw(browser, port, terminal)
        browser.close()
    terminal.process.terminate()
    terminal.process.wait()


if __name__ == "__main__":
    main()
