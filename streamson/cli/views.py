"""What becomes of a listener that runs here: its page, its broadcast, a screen or plain lines."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

import click

from streamson.cli.broadcasting import Broadcasting
from streamson.cli.ending import ending
from streamson.cli.page import Page, show_in_browser, tunnel
from streamson.cli.screen import Screen, has_terminal, obstacle
from streamson.errors import ChildError, StreamsonError
from streamson.listener.listener import Listener
from streamson.live.plain import INTERVAL_S, summary_line
from streamson.output.device import AUTO

MAX_IPC_PATH: Final = 80
"""Bytes: names of sockets are 107 at most."""

DEFAULT_ADDRESS: Final = "5580"
"""Of a page that nobody asked for."""


class Broadcast(NamedTuple):
    """An Icecast server that is to get the sound.

    Attributes
    ----------
    address
        ``icecast://HOST/MOUNT``.
    password
        Of the user in it.
    """

    address: str
    password: str


class Wanted(NamedTuple):
    """What somebody wants to see.

    Attributes
    ----------
    plain
        Plain lines where a screen could be shown.
    web
        Where a page is to be, ``[HOST:]PORT``; None: where nothing else can be heard.
    no_web
        No page, in no case.
    insecure
        Whether everybody sees and hears who reaches the page.
    output
        Where the sound was to go.
    broadcast
        Where it is to go too; None for nowhere.
    """

    plain: bool
    web: str | None
    no_web: bool
    insecure: bool
    output: str
    broadcast: Broadcast | None = None

    @property
    def has_page(self) -> bool:
        """Whether there may be a page."""
        return not self.no_web and (self.web is not None or self.output == AUTO)

    @property
    def has_screen(self) -> bool:
        """Whether there is to be a screen, if it can be."""
        return not self.plain and has_terminal() and obstacle() is None

    @contextmanager
    def feed(self, chosen: str | None) -> Iterator[str | None]:
        """Yield where the listener's feed is to be: where somebody chose, or where we alone see it.

        Parameters
        ----------
        chosen
            None for nowhere.
        """
        is_read = self.has_page or self.has_screen or self.broadcast is not None
        if chosen is not None or not is_read:
            yield chosen
            return
        with tempfile.TemporaryDirectory(prefix="streamson-", ignore_cleanup_errors=True) as folder:
            ending.remove(folder)
            # Nobody else can enter it.
            path = os.path.join(folder, "feed")
            is_short = len(os.fsencode(path)) <= MAX_IPC_PATH
            yield f"ipc://{path}" if is_short and os.name == "posix" else "tcp://127.0.0.1:*"


class Shown:
    """What is shown, until it is closed.

    Parameters
    ----------
    listener
        Plays already.
    wanted
        What somebody wants to see.

    Attributes
    ----------
    has_quit
        Whether somebody ended the screen, and wants to hear no more.

    Raises
    ------
    StreamsonError
        There is no page where one was asked for.
    """

    def __init__(self, listener: Listener, wanted: Wanted) -> None:
        self._listener = listener
        self.has_quit = False
        self._due = INTERVAL_S
        self._screen: Screen | None = None
        self._page = _page(listener, wanted)
        self._broadcasting = _broadcasting(listener, wanted)
        is_recorded = listener.recording is not None or listener.recording_error is not None
        if not (listener.plays or self._page or self._broadcasting or is_recorded):
            click.echo(
                "Nothing is heard here: --record take.wav makes a file to listen to elsewhere, and "
                '"streamson doctor" says what a sound device needs.',
                err=True,
            )
        if not wanted.plain:
            self._screen = _screen(listener, self._page)

    def refresh(self) -> None:
        """Show what is to be shown by now."""
        if self._page is not None and (reason := self._page.has_ended()) is not None:
            self._page = None
            click.echo(f"The page ended: {reason}. The sound goes on.", err=True)
        if self._broadcasting is not None and (why := self._broadcasting.has_ended()) is not None:
            self._broadcasting = None
            click.echo(f"The broadcast ended: {why}. The sound goes on.", err=True)
        if self._screen is not None:
            if self._screen.check():
                return
            self.has_quit = self._screen.has_quit
            self._screen = None
            if self.has_quit:
                return
        engine = self._listener.engine
        seconds = engine.frame / engine.sample_rate  # costs less than all statistics
        if seconds >= self._due:
            self._due = INTERVAL_S * (seconds // INTERVAL_S + 1)
            line = summary_line(
                self._listener.stats(),
                endpoint=self._listener.endpoint,
                last_played=self._listener.last_played,
                follows=self._listener.follows,
            )
            click.echo(line, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ending.finish()  # no second Ctrl-C is to leave the terminal as the screen has it
        if self._screen is not None:
            self._screen.close()
        if self._page is not None:
            self._page.close()
        if self._broadcasting is not None:
            self._broadcasting.close()


def _page(listener: Listener, wanted: Wanted) -> Page | None:
    """Return a page, which is said; None where nobody needs one, or there can be none."""
    feed, is_chosen = listener.feed_endpoint, wanted.web is not None
    if feed is None or not wanted.has_page or (listener.plays and not is_chosen):
        return None
    try:
        page = Page(
            feed,
            wanted.web or DEFAULT_ADDRESS,
            is_chosen=is_chosen,
            insecure=wanted.insecure,
        )
    except StreamsonError as error:
        if is_chosen:
            raise
        click.echo(f"streamson: {error}", err=True)
        return None
    if not is_chosen:
        click.echo("There is no sound device here: hear it in the browser.", err=True)
        show_in_browser(page.url)
    click.echo("\n".join(page.lines), err=True)
    way = tunnel(urlsplit(page.url).port or 0) if "SSH_CONNECTION" in os.environ else ""
    if way:
        click.echo(f"On your own machine first: {way}", err=True)
    listener.serve_page(page.url, tunnel=way)
    return page


def _broadcasting(listener: Listener, wanted: Wanted) -> Broadcasting | None:
    """Return the broadcast that somebody wants; None without one."""
    feed = listener.feed_endpoint
    if wanted.broadcast is None or feed is None:
        return None
    return Broadcasting(feed, *wanted.broadcast)


def _screen(listener: Listener, page: Page | None) -> Screen | None:
    """Return a screen of a listener; None without one, which is told where it might surprise."""
    feed = listener.feed_endpoint
    if not has_terminal():
        return None
    try:
        reason = obstacle()
        if page is not None and page.has_secret:
            reason = "the link is to stay in sight"
        if reason is None and feed is not None:
            return Screen(feed)
    except ChildError as error:
        reason = str(error)
    if reason is not None:
        click.echo(f"Plain lines instead of a screen: {reason}.", err=True)
    return None
