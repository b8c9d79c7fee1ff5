"""The eta, zeta and function producers: right values, exact steps, and nothing lost."""

import csv
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import mpmath
import pytest

from streamson.producers.formula.dirichlet import dirichlet_function
from streamson.wire.points.receiver import Receiver
from tests.conftest import DATA, until

PRODUCERS = Path(__file__).parents[2] / "producers"


@pytest.fixture(scope="module")
def reference():
    with (DATA / "article_eta_300.csv").open(newline="") as file:
        return [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]


def test_the_articles_values_arrive(produce, reference):
    producer = produce("eta", "--count", "300", "--rate", "3000")
    code, err = producer.finish()
    assert (code, err) == (0, "eta: 300 points sent, 0 dropped\n")
    assert len(producer.points) == 300
    for point, row in zip(producer.points, reference, strict=True):
        assert list(point.fields) == ["re", "im", "modulus", "t"]
        assert point.stream == "eta"
        assert point.fields["t"] == row["t"]
        for name in ("re", "im", "modulus"):
            assert abs(point.fields[name] - row[name]) <= 1e-12 * row["modulus"] + 1e-13


@pytest.mark.parametrize("name", ["eta", "zeta"])
@pytest.mark.parametrize(("sigma", "t"), [(0.5, 400_000.0), (2.0, 3.0), (-1.5, 20.0), (0.5, 0.0)])
def test_flint_and_mpmath_agree(name, sigma, t):
    fast = dirichlet_function(name, sigma, "flint")(t)
    slow = dirichlet_function(name, sigma, "mpmath")(t)
    assert abs(fast - slow) <= 1e-12 * abs(fast)


def test_a_pole_is_a_missing_value(produce):
    assert dirichlet_function("zeta", 1.0, "mpmath")(0.0) is None
    line = ("--start", "0", "--step", "1", "--count", "2", "--rate", "100")
    producer = produce("zeta", "--sigma", "1", *line)
    assert producer.finish()[0] == 0
    assert math.isnan(producer.points[0].fields["re"])
    assert producer.points[1].fields["modulus"] > 0


def test_a_zero_of_the_function_is_found():
    t = float(mpmath.zetazero(1).imag)
    assert abs(dirichlet_function("zeta", 0.5, "flint")(t)) < 1e-14


def test_a_formula(produce):
    line = ("--start", "0", "--step", "1/8", "--end", "1", "--rate", "1000")
    producer = produce("function", "exp(i*t)/(1+t**2)", "--stream", "f", *line)
    assert producer.finish()[0] == 0
    assert [point.fields["t"] for point in producer.points] == [k / 8 for k in range(8)]
    for point in producer.points:
        t = point.fields["t"]
        assert point.fields["modulus"] == pytest.approx(1 / (1 + t**2), rel=1e-14)
        assert point.fields["im"] == pytest.approx(math.sin(t) / (1 + t**2), abs=1e-15)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_summary(produce, how, code):
    producer = produce("eta", "--rate", "100")
    producer.await_points(10)
    ended, err = producer.interrupt(how)
    assert ended == code
    assert err.strip().startswith("eta: ")
    assert err.strip().endswith("points sent, 0 dropped")


def test_ctrl_c_ends_it_while_it_waits(tmp_path):
    with Receiver("tcp://127.0.0.1:*") as receiver:
        endpoint = receiver.endpoint
    process = subprocess.Popen(
        [sys.executable, "-m", "streamson", "produce", "eta", "--endpoint", endpoint],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == f"eta: waiting for a listener on {endpoint}\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert "eta: 0 points sent, 0 dropped" in err


def test_a_listener_that_goes_away_and_comes_back_misses_nothing(produce, receiver):
    producer = produce("eta", "--rate", "50")
    producer.await_points(10)
    receiver.close()
    assert producer.process.stderr is not None
    assert producer.process.stderr.readline() == "eta: the listener has gone; waiting for it\n"
    begun = min(point.time - point.sequence / 50 for point in producer.points)
    seen = len(producer.points)
    producer.receiver = Receiver(receiver.endpoint)
    # As it keeps its pace: where it was held up, several points go at once. Until the place is the
    # new one's, the old one may still take a connection, and drop it.
    due = (time.time() - begun) * 50
    producer.await_points(seen + 20)
    numbers = [point.sequence for point in producer.points]
    producer.interrupt()
    producer.receiver.close()
    # What was under way to the listener that went away may be gone, but no more than that.
    missing = set(range(numbers[-1])) - set(numbers)
    assert max(missing, default=0) <= 2 + due
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    "start", [("-m", "streamson.producers.eta"), (str(PRODUCERS / "zeta.py"),)]
)
def test_a_producer_runs_as_a_module_and_as_a_file(start, receiver):
    words = ("--count", "1", "--endpoint", receiver.endpoint)
    process = subprocess.Popen([sys.executable, *start, *words])
    until(lambda: list(receiver.receive(0.01)), "the point")
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["eta", "--rate", "0"], 2, "0<x<=10000"),
        (["eta", "--rate", "nan"], 2, "rate"),
        (["eta", "--step", "0"], 2, "--step is 0"),
        (["eta", "--step", "1/0"], 2, "a number such as 0.5 or 20/300"),
        (["eta", "--start", "1e999999999"], 2, "a number such as"),
        (["eta", "--sigma", "nan"], 2, "--sigma"),
        (["eta", "--count", "0"], 2, "x>=1"),
        (["eta", "--backend", "abacus"], 2, "abacus"),
        (["etta"], 2, 'did you mean "eta"?; there are: eta, function'),
        (["function", "zeta(0.5 + 1j*tt)"], 2, "found 'tt'"),
    ],
)
def test_mistakes_are_explained(produce, words, code, message):
    ended, err = produce(*words).finish()
    assert message in err
    assert ended == code
