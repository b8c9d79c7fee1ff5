"""``streamson doctor``: what is missing on this machine, and the command that mends it."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click

from streamson.cli.page import tunnel
from streamson.errors import StreamsonError
from streamson.live.web.access import DEFAULT_PORT
from streamson.wire.limits import DEFAULT_ENDPOINT

EXTRAS: Final = {
    "aiohttp": ("web", "the page in the browser"),
    "av": ("video", "videos (PyAV)"),
    "distributed": ("dask", "corpora on a Dask cluster"),
    "flint": ("flint", "the eta and zeta producers 50 times faster"),
    "joblib": ("corpus", "corpora"),
    "matplotlib": ("plot", "plots"),
    "mido": ("midi", "MIDI files"),
    "prometheus_client": ("web", "figures for Prometheus, of the page"),
    "psutil": ("system", "the system producer"),
    "pyarrow": ("parquet", "Parquet tables"),
    "soxr": ("ogg", "Ogg files of 44.1 kHz"),
}
"""Importable name to the extra that brings it, and what it is good for."""


class Finding(NamedTuple):
    """The result of one check.

    Attributes
    ----------
    ok
        True: fine; False: something does not work; None: something optional is missing.
    text
        What was found.
    remedy
        The one command that mends it, or what to do; empty if nothing.
    """

    ok: bool | None
    text: str
    remedy: str = ""


@click.command()
def command() -> int:
    """Say what is missing on this machine, and the one command that mends it.

    Exits with 1 if something is missing without which streamson can't be heard.
    """
    healthy = True
    for check in (_python, _synthesiser, _sound, _elsewhere, _endpoint, _extras):
        for finding in check():
            mark = {True: "ok      ", False: "MISSING ", None: "optional"}[finding.ok]
            click.echo(f"{mark}  {finding.text}")
            if finding.remedy:
                click.echo(f"          → {finding.remedy}")
            healthy = healthy and finding.ok is not False
    return 0 if healthy else 1


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(True, f"Python {version} on {sys.platform}")


def _synthesiser() -> Iterator[Finding]:
    from streamson.synth.engine import Engine  # loads the compiler

    Engine(44_100).render(64)
    yield Finding(True, "synthesiser: machine code compiled")


def _sound() -> Iterator[Finding]:
    from streamson.errors import MissingDependencyError
    from streamson.output import portaudio
    from streamson.output.device import output_devices

    try:
        devices = output_devices()
    except MissingDependencyError:
        yield Finding(False, "PortAudio, which plays sound", portaudio.install_command())
        return
    yield Finding(True, "PortAudio")
    default = next((device for device in devices if device.is_default), None)
    if default is not None:
        yield Finding(True, f"sound device: {default.name} ({default.host_api})")
        return
    if importlib.util.find_spec("aiohttp") is not None:
        yield Finding(
            None, "a sound device; without one, it is heard in the browser", _device_remedy()
        )
        return
    yield Finding(
        False,
        "a sound device; without one, streamson still records, and renders files",
        f"{_device_remedy()}; or hear it in the browser: "
        f"{sys.executable} -m pip install 'streamson[web]'",
    )


def _elsewhere() -> Iterator[Finding]:
    """Tell how this machine is heard from another."""
    port = DEFAULT_PORT
    yield Finding(
        True,
        f"to hear this machine from another: run streamson listen --web {port} here, and there",
        f"{tunnel(port)}  (then open http://127.0.0.1:{port}/, or play "
        f"http://127.0.0.1:{port}/listen.mp3)",
    )


def _device_remedy() -> str:
    if Path("/proc/version").exists() and "microsoft" in Path("/proc/version").read_text().lower():
        return "wsl --update  (in Windows; it brings sound to WSL)"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "docker run --device /dev/snd …  (gives the container the host's sound card)"
    return "aplay -l  (lists the cards that Linux sees; plug one in, or start the sound server)"


def _endpoint() -> Iterator[Finding]:
    from streamson.wire.points.receiver import Receiver  # loads ZeroMQ

    try:
        Receiver(DEFAULT_ENDPOINT).close()
    except StreamsonError:
        yield Finding(
            None,
            f"{DEFAULT_ENDPOINT} is in use, perhaps by a listener that runs",
            "streamson listen --bind tcp://127.0.0.1:5575  (another port)",
        )
        return
    yield Finding(True, f"{DEFAULT_ENDPOINT} is free")


def _extras() -> Iterator[Finding]:
    for module, (extra, use) in EXTRAS.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding(True, use)
        else:
            yield Finding(None, use, f"{sys.executable} -m pip install 'streamson[{extra}]'")
