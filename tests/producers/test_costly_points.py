"""Points that cost too much: bounded in time and memory, and nothing hangs on them."""

import contextlib
import math
import signal
import time
from pathlib import Path

import psutil
import pytest

from streamson.producers.formula import computing
from streamson.producers.formula.computing import Computation, Formula, TooCostlyError
from streamson.producers.formula.expression import parse
from tests.conftest import until
from tests.producers.impatient import impatient

LINE = ("--count", "3", "--rate", "100")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("function", "nzeros(10**15)"), "needs more than 512 MB"),
        (("function", "zeta(0.5+i*10**18)"), "needs more than 512 MB"),
        (("zeta", "--start", "1e18", "--backend", "mpmath"), "needs more than 512 MB"),
    ],
)
def test_a_line_that_begins_with_such_a_point_ends_with_a_message(produce, words, reason):
    producer = produce(*words, *LINE)
    me = psutil.Process(producer.process.pid)
    most = 0

    def ended():
        nonlocal most
        list(producer.receiver.receive(0.01))
        with contextlib.suppress(psutil.Error):
            for process in me.children():
                most = max(most, process.memory_info().rss)
        return producer.process.poll() is not None

    until(ended, "its end", 60)
    code, err = producer.finish()
    assert code == 1
    assert f"the value {reason}; a point may take 10 s of computing and 512 MB" in err
    assert "--start, --step" in err
    assert len(err.strip().splitlines()) == 2  # what was sent, and why it ends
    assert 0 < most < 700_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("function", "spherharm(10**5,3,1,1)"), ("eta", "--start", "1e30")], ids=" ".join
)
def test_a_point_that_takes_for_ever_is_given_up(produce, words):
    code, err = produce(*words, *LINE).finish()
    assert code == 1
    assert "takes more than 10 s of computing" in err


@pytest.mark.parametrize("words", [("function", "spherharm(10**5,3,1,1)"), ("eta",)], ids=" ".join)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_the_midst_of_a_point(produce, words, how):
    producer = produce(*words, "--start", "1e30")
    children = busy_children(producer)
    began = time.monotonic()
    code, err = producer.interrupt(how)
    assert time.monotonic() - began < 3  # one second, on a busy machine
    assert code == 128 + how
    assert "0 points sent" in err
    assert not any(child.is_running() for child in children)


def test_what_computes_ends_with_a_producer_that_is_killed(produce):
    producer = produce("function", "spherharm(10**5,3,1,1)")
    children = busy_children(producer)
    producer.process.kill()
    until(lambda: not any(c.is_running() for c in children), "its end", 3)


def busy_children(producer):
    """Serve a producer until the process that computes for it is at work."""

    def children():
        list(producer.receiver.receive(0.01))
        found = psutil.Process(producer.process.pid).children()
        return [child for child in found if child.cpu_times().user > 0.5]

    until(children, "a process at work")
    return children()


@pytest.fixture
def tests_are_found(monkeypatch):
    """The process that computes looks for its function among what is installed, and there."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("tests_are_found")
@pytest.mark.parametrize("reason", ["time", "memory"])
def test_a_point_amid_others_is_missing_and_all_others_are_there(reason, caplog):
    points = [float(t) for t in range(-3, 1_000)]
    with Computation(Formula(impatient, ((500.0, 501.0, 900.0), reason))) as computation:
        found = list(computation.values(points))
    assert [t for t, _ in found] == points
    for t, value in found:
        assert value == (None if t < 0 or t in (500, 501, 900) else complex(t, -t))
    first, last = caplog.messages  # once a minute, and at the end
    assert first.startswith("t = 500: the value ")
    assert first.endswith("it is left out")
    assert last.startswith("t = 900: the value ")
    assert last.endswith("it is left out (1 more like it left out)")


@pytest.mark.usefixtures("tests_are_found")
def test_several_in_a_row_end_it():
    with Computation(Formula(impatient, ((500.0, 501.0, 502.0), "memory"))) as computation:
        found = computation.values(float(t) for t in range(1_000))
        assert [next(found)[1] for _ in range(502)][499:] == [499 - 499j, None, None]
        with pytest.raises(TooCostlyError, match="t = 502: the value needs more than 512 MB"):
            next(found)
    assert computing.MAX_FAILURES == 3


def test_a_cheap_formula_stays_cheap():
    count = 3_000
    points = [k / 16 for k in range(count)]
    function = parse("exp(i*t)/(1+t**2)")
    began = time.process_time()
    expected = [function(t) for t in points]
    alone_s = time.process_time() - began
    with Computation(Formula(parse, ("exp(i*t)/(1+t**2)",))) as computation:
        values = computation.values(points)
        next(values)
        began = time.monotonic()
        found = [value for _, value in values]
        elapsed_s = time.monotonic() - began
    assert found == expected[1:]
    # Twice the time where the machine is free; 10,000 points a second are the most one may ask for.
    assert elapsed_s < max(10 * alone_s, 1.5)


@pytest.mark.parametrize("start", ["1e308/1e-9", "1e400"])
def test_a_start_that_no_number_holds_is_refused(produce, start):
    code, err = produce("eta", "--start", start).finish()
    assert code == 2
    assert "a number such as 0.5 or 20/300 is allowed" in err


def test_a_line_ends_where_numbers_do(produce):
    producer = produce("function", "1", "--start", "1e308", "--step", "5e307", "--rate", "100")
    assert producer.finish()[0] == 0
    assert [point.fields["t"] for point in producer.points] == [1e308, 1.5e308]
    assert all(math.isfinite(point.fields["re"]) for point in producer.points)
