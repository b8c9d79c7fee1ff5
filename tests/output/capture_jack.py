"""A second JACK client: record what another one plays, and save it.

    python capture_jack.py SERVER FRAMES FILE.npy

Says "ready" once it is connected, and "done" once it has the frames.
"""

import sys
import threading

import jack
import numpy as np


def capture(server: str, frames: int) -> np.ndarray:
    client = jack.Client("capture", servername=server, no_start_server=True)
    inputs = [client.inports.register(f"in_{channel}") for channel in range(2)]
    sound = np.zeros((frames, 2), np.float32)
    full = threading.Event()
    position = 0

    @client.set_process_callback
    def process(count: int) -> None:
        nonlocal position
        taken = min(count, frames - position)
        for channel, port in enumerate(inputs):
            sound[position : position + taken, channel] = port.get_array()[:taken]
        position += taken
        if position == frames:
            full.set()

    with client:
        for source, target in zip(_outputs(client), inputs, strict=True):
            client.connect(source, target)
        print("ready", flush=True)
        full.wait()
    return sound


def _outputs(client: jack.Client) -> list[jack.Port]:
    ports = client.get_ports(is_audio=True, is_output=True)
    return [port for port in ports if not port.name.startswith(("system:", "capture:"))]


if __name__ == "__main__":
    np.save(sys.argv[3], capture(sys.argv[1], int(sys.argv[2])))
    print("done", flush=True)
