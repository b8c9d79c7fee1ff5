"""From `Publisher.send` in another process to the loudspeaker of a page in Chromium on loopback.

The page knows which frame of the listener's clock leaves its loudspeaker at a moment, and by
exchanging times with its server what that moment is for others: so the delay of each note is known
without listening. What a loudspeaker's own hardware adds is as the browser reports it. Holds where
the median is at most 120 ms.

    python scripts/bench/page.py [--points 400]
"""

import argparse
import multiprocessing
import random
import re
import subprocess
import sys
import time
from multiprocessing.connection import Connection

import numpy as np
from playwright.sync_api import sync_playwright
from report import finish

from streamson import Listener, Publisher
from streamson.session.load import parse_session

HOLD_MS = 120.0
EVERY_POINT = parse_session(b"[[part]]\nnotes_per_second = 1000", "bench")
TIMEOUT_S = 30.0
SETTLE_S = 12.0
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]

WATCH = """() => {
    globalThis.heard = [];
    const { canvas, sound, link } = streamson;
    const add = canvas.addNote.bind(canvas);
    canvas.addNote = (note, rate) => {
        add(note, rate);
        const look = () => {
            const second = sound.heardSecond();
            const due = note.onset_frame / rate - second;
            if (second === null || due > 0) return setTimeout(look, 5);
            const now = (performance.timeOrigin + performance.now()) / 1000 + link.clockOffset;
            heard.push(now + due);
        };
        look();
    };
}"""


def produce(endpoint: str, points: int, pipe: Connection) -> None:
    """Send points at random moments; tell when each was sent."""
    chance = random.Random(0)
    sent = []
    with Publisher(endpoint) as publisher:
        publisher.wait_for_listener(TIMEOUT_S)
        for k in range(points):
            time.sleep(chance.uniform(0.02, 0.08))
            sent.append(time.time())
            publisher.send("walk", value=k % 18)
    pipe.send(sent)


def delays_ms(points: int) -> tuple[np.ndarray, dict[str, float]]:
    """Return the delay of each note, and the player's figures at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with (
        Listener(
            "tcp://127.0.0.1:*", output="none", session=EVERY_POINT, feed="tcp://127.0.0.1:*"
        ) as listener,
        sync_playwright() as playwright,
    ):
        server = subprocess.Popen(
            [sys.executable, "-m", "streamson", "web", listener.feed_endpoint, "--address", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        url = re.search(r"http://\S+", server.stdout.readline()).group()
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=BROWSER_ARGUMENTS
        )
        page = browser.new_page()
        page.goto(url)
        page.click("#sound")
        page.wait_for_timeout(1_000 * SETTLE_S)  # the clocks are compared, the ring is filled
        page.evaluate(WATCH)
        process = context.Process(target=produce, args=(listener.endpoint, points, theirs))
        process.start()
        if not ours.poll(points * 0.1 + TIMEOUT_S):
            raise SystemExit("the producer did not finish")
        sent = ours.recv()
        process.join()
        page.wait_for_timeout(2_000)
        heard = page.evaluate("heard.sort((a, b) => a - b)")
        figures = page.evaluate("streamson.sound.figures")
        browser.close()
        server.terminate()
        server.wait()
    if len(heard) != points:
        raise SystemExit(f"{points} points were sent, {len(heard)} notes heard")
    return (np.array(heard) - np.array(sent)) * 1e3, figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=400)
    args = parser.parse_args()
    delays, figures = delays_ms(args.points)
    median, p99, most = np.percentile(delays, (50, 99, 100))
    print(f"median {median:.0f} ms   p99 {p99:.0f} ms   largest {most:.0f} ms")
    print(
        f"the page buffers {1e3 * figures['buffered']:.0f} ms, its target is "
        f"{1e3 * figures['target']:.0f} ms; it ran empty {figures['underruns']} times"
    )
    return finish("page", round(float(median), 1), "ms", HOLD_MS, ok=bool(median <= HOLD_MS))


if __name__ == "__main__":
    sys.exit(main())
