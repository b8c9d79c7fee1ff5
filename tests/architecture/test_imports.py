"""The rules of the house, read from the syntax trees: who may import whom, and who loads what."""

import ast
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = "base"
"""What every room may use: errors, and the modules at the top that begin with an underscore."""

ROOMS = {
    BASE: {"model"},
    "model": {"music"},
    "music": set(),
    "formats": {"model", "music"},
    "keys": {"formats", "model"},
    "wire": {"keys", "model", "music"},
    "rescaling": {"model"},
    "surprise": {"model"},
    "psychoacoustics": {"model", "music"},
    "session": {"rescaling", "music", "model", "formats"},
    "score": {"session", "surprise", "rescaling", "music", "model"},
    "synth": {"synth.kernel", "model", "music"},
    "synth.kernel": {"model"},  # of which the kernel may have less: see below
    "decode": {"synth", "synth.kernel", "session", "rescaling", "formats", "music", "model"},
    "output": {"synth", "synth.kernel", "model"},
    "recording": {"output", "session", "formats", "model", "music"},
    "offline": {
        *("recording", "synth", "synth.kernel", "score", "session", "surprise", "rescaling"),
        *("psychoacoustics", "formats", "music", "model"),
    },
    "export": {"decode", "offline", "score", "session", "formats", "music", "model"},
    "corpus": {"export", "offline", "session", "formats", "music", "model"},
    "listener": {
        *("recording", "output", "synth", "synth.kernel", "score", "session", "rescaling"),
        *("surprise", "psychoacoustics", "wire", "formats", "music", "model"),
    },
    "live": {"wire", "model", "music"},
    "study": {
        *("live", "offline", "score", "session", "surprise", "rescaling", "formats", "music"),
        "model",
    },
    "producers": {"recording", "wire", "formats", "model"},
    "cli": {
        *(
            "producers",
            "live",
            "study",
            "listener",
            "corpus",
            "decode",
            "export",
            "offline",
            "recording",
            "output",
            "synth",
        ),
        *(
            "synth.kernel",
            "score",
            "session",
            "surprise",
            "rescaling",
            "keys",
            "wire",
            "formats",
            "music",
            "model",
        ),
    },
    "public": {"listener", "decode", "export", "session", "wire", "cli"},
}
"""Each room, and those whose modules its own may import."""

WIRE_ROOMS = {
    "sockets": set(),
    "points": {"sockets"},
    "feed": {"sockets"},
    "control": {"sockets"},
    "relay": {"points", "sockets"},
}
"""The rooms within `wire`, in the same way; what stands beside them is for all."""

SCORE_ROOMS = {
    "parts": set(),
    "alerts": {"parts"},
    "attention": {"alerts", "parts"},
}
"""The rooms within `score`; the score itself, which stands beside them, knows all three."""

KERNEL_MAY_IMPORT = {
    *("streamson._jit", "streamson.model.limits", "streamson.synth.kernel"),
    *("numba", "numpy", "llvmlite"),
    *("functools", "math", "sys", "time", "typing"),
}
"""The machine code: itself, its compiler, numbers, and the constants that it shares."""

HEAVY = {
    *("numpy", "scipy", "numba", "llvmlite", "zmq", "msgspec", "rich", "mpmath", "flint"),
    *("sounddevice", "soundfile", "clevercsv", "ijson", "matplotlib", "av", "PIL", "pyarrow"),
    *("anywidget", "narwhals"),
}
"""What `streamson --help` has no time for."""


def sources():
    """Return the package's modules by name, with the path of each."""
    found = {}
    for path in sorted([*(ROOT / "streamson").rglob("*.py"), *(ROOT / "producers").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if name.startswith("producers"):
            name = f"streamson.{name}"
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = sources()
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}


def nodes(tree):
    """Yield a module's nodes, but for what only runs where the module is the program."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def imported(name):
    """Return the names of all modules that a module imports, wherever it does."""
    found = set()
    for node in nodes(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: imports are absolute"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {found for found in whole if found in MODULES} or {node.module}
    return found


def room(name):
    """Return the room of a module of the package."""
    parts = name.split(".")[1:]
    if not parts or parts == ["__main__"]:
        return "public"
    if name.startswith("streamson.synth.kernel"):
        return "synth.kernel"
    return BASE if len(parts) == 1 and parts[0] not in ROOMS else parts[0]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_along_the_datas_path_only(name):
    here = room(name)
    assert here in ROOMS, f"{name} is in no room"
    for other in imported(name) & MODULES.keys():
        there = room(other)
        allowed = there in {here, BASE, *ROOMS[here]}
        assert allowed, f"{name} imports {other}: {here} may not import {there}"


def inner_room(outer, rooms, name):
    """Return the room within another of a module; None where it is in none."""
    return next((r for r in rooms if name.startswith(f"streamson.{outer}.{r}.")), None)


@pytest.mark.parametrize(("outer", "rooms"), [("wire", WIRE_ROOMS), ("score", SCORE_ROOMS)])
def test_rooms_within_a_room_know_those_beside_them_as_far_as_they_may(outer, rooms):
    for name in MODULES:
        here = inner_room(outer, rooms, name)
        for other in imported(name) if here else ():
            allowed = inner_room(outer, rooms, other) in {None, here, *rooms[here]}
            assert allowed, f"{name} imports {other}"


def circle(graph):
    """Return the names of a circle in a graph; none if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_modules_import_each_other_in_a_circle():
    assert circle({name: imported(name) & MODULES.keys() for name in MODULES}) == []


def test_no_rooms_import_each_other_in_a_circle():
    assert circle(ROOMS) == []


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "synth.kernel"])
def test_the_kernel_imports_nothing_of_python_around_it(name):
    for other in imported(name):
        allowed = any(other == one or other.startswith(f"{one}.") for one in KERNEL_MAY_IMPORT)
        assert allowed, f"{name} imports {other}"


def test_only_one_module_names_the_cache_of_compiled_code():
    for name, tree in TREES.items():
        if name == "streamson._jit":
            continue
        for node in ast.walk(tree):
            asked = isinstance(node, ast.keyword) and node.arg == "cache"
            told = isinstance(node, ast.Constant) and "NUMBA_CACHE" in str(node.value)
            assert not asked, f"{name}: use _jit.cached"
            assert not told, name


def test_packages_hold_their_docstring_alone():
    """Each name is imported from the file that defines it: there is no second way."""
    for name, path in MODULES.items():
        if path.name == "__init__.py" and name not in {"streamson", "streamson.cli"}:
            (only,) = TREES[name].body
            assert isinstance(only, ast.Expr), name


def test_each_package_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = project["tool"]["setuptools"]["packages"]
    packages = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert sorted(installed) == sorted(packages)


def test_help_loads_nothing_heavy():
    program = (
        "import sys\n"
        "from streamson.cli import cli\n"
        "try:\n"
        "    cli.main(['--help'], standalone_mode=False)\n"
        "finally:\n"
        "    print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "click" in loaded
    assert not HEAVY & set(loaded)


def test_every_test_folder_has_a_room():
    rooms = {path.name for path in (ROOT / "streamson").iterdir() if path.is_dir()}
    rooms |= {"producers", "architecture", "data"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert not {name for name in folders if not name.startswith("__")} - rooms


def test_a_sound_file_waits_for_nothing_that_draws(tmp_path):
    program = (
        "import sys\n"
        "from streamson.cli import cli\n"
        "cli.main(['render', sys.argv[1], '-o', sys.argv[2]], standalone_mode=False)\n"
        "print(*sorted(sys.modules))\n"
    )
    table = ROOT / "tests" / "data" / "article_eta_300.csv"
    command = [sys.executable, "-c", program, table, tmp_path / "x.wav"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "numba" in loaded
    assert not {"scipy.signal", "matplotlib", "av", "PIL", "zmq", "mpmath"} & loaded
