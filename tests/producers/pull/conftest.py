"""A web server for producers that ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.producers.pull.serving import Nginx, nginx


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Nginx]:
    with nginx(tmp_path / "nginx") as served:
        yield served
