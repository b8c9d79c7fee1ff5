"""Write the recipe of which conda-forge makes a package, as rattler-build reads it.

python scripts/site/conda.py dist/streamson-0.1.0.tar.gz >recipe.yaml
"""

import hashlib
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from streamson._version import __version__

ROOT = Path(__file__).parents[2]
NAMES = {"sounddevice": "python-sounddevice", "soundfile": "pysoundfile"}
"""What is called differently there; its python-sounddevice brings PortAudio."""

RECIPE = """\
schema_version: 1

package:
  name: streamson
  version: "{version}"

source:
  url: https://pypi.org/packages/source/s/streamson/streamson-{version}.tar.gz
  sha256: {sha256}

build:
  number: 0
  noarch: python
  script: python -m pip install . --no-deps --no-build-isolation -vv
  python:
    entry_points:
      - streamson = {entry_point}

requirements:
  host:
    - python {python}
    - pip
    - {backend}
  run:
    - python {python}
{run}

tests:
  - python:
      imports:
        - streamson
      pip_check: true
  - script:
      - streamson doctor --help
      - streamson produce eta --help

about:
  summary: {summary}
  license: {licence}
  license_file: LICENSE
"""


def recipe(source: Path) -> str:
    """Return the recipe of a source distribution."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = document["project"]
    return RECIPE.format(
        version=__version__,
        sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
        entry_point=project["scripts"]["streamson"],
        python=project["requires-python"],
        backend=matched(document["build-system"]["requires"][0]),
        run="\n".join(f"    - {matched(one)}" for one in project["dependencies"]),
        summary=f'"{project["description"]}"',
        licence=project["license"],
    )


def matched(requirement: str) -> str:
    """Return a requirement of pip as one of conda.

    >>> matched("soundfile>=0.13")
    'pysoundfile >=0.13'
    """
    wanted = Requirement(requirement)
    return f"{NAMES.get(wanted.name, wanted.name)} {wanted.specifier}".rstrip()


if __name__ == "__main__":
    sys.stdout.write(recipe(Path(sys.argv[1])))
