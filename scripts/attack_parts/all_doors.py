"""A listener with its feed and commands, a relay before it, and who uses them honestly."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import psutil
from nacl.bindings import crypto_box_keypair

from scripts.attack_parts.honest import Honest
from scripts.attack_parts.peers import Door
from scripts.attack_parts.target import COMMAND, START_S, Outcome, Target, family
from streamson.keys.folder import VARIABLE, KeyFolder
from streamson.keys.grant import Grant
from streamson.wire.sockets.endpoint import control_endpoint, parse_endpoint

MAX_GROWN_MB = 150.0
"""The listener and the relay, each with the streams and the keys that attackers make up."""

MAX_WAIT_S = 1.0
MAX_NEWCOMER_S = 6.0
"""Twice as long as who says nothing may keep a place."""

SETTLED_S = 6.0
MAX_LINES_A_MINUTE = 120
"""Fifty keys that are refused have a line each (`gatekeeper.MAX_TOLD`); else there are few."""

INTRODUCED = " -> pitch "
"""In the line that says what a stream plays: of the first 200 streams."""

RELAYED = "relayed"


class Holding(NamedTuple):
    """What processes hold."""

    threads: int
    descriptors: int
    processes: int

    @classmethod
    def of(cls, pids: list[int]) -> Self:
        found = [psutil.Process(pid) for one in pids for pid in family(one)]
        return cls(
            threads=sum(one.num_threads() for one in found),
            descriptors=sum(one.num_fds() for one in found),
            processes=len(found),
        )


class AllDoors:
    """What is attacked, until the block is left.

    Parameters
    ----------
    keys
        Whether who connects has to show a key. There is one for attackers that may do all.

    Attributes
    ----------
    doors
        The sockets, by name.
    """

    def __init__(self, *, keys: bool) -> None:
        self._asks = keys
        self._stack = ExitStack()
        self.doors: dict[str, Door] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        server_key, secret = self._make_keys() if self._asks else (None, None)
        words = ("--keys",) if self._asks else ()
        self._target = self._stack.enter_context(
            Target("--feed", "tcp://127.0.0.1:*", *words, max_grown_mb=MAX_GROWN_MB)
        )
        relay = self._start_relay(*words)
        self._target.publish(RELAYED, relay)
        feed = self._target.told("Feed on ")
        where = {
            "points": ("points", self._target.endpoint),
            "relay": ("points", relay),
            "feed": ("feed", feed),
            "control": ("control", control_endpoint(feed)),
        }
        for name, (kind, endpoint) in where.items():
            self.doors[name] = Door(kind, parse_endpoint(endpoint).address, server_key, secret)
        self._honest = self._stack.enter_context(Honest(feed, self._target.endpoint, relay))
        self._target.begin_to_watch(self._relay.pid)
        self._before = Holding.of(self._target.pids)
        self._began = time.monotonic()

    def finish(self, name: str, tried: int) -> Outcome:
        """End it all; return what it stood, as of `Target.finish`."""
        minutes = (time.monotonic() - self._began) / 60
        after = self._settled()
        self._honest.__exit__(None, None, None)
        outcome = self._target.finish(name, tried)
        self._relay.send_signal(signal.SIGTERM)
        code = self._relay.wait(20)
        relayed = json.loads((self._target.folder / "relay.json").read_text())
        refused = relayed["messages_refused"] + relayed["connections_cut"]
        said = self._target.said + self._relay_said()
        lines = sum(INTRODUCED not in line for line in said.splitlines()) / max(minutes, 1.0)
        honest = self._honest
        faults = (
            *outcome.faults,
            *(() if code == 143 else (f"exit code {code} of the relay",)),
            *(("a traceback of the relay",) if "Traceback" in said else ()),
            *(() if honest.feed_s < MAX_WAIT_S else (f"feed silent for {honest.feed_s:.1f} s",)),
            *(() if honest.answer_s < MAX_WAIT_S else (f"no answer for {honest.answer_s:.1f} s",)),
            *(() if honest.newcomer_s < MAX_NEWCOMER_S else ("a newcomer did not get in",)),
            *(() if not honest.frames_missed else (f"{honest.frames_missed} frames not told",)),
            *(() if _fits(self._before, after) else (f"{self._before} became {after}",)),
            *(() if lines < MAX_LINES_A_MINUTE else (f"{lines:.0f} lines a minute",)),
        )
        figures = (
            f"waited at most for the feed {honest.feed_s:.2f} s, for an answer "
            f"{honest.answer_s:.2f} s, to be let in {honest.newcomer_s:.2f} s; "
            f"{after.threads} threads ({self._before.threads} before), {after.descriptors} "
            f"descriptors ({self._before.descriptors}); {lines:.0f} lines in a minute"
        )
        return outcome._replace(
            survived=outcome.survived + refused,
            faults=faults,
            figures=f"{figures}; {outcome.figures}",
        )

    def _make_keys(self) -> tuple[bytes, bytes]:
        """Return this machine's public key, and the secret one of who is let in."""
        path = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(path)
        if before is None:
            self._stack.callback(os.environ.pop, VARIABLE)
        else:
            self._stack.callback(os.environ.__setitem__, VARIABLE, before)
        folder = KeyFolder(path)
        pair = folder.make_pair()
        public, secret = crypto_box_keypair()
        folder.allow("intruder", Grant(key=public.hex(), publish=("*",), hear=True, steer=True))
        return bytes.fromhex(pair.public), secret

    def _start_relay(self, *words: str) -> str:
        """Start a relay to the listener; return where it takes points."""
        with (self._target.folder / "relay").open("wb") as said:
            self._relay = subprocess.Popen(
                [
                    *(*COMMAND, "relay", "--bind", "tcp://127.0.0.1:*", "--stats", "relay.json"),
                    *(*words, self._target.endpoint),
                ],
                cwd=self._target.folder,
                stdout=said,
                stderr=said,
            )
        self._stack.callback(self._relay.wait)
        self._stack.callback(self._relay.kill)
        deadline = time.monotonic() + START_S
        while "Handing them on" not in self._relay_said() or time.monotonic() > deadline:
            if self._relay.poll() is not None:
                raise SystemExit(f"the relay did not start:\n{self._relay_said()}")
            time.sleep(0.02)
        said_by_relay = self._relay_said()
        words_before = "connect to " if words else "Taking points on "
        return re.search(rf"{words_before}(\S+?)\.?\n", said_by_relay)[1]  # type: ignore[index]

    def _relay_said(self) -> str:
        return (self._target.folder / "relay").read_text(errors="replace")

    def _settled(self) -> Holding:
        """Return what is held once it is as before, or after a while."""
        deadline = time.monotonic() + SETTLED_S
        while True:
            found = Holding.of(self._target.pids)
            if _fits(self._before, found) or time.monotonic() > deadline:
                return found
            time.sleep(0.1)


def _fits(before: Holding, after: Holding) -> bool:
    """Return whether no more is held than before; newcomers may be there at any moment."""
    return all(more <= few + 3 for few, more in zip(before, after, strict=True))
