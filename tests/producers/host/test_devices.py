"""Disks, file systems and interfaces: what a test writes and sends, and what comes and goes."""

import fcntl
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.conftest import until
from tests.producers.host.conftest import amount, await_value, values

ADD_BRIDGE, REMOVE_BRIDGE = 0x89A0, 0x89A1  # SIOCBRADDBR, SIOCBRDELBR of linux/sockios.h


def device_of(folder):
    """Return the disk that a folder is on, of those that are counted."""
    mounted = [p for p in psutil.disk_partitions() if folder.is_relative_to(p.mountpoint)]
    device = max(mounted, key=lambda p: len(p.mountpoint)).device if mounted else ""
    name = os.path.basename(device)
    if not os.path.exists(f"/sys/block/{name}/device"):
        pytest.skip(f"{folder} is on no disk of its own")
    return name


def test_what_is_written_to_a_disk_is_counted_once(produce, tmp_path):
    disk = device_of(tmp_path)
    words = ["--interval", "0.2", "--name", "me", "--only", f"disk,disk/{disk},filesystems"]
    system = produce("system", *words)
    system.await_points(4)
    size = 40_000_000
    with (tmp_path / "written").open("wb") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    for stream in ("me/disk", f"me/disk/{disk}"):

        def written(stream=stream):
            system.await_points(len(system.points) + 1)
            return amount(system, stream, "written") >= 0.95 * size

        until(written, f"the bytes that were written, on {stream}")
    assert system.interrupt()[0] == 130
    assert amount(system, "me/disk", "written") < 3 * size  # of all that use the disk
    busy = values(system, f"me/disk/{disk}", "busy_percent")
    assert all(0 <= value <= 100 for value in busy)
    usage = psutil.disk_usage("/")
    if "me/filesystem/root" in {point.stream for point in system.points}:
        percents = values(system, "me/filesystem/root", "percent")
        assert percents[-1] == pytest.approx(usage.percent, abs=2)
        free = values(system, "me/filesystem/root", "free_bytes")
        assert free[-1] == pytest.approx(usage.free, rel=0.05)


def test_what_a_partition_or_a_loop_counts_again_is_left_out_unless_it_is_asked_for(produce):
    virtual = [n for n in psutil.disk_io_counters(perdisk=True) if n.startswith("loop")]
    if not virtual:
        pytest.skip("this machine has no loop devices")
    words = ["--interval", "0.1", "--name", "me"]
    for only, there in (("disks,memory", False), (f"disk/{virtual[0]},memory", True)):
        system = produce("system", *words, "--only", only)
        system.await_points(4)
        system.interrupt()
        streams = {point.stream for point in system.points}
        assert "me/memory" in streams
        assert (f"me/disk/{virtual[0]}" in streams) is there


def test_loopback_is_heard_where_it_is_asked_for(produce):
    size = 5_000_000
    words = ["--interval", "0.1", "--name", "me"]
    system = produce("system", *words, "--only", "interface/lo,network")
    system.await_points(4)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take():
            accepted, _ = server.accept()
            with accepted:
                while accepted.recv(65_536):
                    pass

        taking = threading.Thread(target=take)
        taking.start()
        with socket.create_connection(server.getsockname()) as sent:
            sent.sendall(bytes(size))
        taking.join()

    def received():
        system.await_points(len(system.points) + 1)
        return amount(system, "me/interface/lo", "received") >= size

    until(received, "the bytes that were sent")
    system.interrupt()
    assert amount(system, "me/interface/lo", "sent") == pytest.approx(
        amount(system, "me/interface/lo", "received")
    )
    assert amount(system, "me/network", "received") < size  # loopback is no network
    assert set(values(system, "me/interface/lo", "lost_packets")) == {0}


@contextmanager
def bridge(name):
    """Have a network interface for a while."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as through:
        try:
            fcntl.ioctl(through, ADD_BRIDGE, name.encode() + b"\0")
        except OSError as error:
            pytest.skip(f"no network interface can be made: {error}")
        try:
            yield
        finally:
            fcntl.ioctl(through, REMOVE_BRIDGE, name.encode() + b"\0")


@pytest.mark.parametrize("hardware", [True, False])
def test_virtual_interfaces_are_left_out_beside_hardware(produce_on, tmp_path, hardware):
    if hardware and not list(Path("/sys/class/net").glob("*/device")):
        pytest.skip("this machine has no network hardware")
    (tmp_path / "class").mkdir()
    name = f"br{os.getpid() % 1_000_000}"
    places = {} if hardware else {"/sys/class": tmp_path / "class"}
    with bridge(name):
        system = produce_on(places, "--only interfaces,load --interval 0.1")
        system.await_points(8)
        system.interrupt()
    streams = {point.stream for point in system.points}
    assert "me/load" in streams
    assert (f"me/interface/{name}" in streams) is not hardware
    assert "me/interface/lo" not in streams


def test_an_interface_that_comes_and_goes_is_published_while_it_is_there(produce):
    name = f"br{os.getpid() % 1_000_000}"
    stream = f"me/interface/{name}"
    words = ["--interval", "0.1", "--name", "me"]
    system = produce("system", *words, "--only", f"load,interface/{name}")
    system.await_points(1)
    for _ in range(2):
        with bridge(name):
            count = len(values(system, stream, "received"))
            await_value(system, stream, "received", 0)
            until(
                lambda count=count: (
                    system.await_points(len(system.points) + 1)
                    and len(values(system, stream, "received")) > count + 1
                ),
                "its points",
            )

        def gone():
            count = len(values(system, stream, "received"))
            loads = len(values(system, "me/load", "load"))
            while len(values(system, "me/load", "load")) < loads + 3:
                system.await_points(len(system.points) + 1)
            return len(values(system, stream, "received")) == count

        until(gone, "its end")
    code, err = system.interrupt()
    assert code == 130
    told = f"system: --only interface/{name}: none at the moment, published once it is there; "
    assert told + "there are " in err
    assert set(values(system, stream, "received")) == {0}
