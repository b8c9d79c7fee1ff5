"""OpenTelemetry's metrics: exported by its own SDK to the real command, and read by the rules."""

import json
import math
import random
import statistics
from contextlib import suppress
from itertools import pairwise

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from streamson.errors import MessageError
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.body import BodyRequest, PartlyRejectedError
from streamson.producers.push.histogram import (
    MAX_REMEMBERED_BUCKETS,
    ExplicitBuckets,
    ExponentialBuckets,
    HistogramChanges,
    quantile,
)
from streamson.producers.push.histogram import Histogram as Counted
from streamson.producers.push.otlp import STREAM, otlp_routes
from streamson.producers.push.otlp_metrics import OtlpMetrics
from streamson.producers.push.otlp_points import MAX_POINTS
from tests.producers.push.serving import Serving, lately, request

PROTOBUF = {"Content-Type": "application/x-protobuf"}
SECOND = 1_000_000_000


@pytest.fixture
def serving(produce):
    return Serving(produce, row="OpenTelemetry")


class Program:
    """A program that is measured by OpenTelemetry's SDK."""

    def __init__(self, url, *, views=(), **options):
        exporter = OTLPMetricExporter(f"{url}/v1/metrics", **options)
        # An hour: it exports when it is told to.
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        self.provider = MeterProvider(
            [reader], Resource({"service.name": "shop"}), views=views, shutdown_on_exit=False
        )
        self.meter = self.provider.get_meter("test")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.provider.shutdown()

    def export(self):
        assert self.provider.force_flush(10_000)


def test_what_the_sdk_exports_is_heard(serving):
    with Program(serving.url) as program:
        orders = program.meter.create_counter("orders")
        waiting = program.meter.create_up_down_counter("waiting")
        took = program.meter.create_histogram("took", explicit_bucket_boundaries_advisory=[1, 2, 4])
        program.meter.create_gauge("heat").set(71.5, {"room": "hall", "floor": 2})
        for _ in range(10):
            orders.add(3, {"kind": "book"})
            waiting.add(-1)
            took.record(1.5)
        program.export()
        first = dict(serving.points(4))
        assert first["shop/heat/2/hall"] == {"value": 71.5}
        assert first["shop/waiting"] == {"value": -10}
        # From when the program began to count, which is a moment ago.
        assert first["shop/orders/book"]["per_second"] > 0.3
        assert first["shop/took"].keys() == {"count", "sum", "p50", "p95", "p99"}
        orders.add(60, {"kind": "book"})
        took.record(3.0)
        program.export()
        serving.points(8)
    points = serving.producing.points
    # When a program ends it exports once more.
    before, after, *_ = (point for point in points if point.stream == "shop/orders/book")
    assert after.fields["per_second"] == pytest.approx(60 / (after.time - before.time), rel=1e-3)
    after = [point for point in points if point.stream == "shop/took"][1]
    span_s = 1 / after.fields["count"]
    assert after.fields["sum"] == pytest.approx(3 / span_s)
    assert after.fields["p50"] == pytest.approx(3, abs=0.5)  # within its bucket, 2 to 3
    assert all(lately(point.time) for point in points)
    code, err = serving.producing.interrupt()
    assert code == 130
    assert "left out" not in err


def test_histograms_of_the_sdk_with_growing_buckets_tell_what_was_added(serving):
    view = View(instrument_name="took", aggregation=ExponentialBucketHistogramAggregation())
    random.seed(1)
    early = [random.lognormvariate(0, 1) for _ in range(500)]
    late = [random.lognormvariate(3, 1.5) for _ in range(500)]  # the scale has to fall
    with Program(serving.url, views=[view]) as program:
        took = program.meter.create_histogram("took")
        for values in (early, late):
            for value in values:
                took.record(value)
            program.export()
        serving.points(2)
    for values, (_, fields) in zip((early, late), serving.points(2), strict=False):
        cuts = statistics.quantiles(values, n=100)
        assert fields["p50"] == pytest.approx(cuts[49], rel=0.1)
        assert fields["p95"] == pytest.approx(cuts[94], rel=0.1)
        assert fields["sum"] / fields["count"] == pytest.approx(statistics.fmean(values))


def test_what_the_sdk_counts_anew_each_time_is_divided_by_its_time(serving):
    delta = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
    packed = Compression.Gzip
    with Program(serving.url, preferred_temporality=delta, compression=packed) as program:
        orders, took = program.meter.create_counter("orders"), program.meter.create_histogram("t")
        for _ in range(2):
            orders.add(100)
            took.record(20)
            program.export()
        serving.points(4)
    points = serving.producing.points
    first, second, *_ = (point for point in points if point.stream == "shop/orders")
    assert second.fields["per_second"] == pytest.approx(100 / (second.time - first.time), rel=0.01)
    first, second, *_ = (point for point in points if point.stream == "shop/t")
    assert second.fields["sum"] == pytest.approx(20 * second.fields["count"])


def document(*metrics, service="shop"):
    attributes = [{"key": "service.name", "value": {"stringValue": service}}]
    return {
        "resourceMetrics": [
            {"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": list(metrics)}]}
        ]
    }


def gauge(name, value, **point):
    return {"name": name, "gauge": {"dataPoints": [{"asDouble": value, **point}]}}


def counter(name, value, time_s, begin_s=0, temporality=2):
    point = {"asInt": str(value), "timeUnixNano": str(time_s * SECOND)}
    point |= {"startTimeUnixNano": str(begin_s * SECOND)}
    total = {"isMonotonic": True, "aggregationTemporality": temporality, "dataPoints": [point]}
    return {"name": name, "sum": total}


def test_json_is_read_and_answered_as_json(serving):
    exemplar = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}
    attributes = [{"key": "up", "value": {"boolValue": True}}]
    told = gauge("heat", 1.5, timeUnixNano="1700000000500000000", exemplars=[exemplar])
    told["gauge"]["dataPoints"][0]["attributes"] = attributes
    answer = serving.post("/v1/metrics", document(told) | {"unknownKey": 1})
    assert (answer.status, json.loads(answer.text)) == (200, {})
    assert answer.headers["Content-Type"] == "application/json"
    assert serving.points(1) == [("shop/heat/true", {"value": 1.5})]
    assert serving.producing.points[0].time == 1_700_000_000.5


def test_what_is_rejected_is_answered_with_its_number(serving):
    wrong = counter("c", 1, 5, temporality=0)
    answer = serving.post("/v1/metrics", document(wrong, gauge("ok", 1.0), wrong))
    told = "metric c: found aggregation temporality 0; delta or cumulative is allowed"
    assert answer.status == 200
    assert json.loads(answer.text) == {
        "partialSuccess": {"rejectedDataPoints": "2", "errorMessage": told}
    }
    body = json_format.ParseDict(document(wrong), ExportMetricsServiceRequest())
    raw = raw_request(serving.port, body.SerializeToString())
    response = ExportMetricsServiceResponse.FromString(raw)
    assert response.partial_success.rejected_data_points == 1
    assert response.partial_success.error_message == told
    assert serving.points(1) == [("shop/ok", {"value": 1})]
    _, err = serving.producing.interrupt()
    assert "3 points that can't be read left out" in err


def raw_request(port, body, expected=200):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/v1/metrics", body, PROTOBUF)
    with connection.getresponse() as answer:
        assert answer.status == expected
        assert answer.getheader("Content-Type") == PROTOBUF["Content-Type"]
        content = answer.read()
    connection.close()
    return content


def test_garbage_is_answered_and_survived(serving):
    answer = serving.post("/v1/metrics", b'{"resourceMetrics": [')
    assert answer.status == 400
    assert json.loads(answer.text)["message"].startswith("no ExportMetricsServiceRequest in JSON")
    # google.rpc.Status and this one have their message in the same place.
    status = ExportMetricsPartialSuccess.FromString(raw_request(serving.port, b"\xff\xff", 400))
    assert status.error_message == "no ExportMetricsServiceRequest in protobuf"
    answer = request(serving.port, "POST", "/v1/metrics", b"x", {"Content-Type": "text/plain"})
    assert answer.status == 400
    assert "found content type 'text/plain'" in answer.text
    assert serving.post("/v1/metrics", document(gauge("ok", 1.0))).status == 200
    assert serving.points(1) == [("shop/ok", {"value": 1})]


# What follows reads requests without a server.


def read(metrics, *told):
    """Return the streams and fields of a document, and what was wrong."""
    template, found = StreamTemplate(STREAM), []
    body = json_format.ParseDict(document(*told), ExportMetricsServiceRequest())
    try:
        found += ((template.fill(s.labels), dict(s.fields)) for s in metrics.read(body))
    except PartlyRejectedError as error:
        return found, error
    return found, None


def test_counters_are_rates_from_where_they_began():
    metrics = OtlpMetrics()
    assert read(metrics, counter("c", 10, 100))[0] == []  # nobody knows since when
    assert read(metrics, counter("c", 30, 110))[0] == [("shop/c", {"per_second": 2})]
    assert read(metrics, counter("c", 30, 110))[0] == []  # the same once more
    # Began anew at 115, and has counted further than before.
    assert read(metrics, counter("c", 50, 120, 115))[0] == [("shop/c", {"per_second": 10})]
    assert read(metrics, counter("d", 50, 120, 110))[0] == [("shop/d", {"per_second": 5})]
    assert read(metrics, counter("d", 90, 130, 110))[0] == [("shop/d", {"per_second": 4})]


def test_counters_of_other_attributes_resources_or_metrics_are_others():
    metrics = OtlpMetrics()

    def told(value, time_s, key="a"):
        found = counter("c", value, time_s)
        array = {"arrayValue": {"values": [{"stringValue": key}]}}  # no label, and tells apart
        found["sum"]["dataPoints"][0]["attributes"] = [{"key": "k", "value": array}]
        return found

    read(metrics, told(10, 100), told(100, 100, "b"))
    assert read(metrics, told(20, 110), told(300, 110, "b"))[0] == [
        ("shop/c", {"per_second": 1}),
        ("shop/c", {"per_second": 20}),
    ]


def histogram(counts, time_s, bounds=(1, 2, 4), begin_s=0, **point):
    point |= {"count": str(sum(counts)), "timeUnixNano": str(time_s * SECOND)}
    point |= {"bucketCounts": list(map(str, counts)), "explicitBounds": list(bounds)}
    point |= {"startTimeUnixNano": str(begin_s * SECOND)}
    return {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [point]}}


def test_quantiles_are_of_what_was_added():
    metrics = OtlpMetrics()
    read(metrics, histogram([1000, 0, 0, 0], 100, sum=500.0))
    found, _ = read(metrics, histogram([1000, 0, 100, 0], 110, sum=800.0))
    assert found == [
        ("shop/h", {"count": 10, "sum": 30, "p50": 3, "p95": pytest.approx(3.9), "p99": 3.98})
    ]
    found, _ = read(metrics, histogram([1000, 0, 100, 0], 120, sum=800.0))
    assert found == [("shop/h", {"count": 0, "sum": 0})]
    # It began anew; and then its bounds changed.
    found, _ = read(metrics, histogram([0, 10, 0, 0], 130))
    assert found == [("shop/h", {"count": 1, "p50": 1.5, "p95": 1.95, "p99": 1.99})]
    found, _ = read(metrics, histogram([0, 20], 140, bounds=[8], max=10.0))
    assert found[0][1]["p50"] == 9


@pytest.mark.parametrize(
    ("told", "mistake"),
    [
        (counter("c", 1, 5, temporality=1), "without the time that it is of"),
        (histogram([1, 2], 5), "found 2 buckets between 3 bounds"),
        (histogram([1], 5, bounds=[2]), "found 1 bucket between 1 bound"),
        (histogram([1, 2, 3], 5, bounds=[2, 1]), "bounds of buckets that do not rise"),
        (histogram([1, 2], 5, bounds=["NaN"]), "bounds of buckets that do not rise"),
        (histogram([1] * 514, 5, bounds=range(513)), "found 514 buckets; at most 512"),
        ({"name": "g", "gauge": {"dataPoints": [{}]}}, "a data point without a value"),
    ],
)
def test_what_can_not_be_is_rejected(told, mistake):
    found, error = read(OtlpMetrics(), told, gauge("ok", 1.0))
    assert found == [("shop/ok", {"value": 1})]
    assert error.rejected == 1
    assert mistake in str(error)


def test_what_is_said_to_be_missing_is_left_out():
    told = [gauge("a", "NaN"), gauge("b", "Infinity"), gauge("c", 1.0, flags=1)]
    assert read(OtlpMetrics(), *told) == ([], None)


def test_summaries_are_their_quantiles():
    quantiles = [{"quantile": q, "value": v} for q, v in ((0.5, 2.0), (0.99, 9.0), (0.999, "NaN"))]
    points = [
        {"count": "10", "sum": 20.0, "timeUnixNano": str(100 * SECOND), "quantileValues": []},
        {
            "count": "30",
            "sum": 60.0,
            "timeUnixNano": str(110 * SECOND),
            "quantileValues": quantiles,
        },
    ]
    metrics = OtlpMetrics()
    found = [read(metrics, {"name": "s", "summary": {"dataPoints": [p]}})[0] for p in points]
    assert found == [[], [("shop/s", {"count": 2, "sum": 4, "p50": 2, "p99": 9})]]


def test_more_data_points_than_are_allowed_are_rejected():
    points = [{"asInt": str(i)} for i in range(MAX_POINTS + 5)]
    found, error = read(OtlpMetrics(), {"name": "g", "gauge": {"dataPoints": points}})
    assert len(found) == MAX_POINTS
    assert error.rejected == 5
    with pytest.raises(MessageError, match=r"found 20005 metrics; at most 20000 are allowed"):
        read(OtlpMetrics(), *({"name": "g"} for _ in points))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1), st.lists(st.floats(-1e3, 1e3), min_size=1))
def test_buckets_say_what_was_added_within_their_width(before, added):
    bounds = tuple(float(bound) for bound in range(-1_000, 1_001, 50))

    def count(values):
        counts = [0] * (len(bounds) + 1)
        for value in values:
            counts[sum(bound < value for bound in bounds)] += 1
        return ExplicitBuckets(bounds, tuple(counts))

    ranges = count(before + added).since(count(before)).ranges()
    assert sum(one.size for one in ranges) == len(added)
    middle = statistics.median_low(added)
    assert middle - 50 <= quantile(ranges, 0.5) <= max(statistics.median_high(added), middle) + 50


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_exponential_buckets_are_compared_after_their_scale_fell(before, added):
    def count(values, scale):
        sides = {}, {}
        for value in filter(None, values):
            index = math.ceil(math.log2(abs(value)) * 2.0**scale) - 1
            side = sides[value < 0]
            side[index] = side.get(index, 0) + 1
        return ExponentialBuckets(scale, *sides, values.count(0))

    ranges = count(before + added, 3).since(count(before, 5)).ranges()
    assert sum(one.size for one in ranges) == len(added)
    assert all(one.low <= other.high for one, other in pairwise(ranges))
    found = quantile(ranges, 0.5)
    low, high = statistics.median_low(added), statistics.median_high(added)
    factor = 2**0.125 * (1 + 1e-9)
    assert min(low * factor, low / factor) <= found <= max(high * factor, high / factor)


def test_few_histograms_are_remembered():
    changes = HistogramChanges()
    big = Counted(ExplicitBuckets(tuple(range(499)), (1,) * 500), 500, None)
    for name in range(2 * MAX_REMEMBERED_BUCKETS // 500):
        assert changes.update(name, big, 0.0, 1.0) == {}
    assert changes.update(0, big, 0.0, 2.0) == {}  # forgotten
    assert changes.update(name, big, 0.0, 2.0) == {"count": 0}


NUMBERS = st.integers(0, 2**64 - 1)
FLOATS = st.floats()


@given(st.data())
def test_whatever_is_a_request_is_read_or_rejected(data):
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    metrics = OtlpMetrics()
    for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
        metric = scope.metrics.add(name=data.draw(st.text(max_size=5)))
        told = getattr(metric, kind)
        if kind in ("sum", "histogram", "exponential_histogram"):
            told.aggregation_temporality = data.draw(st.integers(0, 3))
        for point in (told.data_points.add(), told.data_points.add()):
            point.time_unix_nano, point.start_time_unix_nano = data.draw(
                st.tuples(NUMBERS, NUMBERS)
            )
            if kind in ("gauge", "sum"):
                point.as_double = data.draw(FLOATS)
                continue
            point.count, point.sum = data.draw(NUMBERS), data.draw(FLOATS)
            if kind == "histogram":
                point.bucket_counts.extend(data.draw(st.lists(NUMBERS, max_size=3)))
                point.explicit_bounds.extend(data.draw(st.lists(FLOATS, max_size=2)))
                point.min, point.max = data.draw(st.tuples(FLOATS, FLOATS))
            elif kind == "exponential_histogram":
                point.scale = data.draw(st.integers(-12, 22))
                point.positive.offset = data.draw(st.integers(-(2**31), 2**31 - 1))
                point.positive.bucket_counts.extend(data.draw(st.lists(NUMBERS, max_size=3)))
            else:
                point.quantile_values.add(quantile=data.draw(FLOATS), value=data.draw(FLOATS))
    with suppress(PartlyRejectedError):
        for sample in metrics.read(request):
            assert all(map(math.isfinite, sample.fields.values()))


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-protobuf"]))
def test_whatever_comes_is_read_or_refused(body, content_type):
    route = otlp_routes()[("POST", "/v1/metrics")]
    headers = {"content-type": content_type}
    reader = route.parser(BodyRequest("/v1/metrics", headers, {}, StreamTemplate(STREAM), ()))
    with suppress(MessageError):
        list(reader.feed(body))
        list(reader.close())
