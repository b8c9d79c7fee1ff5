"""The names of containers, where the files of who runs them say them to who may read those."""

import json
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streamson.producers.host.cgroup_name import SHORT_CHARS

MAX_FILE_BYTES: Final = 4_000_000
MAX_NAMES: Final = 4_096
"""Containers whose name is remembered: looking it up costs more than all else."""

MAX_NAME_CHARS: Final = 150

DOCKER: Final = "var/lib/docker/containers"
PODMAN: Final = "var/lib/containers/storage/overlay-containers/containers.json"
PODMAN_OF_USER: Final = ".local/share/containers/storage/overlay-containers/containers.json"
KUBERNETES: Final = "var/log/containers"


class ContainerNames:
    """Looks up names, and remembers those that it found.

    Parameters
    ----------
    root
        The root of the file system.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._known: OrderedDict[str, str] = OrderedDict()

    def name(self, identifier: str) -> str:
        """Return a container's name; its short identifier as long as nothing says it.

        ``web`` for Docker and Podman, ``namespace/pod/container`` for Kubernetes.
        """
        if identifier not in self._known:
            names = (name[:MAX_NAME_CHARS] for name in self._names(identifier))
            found = next((name for name in names if name and name.isprintable()), None)
            if found is None:
                return identifier[:SHORT_CHARS]
            self._known[identifier] = found
            if len(self._known) > MAX_NAMES:
                self._known.popitem(last=False)
        return self._known[identifier]

    def _names(self, identifier: str) -> Iterator[str]:
        docker = _read(self._root / DOCKER / identifier / "config.v2.json")
        if isinstance(docker, dict):
            yield str(docker.get("Name", "")).strip("/")
        for containers in (_read(self._root / PODMAN), _read(Path.home() / PODMAN_OF_USER)):
            for one in containers if isinstance(containers, list) else []:
                if isinstance(one, dict) and one.get("id") == identifier:
                    yield _first(one.get("names"))
        yield from _kubernetes(self._root / KUBERNETES, identifier)


def _first(names: object) -> str:
    return str(names[0]) if isinstance(names, list) and names else ""


def _kubernetes(folder: Path, identifier: str) -> Iterator[str]:
    """Yield the name that a log has: ``POD_NAMESPACE_CONTAINER-IDENTIFIER.log``."""
    try:
        logs = os.listdir(folder)
    except OSError:
        return
    for log in logs:
        words = log.removesuffix(f"-{identifier}.log").split("_")
        if log.endswith(f"-{identifier}.log") and len(words) == 3:
            pod, namespace, container = words
            yield f"{namespace}/{pod}/{container}"


def _read(path: Path) -> object:
    """Return a document of JSON; None where there is none that one may read."""
    try:
        with path.open("rb") as file:
            return json.loads(file.read(MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
