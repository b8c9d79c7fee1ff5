"""What exporters show, as it is read: choosing, rates, quantiles, names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.base.unusable import Unusable
from streamson.producers.pull.chosen_metrics import is_heard
from streamson.producers.pull.exposition import MAX_SAMPLES, OPENMETRICS, blocks, read_exposition
from streamson.producers.pull.histogram import bucket_quantile
from streamson.producers.pull.metric_reader import MetricReader
from streamson.producers.pull.series_names import PER_CORE, SeriesNames

TEXT = "text/plain"
DEFAULT = "{metric}/{labels}"


def read(text, media_type=TEXT, patterns=("*",)):
    unusable = Unusable("metric")
    found = read_exposition(text, media_type, lambda name: is_heard(name, patterns), unusable)
    return found, unusable.count


class Scraper:
    """Reads one text after the other, a second apart."""

    def __init__(self, template=DEFAULT, *, only_moved=False):
        names = SeriesNames(StreamTemplate(template), PER_CORE)
        self._reader = MetricReader(
            names, {"host": "h"}, by_metric=not names.has_metric, only_moved=only_moved
        )
        self._now_s = 0.0

    def read(self, text, media_type=TEXT, patterns=("*",)):
        self._now_s += 1
        found, _ = read(text, media_type, patterns)
        samples = self._reader.read(found.metrics, self._now_s).samples()
        return {
            stream: (
                dict(sample.fields)
                if sample.time is None
                else (*sample.fields.values(), sample.time)
            )
            for stream, sample in samples
        }


@pytest.mark.parametrize("newest", [generate_latest, generate_openmetrics])
def test_what_the_client_library_shows_is_read(newest):
    registry = CollectorRegistry()
    requests = Counter("requests", "Requests.", ["code"], registry=registry)
    room = Gauge("room", 'Ä \\ " text\nof lines', ["name"], registry=registry)
    took = Histogram("took", "Time.", ["path"], buckets=(1, 2, 4), registry=registry)
    size = Summary("size", "Size.", registry=registry)
    media_type = OPENMETRICS if newest is generate_openmetrics else TEXT

    def act(times):
        requests.labels("200").inc(10 * times)
        requests.labels("500").inc(times)
        room.labels('a"b\\c\n/d').set(21.5)
        for seconds in (0.5, 1.5, 1.5, 3):
            took.labels("/x").observe(seconds)
        size.observe(4)
        size.observe(8)

    scraper = Scraper()
    act(1)
    text = newest(registry).decode()
    assert scraper.read(text, media_type, ()) == {"room": {"value": 21.5}}
    act(2)
    found = scraper.read(newest(registry).decode(), media_type, ())
    assert found["took"].pop("p95") == pytest.approx(3.6)
    assert found == {
        "requests/200": {"per_second": 20},
        "requests/500": {"per_second": 2},
        "room": {"value": 21.5},
        "took": {"p50": 1.5, "per_second": 4, "p99": 3.92, "mean": 6.5 / 4},
        "size": {"mean": 6, "per_second": 2},
    }


def test_a_counter_that_began_anew_and_a_histogram_at_rest_keep_their_fields():
    def text(count):
        lines = ["# TYPE c counter", f"c_total {count}", "# TYPE h histogram"]
        for bound, number in (("0.1", count), ("1", count), ("+Inf", count)):
            lines.append(f'h_bucket{{le="{bound}"}} {number}')
        return "\n".join([*lines, f"h_count {count}", f"h_sum {count * 0.05}"])

    scraper = Scraper()
    scraper.read(text(10))
    second = scraper.read(text(14))
    assert second["c"] == {"per_second": 4}
    assert second["h"] == pytest.approx(
        {"p50": 0.05, "per_second": 4, "p95": 0.095, "p99": 0.099, "mean": 0.05}
    )
    assert scraper.read(text(3))["c"] == {"per_second": 3}
    at_rest = scraper.read(text(3))["h"]
    assert list(at_rest) == list(second["h"])
    assert at_rest["per_second"] == 0
    assert all(math.isnan(at_rest[field]) for field in ("p50", "p95", "p99", "mean"))


def test_what_counts_is_heard_once_it_moves_and_then_always():
    def text(count):
        return (
            f"# TYPE c counter\nc_total {count}\n# TYPE g gauge\ng 0\n# TYPE s summary\n"
            f's{{quantile="0.5"}} 3\ns_count {count}\ns_sum {count}\n'
        )

    scraper = Scraper(only_moved=True)
    for _ in range(3):
        assert scraper.read(text(5)) == {"g": {"value": 0}}
    assert scraper.read(text(7))["c"] == {"per_second": 2}
    at_rest = scraper.read(text(7))
    assert at_rest["c"] == {"per_second": 0}
    assert at_rest["s"]["p50"] == 3


def test_summaries_have_the_quantiles_that_they_tell():
    def text(count, median):
        return (
            "# TYPE s summary\n"
            f's{{quantile="0.5"}} {median}\ns{{quantile="0.999"}} 9\n'
            f"s_sum {count * 2}\ns_count {count}\n"
        )

    scraper = Scraper()
    assert scraper.read(text(0, "NaN"))["s"]["p99.9"] == 9
    assert scraper.read(text(5, 1.5)) == {"s": {"p50": 1.5, "per_second": 5, "p99.9": 9, "mean": 2}}


def test_without_types_suffixes_tell():
    def text(n):
        return (
            f'a_total {n}\nb_count {n}\nb_sum {2 * n}\ntemperature{{room="a"}} 20\n'
            f'temperature{{room="b"}} 21\nd_bucket{{le="1"}} {n}\nd_bucket{{le="+Inf"}} {n}\n'
        )

    scraper = Scraper()
    scraper.read(text(0))
    found = scraper.read(text(4))
    assert math.isnan(found["d"].pop("mean"))
    assert found == {
        "a": {"per_second": 4},
        "b_count": {"per_second": 4},
        "b_sum": {"per_second": 8},
        "temperature/a": {"value": 20},
        "temperature/b": {"value": 21},
        "d": {
            "p50": 0.5,
            "per_second": 4,
            "p95": 0.95,
            "p99": 0.99,
        },
    }


def test_times_that_are_told_are_the_points_times():
    scraper = Scraper()
    one = "# TYPE g gauge\ng 1.5 1700000000500\n# TYPE c counter\nc_total 10 1700000000000\n"
    assert scraper.read(one) == {"g": (1.5, 1_700_000_000.5)}
    two = one.replace("10 1700000000000", "30 1700000010000")
    assert scraper.read(two)["c"] == (2, 1_700_000_010)


def test_cores_are_added_up_and_other_labels_tell_apart():
    def text(n):
        lines = ["# TYPE node_cpu_seconds_total counter"]
        for cpu in (0, 1):
            for mode, rate in (("idle", 0.5), ("user", 0.25)):
                labels = f'cpu="{cpu}",mode="{mode}",instance="a:1",job="node",rack="7"'
                lines.append(f"node_cpu_seconds_total{{{labels}}} {n * rate}")
        return "\n".join(lines)

    scraper = Scraper()
    scraper.read(text(0))
    assert scraper.read(text(1)) == {
        "node_cpu_seconds/idle": {"per_second": 1},
        "node_cpu_seconds/user": {"per_second": 0.5},
    }
    each = Scraper("{host}/{cpu}/{mode}")
    each.read(text(0))
    assert each.read(text(1))["h/1/user"] == {"node_cpu_seconds": 0.25}


def names(series, metric="m", template=DEFAULT, together=()):
    return SeriesNames(StreamTemplate(template), together).name(metric, series, {})


def test_only_what_differs_is_in_names():
    assert names([{"a": "1", "b": "x"}]) == ["m"]
    assert names([{"a": "1", "b": "x"}, {"a": "1", "b": "y"}]) == ["m/x", "m/y"]
    assert names([{"a": "1"}, {}]) == ["m/1", "m"]
    # The target is in names only where it alone tells apart.
    up = [{"instance": "a:1", "job": "x"}, {"instance": "b:1", "job": "x"}]
    assert names(up) == ["m/a:1", "m/b:1"]
    assert names([{**one, "z": str(n)} for n, one in enumerate(up)]) == ["m/0", "m/1"]


def test_what_once_told_apart_stays_in_names():
    named = SeriesNames(StreamTemplate(DEFAULT), ())
    one, two = {"code": "200"}, {"code": "500"}
    assert named.name("m", [one], {}) == ["m"]
    assert named.name("m", [one, two], {}) == ["m/200", "m/500"]
    assert named.name("m", [one], {}) == ["m/200"]


LABELS = ("instance", "job", "x", "y", "cpu")
WORDS = st.text("ab1", min_size=1, max_size=2)
SERIES = st.lists(
    st.dictionaries(st.sampled_from(LABELS), WORDS),
    unique_by=lambda labels: frozenset(labels.items()),
    max_size=8,
)


@given(st.lists(SERIES, max_size=4))
def test_series_with_other_labels_have_other_names(scrapes):
    """But for labels that some series lack: what is not there is left out of a name."""
    named = SeriesNames(StreamTemplate(DEFAULT), ())
    for series in scrapes:
        whole = [
            {**dict.fromkeys(("instance", "job", "x", "y", "cpu"), "-"), **one} for one in series
        ]
        whole = [dict(one) for one in {tuple(sorted(labels.items())) for labels in whole}]
        found = named.name("m", whole, {})
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("name", "patterns", "expected"),
    [
        ("node_cpu_seconds_total", (), True),
        ("node_cpu_guest_seconds_total", (), False),
        ("node_boot_time_seconds", (), False),
        ("go_goroutines", (), False),
        ("app_build_info", (), False),
        ("app_created", (), False),
        ("http_requests_total", (), True),
        ("go_goroutines", ("go_*",), True),
        ("http_requests_total", ("node_*", "http"), False),
    ],
)
def test_without_patterns_what_a_person_wants_to_hear_is_heard(name, patterns, expected):
    assert is_heard(name, patterns) is expected


def test_counters_are_chosen_by_their_whole_name_in_both_formats():
    for media_type, name in ((TEXT, "a_total"), (OPENMETRICS, "a")):
        text = f"# HELP {name} A.\n# TYPE {name} counter\na_total 1\n# TYPE b gauge\nb 1\n"
        found, _ = read(text, media_type, ("*_total",))
        assert ([metric.name for metric in found.metrics], found.left_out) == (["a"], 1)


def test_a_metric_that_can_not_be_read_costs_itself_only():
    text = "# TYPE a gauge\na 1\n# TYPE b gauge\nb{x=} \x1b[31m\n# TYPE c gauge\nc 3\n\x00\xff {\n"
    found, unusable = read(text)
    assert [metric.name for metric in found.metrics] == ["a", "c"]
    assert unusable == 2


def test_what_is_not_wanted_or_too_much_is_counted():
    text = "".join(f'# TYPE m{n} gauge\nm{n}{{a="1"}} 1\nm{n}{{a="2"}} 1\n' for n in range(11_000))
    found, _ = read(text, patterns=("m*",))
    assert len(found.metrics) * 2 == MAX_SAMPLES
    assert (found.left_out, found.beyond) == (0, 2_000)
    found, _ = read(text, patterns=("m1",))
    assert (len(found.metrics), found.left_out) == (1, 21_998)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "9" * 400, "1e999", "1_0", "9" * 5_000])
def test_what_is_no_number_is_left_out(value):
    text = f"a {value}\nb_total {value}\nc 1 {value}\nd{{le='{value}'}} 1\ng 2\n"
    scraper = Scraper()
    scraper.read(text)
    found = scraper.read(text)
    assert found.pop("g") == {"value": 2}
    for fields in found.values():
        assert fields == {"value": 1}  # of c, whose time is none
    quantiles = f'# TYPE h histogram\nh_bucket{{le="{value}"}} 1\nh_bucket{{le="x"}} 2\nh_count 1\n'
    scraper.read(quantiles)
    scraper.read(quantiles)


@given(st.text())
def test_any_text_is_survived(text):
    for media_type in (TEXT, OPENMETRICS):
        found, _ = read(text, media_type)
        Scraper().read(text, media_type)
        assert found.left_out == 0


@given(
    st.lists(st.sampled_from(["# TYPE a gauge", "# HELP a b", "a 1", "a_total 2", "b{", "", "#"]))
)
def test_blocks_lose_no_line_that_matters(lines):
    told = [line for line in lines if line and line != "#"]
    assert [line for block in blocks("\n".join(lines)) for line in block.lines] == told


COUNTS = st.lists(st.integers(0, 50), min_size=1, max_size=6)


@given(COUNTS, st.integers(0, 50), st.floats(0.01, 1.0))
def test_a_quantile_is_between_the_bounds_that_hold_it(counts, beyond, quantile):
    bounds = [0.5 * 2**n for n in range(len(counts))]
    total, buckets = 0, {}
    for bound, count in zip(bounds, counts, strict=True):
        total += count
        buckets[bound] = float(total)
    buckets[math.inf] = float(total + beyond)
    found = bucket_quantile(buckets, quantile)
    if total + beyond == 0:
        assert found is None
        return
    assert found is not None
    above = [bound for bound in bounds if buckets[bound] >= quantile * (total + beyond)]
    if not above:
        assert found == bounds[-1]
        return
    at = bounds.index(above[0])
    assert (bounds[at - 1] if at else 0.0) <= found <= bounds[at]
    further = bucket_quantile(buckets, min(1.0, quantile + 0.05))
    assert further is not None
    assert further >= found


@pytest.mark.parametrize("buckets", [{}, {math.inf: 3.0}, {1.0: 3.0}, {1.0: 0.0, math.inf: 0.0}])
def test_no_quantile_without_buckets(buckets):
    assert bucket_quantile(buckets, 0.5) is None
