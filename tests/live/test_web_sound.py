"""Forms of the sound: which frames their messages are of, and that a broken one harms no other."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from streamson import Listener
from streamson.live.encoding import MP3
from streamson.live.web import hub as hubs
from streamson.live.web.hub import PCM, Hub
from streamson.live.web.sound import HEADER, OPUS_RATE, OpusEncoder
from streamson.model.feed import AudioBlock
from streamson.wire.feed.reader import FeedReader
from tests.live.conftest import ANY_PORT
from tests.live.made_up import hello

RATE = 44_100
BLOCK = 896


def _noise(frames):
    """Below 4 kHz, which Opus keeps."""
    white = np.random.default_rng(1).standard_normal(frames)
    low = np.convolve(white, 0.2 * np.sinc(0.2 * np.arange(-64, 65)) * np.hanning(129), "same")
    return (0.2 * low).astype(np.float32)


def _encoded(encoder, mono, first, time=0.0):
    for at in range(0, len(mono) - BLOCK + 1, BLOCK):
        samples = np.repeat(mono[at : at + BLOCK], 2).astype("<f4").tobytes()
        finished = time + (at + BLOCK) / RATE
        for message in encoder.encode(AudioBlock(frame=first + at, time=finished, samples=samples)):
            yield HEADER.unpack_from(message), message[HEADER.size :]


def test_opus_is_of_the_frames_that_it_tells():
    av = pytest.importorskip("av")
    mono, first = _noise(2 * RATE), 1_000_000
    packets = list(_encoded(OpusEncoder(hello()), mono, first, time=50.0))
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = OPUS_RATE, "stereo"
    decoded = [frame for _, packet in packets for frame in decoder.decode(av.Packet(packet))]
    heard = np.concatenate([frame.to_ndarray()[0] for frame in decoded])  # the left plane
    begins = packets[0][0][3] - first  # of what is heard, in frames of the listener
    original = np.interp(
        begins + np.arange(len(heard)) * RATE / OPUS_RATE, np.arange(len(mono)), mono
    )
    middle = slice(20_000, 60_000)
    late = max(
        range(-400, 401),
        key=lambda by: heard[middle] @ original[middle.start - by : middle.stop - by],
    )
    assert abs(late) <= 2  # of 48,000
    for (_, frames, rate, frame, finished), _ in packets:
        assert (frames, rate) == (882, RATE)
        assert finished == pytest.approx(50 + (frame - first + frames) / RATE, abs=1e-3)


@pytest.mark.parametrize("again", [0, 5_000_000])
def test_opus_begins_anew_where_frames_do_not_follow(again):
    """As those of another listener, or after a gap."""
    pytest.importorskip("av")
    encoder = OpusEncoder(hello())
    list(_encoded(encoder, _noise(RATE), 1_000_000))
    packets = list(_encoded(encoder, _noise(RATE), again))
    assert packets[0][0][3] == pytest.approx(again, abs=200)


def test_what_makes_opus_is_loaded_before_anybody_hears(page):
    """For while it is, which takes as long as its disk does, nobody hears anything."""
    pytest.importorskip("av")
    assert page.metrics()["streamson_page_hearers"] == 0
    assert "libavcodec" in Path(f"/proc/{page.pid}/maps").read_text()


def test_a_form_that_can_not_be_made_is_given_up_and_the_others_go_on(monkeypatch):
    def fails(_hello):
        raise OSError("this library knows no such form")

    monkeypatch.setitem(hubs.ENCODERS, MP3, fails)

    async def steps(listener):
        reader = FeedReader(listener.feed_endpoint, ())
        hub = Hub(reader, await asyncio.to_thread(reader.wait_for_hello, 5))
        hub.start()
        dropped = []
        sound, broken = (hub.join(kind, lambda: dropped.append(1)) for kind in (PCM, MP3))
        assert await broken.get() is None
        heard = [await sound.get() for _ in range(5)]
        await asyncio.to_thread(hub.stop)
        return all(heard), hub.broken, dropped

    with (
        Listener(ANY_PORT, output="none", feed=ANY_PORT) as listener,
        ThreadPoolExecutor(1) as pool,  # a browser's driver may run a loop in this thread
    ):
        running = pool.submit(lambda: asyncio.run(asyncio.wait_for(steps(listener), 30)))
        found = running.result()
    assert found == (True, {MP3}, [])
