"""Containers, services and slices: real control groups, and trees as machines have them."""

import json
import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.producers.host.cgroup_name import name_of
from streamson.producers.host.cgroup_usage import cgroups_at, parse_count, parse_flat
from streamson.producers.host.container_name import ContainerNames
from streamson.producers.host.containers import walk
from tests.conftest import until
from tests.producers.host.conftest import amount, await_value, values, write_tree

CGROUP = Path("/sys/fs/cgroup")
DOCKER = "3f2a" * 16
POD = "0b5c" * 16
MIB = 1 << 20


def counts(cpu_us: int, memory: int, cached: int = 0) -> dict[str, object]:
    """Return the files of a control group of version 2."""
    return {
        "cpu.stat": f"usage_usec {cpu_us}\nuser_usec {cpu_us}\nsystem_usec 0",
        "memory.current": memory,
        "memory.stat": f"anon 4096\nfile {cached}\ninactive_file {cached}",
    }


def server() -> dict[str, object]:
    """Return the control groups of a machine with a service, users, Docker and Kubernetes."""
    pods = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0aaa_bbb.slice"
    groups = {
        "system.slice": counts(900_000, 300 * MIB),
        "system.slice/nginx.service": counts(500_000, 64 * MIB, 14 * MIB),
        r"system.slice/system-getty.slice/getty@tty1\x2dx.service": counts(0, MIB),
        f"system.slice/docker-{DOCKER}.scope": counts(100_000, 128 * MIB),
        f"system.slice/docker-{DOCKER}.scope/system.slice/cron.service": counts(0, MIB),
        "user.slice/user-1000.slice": counts(200_000, 900 * MIB),
        f"{pods}/cri-containerd-{POD}.scope": counts(300_000, 32 * MIB),
        r"machine.slice/machine-build\x2dbox.scope": counts(400_000, 16 * MIB),
    }
    files = {f"{group}/{name}": line for group, of in groups.items() for name, line in of.items()}
    return {"cgroup.controllers": "cpu memory", **files}


MEMORY = {
    "me/service/nginx": 50 * MIB,
    "me/service/getty@tty1-x": MIB,
    "me/container/3f2a3f2a3f2a": 128 * MIB,
    "me/container/0b5c0b5c0b5c": 32 * MIB,
    "me/container/build-box": 16 * MIB,
    "me/slice/system": 300 * MIB,
    "me/slice/user/1000": 900 * MIB,
}


def test_what_each_control_group_uses_is_published_by_a_short_name(produce_on, tmp_path):
    tree = write_tree(tmp_path / "cgroup", server())
    words = "--only containers,services,slices --interval 0.2"
    system = produce_on({"/sys/fs/cgroup": tree}, words)
    system.await_points(2 * len(MEMORY))
    found = {point.stream: point.fields["memory_bytes"] for point in system.points}
    assert found == MEMORY
    write_tree(tree / f"system.slice/docker-{DOCKER}.scope", counts(350_000, 256 * MIB))
    stream = "me/container/3f2a3f2a3f2a"
    await_value(system, stream, "memory_bytes", 256 * MIB)
    assert amount(system, stream, "cpu_percent") == pytest.approx(25, rel=0.1)  # 0.25 s of a core
    assert set(values(system, "me/service/nginx", "cpu_percent")) == {0}
    assert system.interrupt()[0] == 130


def test_containers_that_come_and_go_are_published_while_they_are_there(produce_on, tmp_path):
    tree = write_tree(tmp_path / "cgroup", {"cgroup.controllers": "cpu"})
    words = "--only load,containers --interval 0.1"
    system = produce_on({"/sys/fs/cgroup": tree}, words)
    system.await_points(1)
    names = ("web", "db", "odd")
    for name in names:
        write_tree(tree / f"lxc.payload.{name}", counts(5, MIB))
    for name in names:
        await_value(system, f"me/container/{name}", "memory_bytes", MIB)
    write_tree(tree / "lxc.payload.odd", {"cpu.stat": "usage_usec many"})
    shutil.rmtree(tree / "lxc.payload.web")
    count = len(system.points)
    system.await_points(count + 10)
    last = {point.stream for point in system.points[count + 3 :]}
    assert last == {"me/load", "me/container/db"}
    code, err = system.interrupt()
    assert code == 130
    assert "system: --only containers: none at the moment, published once it is there\n" in err


def test_without_control_groups_it_is_said_why(produce_on, tmp_path):
    (tmp_path / "cgroup").mkdir()
    system = produce_on({"/sys/fs/cgroup": tmp_path / "cgroup"}, "--only containers")
    code, err = system.finish()
    assert code == 2
    reason = "no control groups, which are Linux's, are mounted at /sys/fs/cgroup"
    assert f"--only: containers: {reason}" in err


def groups_of_the_kernel():
    """Return where a test may make control groups: version 1, version 2, or both."""
    cpu = next((CGROUP / n for n in ("cpuacct", "cpu,cpuacct") if (CGROUP / n).is_dir()), None)
    whole = CGROUP if (CGROUP / "cgroup.controllers").exists() else CGROUP / "unified"
    found = {1: cpu, 2: whole if whole.is_dir() else None}
    return {version: folder for version, folder in found.items() if folder is not None}


@pytest.fixture(params=[1, 2])
def kernels_group(request):
    """Return a control group of the kernel's, and which folder is to be taken for all of them."""
    folder = groups_of_the_kernel().get(request.param)
    if folder is None:
        pytest.skip(f"this machine has no control groups of version {request.param}")
    group = folder / f"lxc.payload.streamson{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    yield group, CGROUP if request.param == 1 else folder

    def removed():
        try:
            group.rmdir()
        except OSError:  # a process in it has not quite ended
            return False
        return True

    until(removed, "the control group's end")


def test_what_a_real_control_group_computes_is_counted(kernels_group, produce_on, burn):
    group, root = kernels_group
    burner = burn()
    (group / "cgroup.procs").write_text(str(burner.process.pid))
    system = produce_on({str(CGROUP): root}, "--only container/streamson* --interval 0.1")
    stream = f"me/container/{group.name.removeprefix('lxc.payload.')}"
    await_value(system, stream, "cpu_percent", lambda percent: percent > 20)
    usage = cgroups_at(root if root != CGROUP / "unified" else group.parent)
    system.points.clear()
    system.await_points(1)
    first = usage.usage(group)
    system.await_points(8)
    burner.process.send_signal(signal.SIGSTOP)
    await_value(system, stream, "cpu_percent", 0.0)
    last = usage.usage(group)
    computed = last.cpu_s - first.cpu_s
    times = psutil.Process(burner.process.pid).cpu_times()
    assert last.cpu_s == pytest.approx(times.user + times.system, abs=0.2)
    assert amount(system, stream, "cpu_percent") / 100 == pytest.approx(computed, abs=0.15)
    assert system.interrupt()[0] == 130
    burner.end()


def test_counts_of_version_1_are_read_with_the_memory_beside_them(tmp_path):
    group = f"docker/{DOCKER}"
    write_tree(
        tmp_path,
        {
            "cpu,cpuacct/cpuacct.usage": 9,
            f"cpu,cpuacct/{group}/cpuacct.usage": 2_500_000_000,
            f"memory/{group}/memory.usage_in_bytes": 10 * MIB,
            f"memory/{group}/memory.stat": f"cache 5\ntotal_inactive_file {4 * MIB}",
        },
    )
    cgroups = cgroups_at(tmp_path)
    ((name, folder),) = walk(cgroups.root)
    assert name == ("container", DOCKER, True)
    assert cgroups.usage(folder) == (2.5, 6 * MIB)
    assert cgroups.usage(folder / "gone") is None


def test_no_tree_is_walked_without_end(tmp_path, monkeypatch):
    deep = tmp_path / "/".join(["a"] * 30) / "lxc.payload.deep"
    deep.mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(walk(tmp_path)) == []
    for number in range(40):
        (tmp_path / f"lxc.payload.{number:02}").mkdir()
    monkeypatch.setattr("streamson.producers.host.containers.MAX_CGROUPS", 20)
    assert 0 < len(list(walk(tmp_path))) <= 20


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        (f"docker/{DOCKER}", "container", DOCKER),
        (f"system.slice/docker-{DOCKER}.scope", "container", DOCKER),
        (f"machine.slice/libpod-{DOCKER}.scope", "container", DOCKER),
        (f"kubepods/burstable/pod12-34/{POD}", "container", POD),
        (f"kubepods.slice/kubepods-pod1.slice/crio-{POD}.scope", "container", POD),
        (f"user.slice/user-1.slice/user@1.service/user.slice/libpod-{POD}.scope", "container", POD),
        (r"machine.slice/machine-qemu\x2d1\x2dvm.scope", "container", "qemu-1-vm"),
        ("machine.slice/systemd-nspawn@deb.service", "container", "deb"),
        ("lxc/web", "container", "web"),
        ("lxc.payload.web", "container", "web"),
        ("system.slice/nginx.service", "service", "nginx"),
        ("user.slice", "slice", "user"),
        ("user.slice/user-1000.slice", "slice", "user/1000"),
    ],
)
def test_paths_are_told_apart(path, kind, name):
    found = name_of(path.split("/"))
    assert found is not None
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    "path",
    [
        f"machine.slice/libpod-conmon-{DOCKER}.scope",
        "kubepods.slice/kubepods-besteffort.slice",
        "user.slice/user-1000.slice/session-2.scope",
        "user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service",
        "init.scope",
        "docker/abcd",
    ],
)
def test_what_is_neither_container_nor_service_has_no_name(path):
    assert name_of(path.split("/")) is None


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_any_path_is_looked_at_without_an_error(parts):
    found = name_of(parts)
    assert found is None or isinstance(found.name, str)


@given(st.text())
def test_any_text_is_read_as_counts_without_an_error(text):
    for count in (parse_count(text), parse_flat(text, "usage_usec"), parse_flat(text, text)):
        assert count is None or 0 <= count < 1e20


@given(st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), st.integers(0, 2**64 - 1)))
def test_what_the_kernel_counts_is_read(numbers):
    lines = "".join(f"{key} {value}\n" for key, value in numbers.items())
    assert {key: parse_flat(lines, key) for key in numbers} == numbers
    assert parse_flat(lines, "another key") is None


def test_a_container_has_the_name_that_who_runs_it_gave_it(tmp_path, monkeypatch):
    user = tmp_path / "home"
    monkeypatch.setenv("HOME", str(user))
    podman = "var/lib/containers/storage/overlay-containers/containers.json"
    ids = {name: name[0] * 64 for name in ("docker", "cluster", "podman", "fedora", "bad", "0none")}
    names = ContainerNames(tmp_path)
    assert names.name(ids["docker"]) == "d" * 12
    write_tree(
        tmp_path,
        {
            f"var/lib/docker/containers/{ids['docker']}/config.v2.json": json.dumps(
                {"Name": "/web"}
            ),
            f"var/lib/docker/containers/{ids['bad']}/config.v2.json": '{"Name": "/\\u001b[31m"}',
            podman: json.dumps([5, {"id": ids["podman"], "names": ["db"]}, {"id": "x"}]),
            f"var/log/containers/api-0_shop_main-{ids['cluster']}.log": "",
        },
    )
    write_tree(
        user,
        {
            ".local/share/containers/storage/overlay-containers/containers.json": json.dumps(
                [{"id": ids["fedora"], "names": ["toolbox"]}]
            )
        },
    )
    found = {name: names.name(identifier) for name, identifier in ids.items()}
    assert found == {
        "docker": "web",  # once it is said
        "cluster": "shop/api-0/main",
        "podman": "db",
        "fedora": "toolbox",
        "bad": "b" * 12,
        "0none": "0" * 12,
    }


@given(st.binary())
def test_a_broken_file_of_names_names_nothing(tmp_path_factory, content):
    root = tmp_path_factory.mktemp("root")
    file = root / "var/lib/docker/containers" / DOCKER / "config.v2.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert ContainerNames(root).name(DOCKER) == DOCKER[:12]
