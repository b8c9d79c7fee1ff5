"""The prometheus producer against node_exporter, a server of Prometheus, and files."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import pairwise

import pytest

from streamson.producers.pull.prometheus import command
from tests.conftest import until
from tests.producers.pull.serving import (
    assert_heard_again,
    await_point,
    await_requests,
    await_told,
    refused,
)
from tests.producers.servers import free_port, needs, server, words_of

QUICK = ("--interval", "0.2")


class Daemon:
    """A server that can be killed and come back."""

    def __init__(self, *command: str) -> None:
        self.port = free_port()
        self._command = [needs(command[0]), *command[1:]]
        self._command.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self._opened = ExitStack()
        self.start()

    def start(self) -> None:
        program = self._command[0]
        self._opened.enter_context(server(self._command, lambda: self.get("/metrics"), program))

    def kill(self) -> None:
        self._opened.close()

    def get(self, path: str) -> str:
        """Return an answer; nothing while there is none yet."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
        return ""


@pytest.fixture(scope="module")
def node_exporter() -> Iterator[Daemon]:
    daemon = Daemon("prometheus-node-exporter")
    yield daemon
    daemon.kill()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    tmp_path = tmp_path_factory.mktemp("prometheus")
    (tmp_path / "p.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: nobody\n"
        "    static_configs: [{targets: ['127.0.0.1:1', '127.0.0.2:1']}]\n"
    )
    data = tmp_path / "data"
    daemon = Daemon(
        "prometheus", f"--config.file={tmp_path / 'p.yml'}", f"--storage.tsdb.path={data}"
    )
    until(lambda: daemon.get("/api/v1/query?query=up").count('"0"') == 2, "both scrapes")
    yield daemon
    daemon.kill()


def last_of(producing) -> dict[str, dict[str, float]]:
    return {point.stream: point.fields for point in producing.points}


def test_a_node_exporter_is_what_a_person_wants_to_hear(node_exporter, produce):
    words = words_of("a Prometheus exporter", port=f":9100 -> :{node_exporter.port}")
    producing = produce(*words, *QUICK)
    for mode in ("user", "system"):
        await_point(producing, lambda point: point.stream.endswith(mode), f"time of {mode}")  # noqa: B023
    found = last_of(producing)
    assert found["node_load1"].keys() == {"value"}
    assert found["node_memory_MemAvailable_bytes"]["value"] > 1e6
    modes = {name: x["per_second"] for name, x in found.items() if "node_cpu_seconds/" in name}
    assert all(rate >= 0 for rate in modes.values())
    assert not any("go_" in name or "guest" in name or "/0" in name for name in found)
    assert len(found) < 60
    interrupted = time.monotonic()
    code, err = producing.interrupt()
    assert time.monotonic() - interrupted < 1
    assert code == 130
    assert "of others left out; --metrics chooses which: '*' for all" in err


def test_what_is_told_by_a_node_exporter_is_what_it_shows(node_exporter, produce):
    shown = {}
    for line in node_exporter.get("/metrics").splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            shown[name] = float(value)
    words = ("--metrics", "node_memory_MemTotal_bytes,node_boot_time_seconds,node_network_mtu*")
    url = f"http://127.0.0.1:{node_exporter.port}"
    producing = produce("prometheus", url, *words, "--stream", "{host}/{metric}/{device}")
    mtus = sum("node_network_mtu_bytes" in name for name in shown)
    host = f"127.0.0.1:{node_exporter.port}"
    for point in producing.await_points(2 + mtus):
        metric, _, device = point.stream.removeprefix(f"{host}/").partition("/")
        labels = f'{{device="{device}"}}' if device else ""
        assert point.fields == {"value": shown[f"{metric}{labels}"]}


def test_metrics_and_fields_that_are_not_there_are_told(node_exporter, produce):
    url = f"http://127.0.0.1:{node_exporter.port}"
    producing = produce("prometheus", url, "--metrics", "nod_load1,node_load5", *QUICK)
    producing.await_points(1)
    _, err = producing.interrupt()
    assert err.count('--metrics: no metric is called nod_load1; did you mean "node_load1"?') == 1
    assert "no metric is called node_load5" not in err
    producing = produce("prometheus", url, "--metrics", "node_load1", "--fields", "nosuch", *QUICK)
    told = await_told(producing, "without wanted fields left out")
    assert "a metric without wanted fields left out: node_load1 value" in told


def test_metrics_of_a_device_are_fields_of_one_stream(node_exporter, produce):
    words = ("--metrics", "node_network_*_bytes_total,node_load1", "--stream", "{device}")
    url = f"http://127.0.0.1:{node_exporter.port}/metrics"
    producing = produce("prometheus", url, *words, *QUICK)
    fields = ["node_network_receive_bytes", "node_network_transmit_bytes"]
    point = await_point(producing, lambda point: point.stream != "unnamed", "a device")
    assert list(point.fields) == fields


def test_an_exporter_that_was_killed_is_heard_again(node_exporter, produce):
    url = f"http://127.0.0.1:{node_exporter.port}/metrics"
    producing = produce("prometheus", url, "--metrics", "node_load1", *QUICK)
    producing.await_points(2)
    node_exporter.kill()
    said = await_told(producing, "trying until it is there")
    assert_heard_again(producing, node_exporter.start)
    _, err = producing.interrupt()
    assert (said + err).count("trying until it is there") == 1
    assert err.count("there again") == 1


def test_a_server_answers_queries(prometheus, produce):
    words = words_of("Prometheus", port=f":9090 -> :{prometheus.port}")
    queries = ("--query", "lost=count(up == 0)", "--query", "42", "--query", "none")
    before = time.time()
    producing = produce(*words, *queries)
    points = {point.stream: point for point in producing.await_points(4)[:4]}
    assert {name: point.fields for name, point in points.items()} == {
        "up/127.0.0.1:1": {"value": 0},
        "up/127.0.0.2:1": {"value": 0},
        "lost": {"value": 2},
        "42": {"value": 42},
    }
    assert before < points["lost"].time < time.time()
    _, err = producing.interrupt()
    assert err.count("--query none: no series at the moment") == 1


def test_answers_with_the_same_stream_are_fields_of_it(prometheus, produce):
    queries = ("--query", "a=vector(1)", "--query", "b=vector(2)", "--query", "1/0")
    url = f"http://127.0.0.1:{prometheus.port}/"
    producing = produce("prometheus", url, *queries, "--stream", "all", "--fields", "a,b")
    assert last_of(producing) == {}
    assert producing.await_points(1)[0].fields == {"a": 1, "b": 2}


def test_a_matrix_gives_each_value_once(prometheus, produce):
    url = f"http://127.0.0.1:{prometheus.port}/"
    producing = produce("prometheus", url, "--query", 'up{instance="127.0.0.1:1"}[1m]', *QUICK)
    times = [point.time for point in producing.await_points(2)]
    assert times == sorted(set(times))
    assert min(b - a for a, b in pairwise(times)) > 0.8  # each scrape


def test_a_query_that_is_none_is_explained_by_the_server(prometheus, produce):
    url = f"http://127.0.0.1:{prometheus.port}/"
    code, err = produce("prometheus", url, "--query", "sum(up").finish()
    assert code == 2
    assert "--query: found 'sum(up'; the server says: " in err
    assert "parse error" in err


def test_an_error_of_the_data_is_survived(prometheus, produce):
    url = f"http://127.0.0.1:{prometheus.port}/"
    many_to_many = "up * on(job) up"
    producing = produce("prometheus", url, "--query", many_to_many, "--query", "7")
    assert producing.await_points(1)[0].fields == {"value": 7}
    _, err = producing.interrupt()
    assert "1 result with an error left out" in err


def test_a_server_that_was_killed_is_heard_again(prometheus, produce):
    url = f"http://127.0.0.1:{prometheus.port}/"
    producing = produce("prometheus", url, "--query", "1", *QUICK)
    producing.await_points(1)
    prometheus.kill()
    await_told(producing, "trying until it is there")
    assert_heard_again(producing, prometheus.start)


@pytest.mark.parametrize("name", ["a.txt", "a.om"])
def test_garbage_is_counted_and_survived(web, produce, name):
    end = "# EOF\n" if name.endswith("om") else ""
    web.write(name, f"# TYPE a gauge\na 1\n# TYPE b gauge\nb{{x= \x1b]0;\xff\n{end}")
    producing = produce("prometheus", web.url(name), "--interval", "0.1")
    producing.await_points(2)
    web.write(name, b"\x00\x01\xff not {at all")
    await_requests(web, producing, len(web.requests()) + 3)
    web.write(name, f"# TYPE a gauge\na 2\n{end}")
    await_point(producing, lambda point: point.fields == {"value": 2}, "what came after it")
    _, err = producing.interrupt()
    assert "that can't be read left out" in err
    assert "\x1b" not in err


def test_a_misspelt_label_and_a_page_are_told(web, produce):
    web.write("a.txt", 'a{code="1"} 1\n')
    producing = produce("prometheus", web.url("a.txt"), "--stream", "{metric}/{cod}")
    await_told(producing, "--stream: no series has the label {cod}")
    web.write("a.html", "<html>metrics</html>")
    await_told(produce("prometheus", web.url("a.html")), "metrics are mostly at /metrics")
    await_told(
        produce("prometheus", web.url("a"), "--query", "up"),
        "404 Not Found",
    )


def test_what_is_rewritten_is_a_rate_and_quantiles(web, produce):
    def text(n):
        return (
            f'# TYPE r counter\nr_total{{code="200"}} {10 * n}\nr_total{{code="500"}} {n}\n'
            f'# TYPE d histogram\nd_bucket{{le="1"}} 0\nd_bucket{{le="2"}} {n}\n'
            f'd_bucket{{le="+Inf"}} {n}\nd_sum {1.5 * n}\nd_count {n}\n'
        )

    web.write("a.txt", text(100))
    producing = produce("prometheus", web.url("a.txt"), "--interval", "0.5")
    await_requests(web, producing, 1)
    web.write("a.txt", text(200))
    producing.await_points(3)
    found = last_of(producing)
    assert 500 < found["r/200"]["per_second"] < 4_000  # 1,000 in half a second, or so
    assert found["r/500"]["per_second"] == pytest.approx(found["r/200"]["per_second"] / 10)
    assert found["d"]["per_second"] == pytest.approx(found["r/500"]["per_second"])
    del found["d"]["per_second"]
    assert found["d"] == pytest.approx({"p50": 1.5, "p95": 1.95, "p99": 1.99, "mean": 1.5})


def test_the_interval_is_kept(web, produce):
    web.write("a.txt", "a 1\n")
    producing = produce("prometheus", web.url("a.txt"), "--interval", "0.3")
    producing.await_points(5)
    moments = [float(request[0]) for request in web.requests()]
    assert moments[4] - moments[0] > 4 * 0.3 - 0.15


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing argument"),
        (("tcp://a/",), "begins with http:// or https://"),
        (("a.example:9100",), "did you mean http://a.example:9100?"),
        (("http://me:pw@a/",), "--password-file"),
        (("http://a/", "--query", "up", "--metrics", "a"), "use one"),
        (("http://a/", "--query", ""), "an expression in PromQL is allowed"),
        (("http://a/", *("--query", "up") * 101), "up to 100 are allowed"),
        (("http://a/", "--interval", "nan"), "a finite number is allowed"),
        (("http://a/", "--stream", "{a"), "with labels in braces"),
    ],
)
def test_bad_options_are_explained(words, expected):
    assert expected in refused(command, words)
