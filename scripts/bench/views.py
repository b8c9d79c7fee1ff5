"""All that can look at a listener at once: ten pages, a terminal, a reader in Node.

One page is a browser with its sound on, which on two cores without a graphics card is all that a
machine bears beside a listener; the others are connections that take what a page takes. Needs what
`scripts/test` installs: Chromium, Playwright, and Node with the package `zeromq`.
"""

import contextlib
import fcntl
import multiprocessing
import os
import pty
import re
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
STREAMSON = [sys.executable, "-m", "streamson"]
PAGES = 10
ROWS_AND_COLUMNS = b"\x28\0\xa0\0\0\0\0\0"
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
SETTLE_S = 8.0
TIMEOUT_S = 60.0


@contextlib.contextmanager
def all_views(feed: str) -> Iterator[None]:
    """Let everything look at a listener whose feed is there."""
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as views:
        server = _start(views, [*STREAMSON, "web", feed, "--address", "0"])
        url = re.search(r"http://\S+", _first_line(server.stdout)).group()
        _start_terminal(views, feed)
        _first_line(_start_node(views, feed).stdout)
        pages = []
        for target, arguments in ((_browse, (url,)), (_read_pages, (url, PAGES - 1))):
            ours, theirs = context.Pipe()
            pages.append(context.Process(target=target, args=(theirs, *arguments), daemon=True))
            pages[-1].start()
            views.callback(pages[-1].kill)
            if not ours.poll(TIMEOUT_S):
                sys.exit("no page came")
        time.sleep(SETTLE_S)
        yield
        if not all(page.is_alive() for page in pages):
            sys.exit("a page ended before the end")


def _start(
    views: contextlib.ExitStack, command: list[str], **options: object
) -> subprocess.Popen[str]:
    """Start a command, which must still run at the end."""
    process = subprocess.Popen(command, text=True, **{"stdout": subprocess.PIPE, **options})

    def end() -> None:
        ended = process.poll()
        process.kill()
        process.wait()
        if ended is not None:
            sys.exit(f"{command} ended before the end, with {ended}")

    views.callback(end)
    return process


def _first_line(output: IO[str]) -> str:
    """Wait for a line; let go of all that comes after it."""
    line = output.readline()
    threading.Thread(target=output.read, daemon=True).start()
    return line


def _start_terminal(views: contextlib.ExitStack, feed: str) -> None:
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, ROWS_AND_COLUMNS)
    environment = {**os.environ, "TERM": "xterm"}
    _start(
        views,
        [*STREAMSON, "watch", feed],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        env=environment,
    )
    os.close(its_end)
    os.read(terminal, 1)
    threading.Thread(target=_drain, args=(terminal,), daemon=True).start()


def _drain(terminal: int) -> None:
    with contextlib.suppress(OSError):  # it is closed
        while os.read(terminal, 65_536):
            pass


def _start_node(views: contextlib.ExitStack, feed: str) -> subprocess.Popen[str]:
    """Start the reader that the documentation shows."""
    page = (ROOT / "docs/feed.md").read_text()
    reader = re.search(r"```js\n(.*?)```", page, re.DOTALL).group(1)
    folder = views.enter_context(tempfile.TemporaryDirectory())
    script = Path(folder) / "reader.js"
    script.write_text(reader.replace("tcp://127.0.0.1:5571", feed))
    modules = str(ROOT / ".venv/node/node_modules")
    return _start(views, ["node", str(script)], env={**os.environ, "NODE_PATH": modules})


def _browse(pipe: Connection, url: str) -> None:
    """Open the page, and let it sound."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=BROWSER_ARGUMENTS
        )
        page = browser.new_page()
        page.goto(url)
        page.click("#sound")
        pipe.send("ready")
        page.wait_for_event("close", timeout=0)


def _read_pages(pipe: Connection, url: str, pages: int) -> None:
    """Take what so many pages take."""
    import asyncio

    import aiohttp

    async def take(session: aiohttp.ClientSession, path: str) -> None:
        async with session.ws_connect(url + path) as connection:
            async for _ in connection:
                pass

    async def read() -> None:
        async with aiohttp.ClientSession() as session:
            taking = [take(session, path) for _ in range(pages) for path in ("view", "sound")]
            pipe.send("ready")
            await asyncio.gather(*taking)

    asyncio.run(read())
