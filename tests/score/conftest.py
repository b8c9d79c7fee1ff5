"""The article's 300 points and notes."""

import csv
from pathlib import Path

import pytest

from streamson.model.point import DataPoint

TABLE = Path(__file__).parents[1] / "data" / "article_eta_300.csv"


@pytest.fixture(scope="session")
def article():
    """Rows of the article's table, as numbers by column."""
    with TABLE.open(newline="") as file:
        return [{key: float(x) for key, x in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def eta_points(article):
    """The same as data points."""
    return [
        DataPoint("eta", {name: row[name] for name in ("re", "im", "modulus")}, row["t"])
        for row in article
    ]
