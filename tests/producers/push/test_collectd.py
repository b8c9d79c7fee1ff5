"""What collectd writes by HTTP: the real one to the real command, and lists that are none."""

import json
import os
from contextlib import suppress
from ctypes.util import find_library

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push.body import BodyRequest, PartlyRejectedError
from streamson.producers.push.collectd import STREAM, collectd_routes
from tests.conftest import until
from tests.producers.push.serving import Serving, lately
from tests.producers.servers import needs, server

CONFIG = """
Hostname "web1"
Interval 0.2
BaseDir "{folder}"
PIDFile "{folder}/pid"
LoadPlugin load
LoadPlugin interface
LoadPlugin write_http
<Plugin interface>
    Interface "lo"
</Plugin>
<Plugin write_http>
    <Node "streamson">
        URL "{url}/collectd"
        Format "JSON"
        BufferSize 1024
    </Node>
</Plugin>
"""


def needs_yajl():
    """Skip, or fail in CI, without what collectd's write_http loads, which Debian only suggests."""
    if find_library("yajl") is None:
        reason = "libyajl (Debian: libyajl2, libcurl3-gnutls) is not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


LOOPBACK = "web1/interface/lo/if_octets"


def test_what_collectd_measures_is_heard(produce, tmp_path):
    collectd = needs("collectd")
    needs_yajl()
    serving = Serving(produce, row="Telegraf, collectd")
    config = tmp_path / "collectd.conf"
    config.write_text(CONFIG.format(folder=tmp_path, url=serving.url))

    def came():
        serving.points(0)
        points = {point.stream: point for point in serving.producing.points}
        return points if {"web1/load", LOOPBACK} <= points.keys() else None

    with server([collectd, "-f", "-C", str(config)], lambda: True, "collectd"):
        until(came, "load and network")
    points = came()
    assert points["web1/load"].fields.keys() == {"shortterm", "midterm", "longterm"}
    # What was posted went through there: a rate a second of what is counted.
    assert points[LOOPBACK].fields.keys() == {"rx", "tx"}
    assert 0 < points[LOOPBACK].fields["rx"] < 1e9
    assert all(lately(point.time) for point in points.values())
    code, err = serving.producing.interrupt()
    assert code == 130
    assert "left out" not in err


def value_list(values, kinds, names, time, **others):
    return {
        "values": values,
        "dstypes": kinds,
        "dsnames": names,
        "time": time,
        "interval": 10.0,
        "host": "web1",
        "plugin": "interface",
        "plugin_instance": "eth0",
        "type": "if_octets",
        "type_instance": "",
        **others,
    }


class Route:
    """The route, as a server has it for all requests."""

    def __init__(self):
        self.route = collectd_routes()[("POST", "/collectd")]

    def read(self, body):
        request = BodyRequest("/collectd", {}, {}, StreamTemplate(STREAM), ())
        reader, found = self.route.parser(request), []
        try:
            list(reader.feed(body if isinstance(body, bytes) else json.dumps(body).encode()))
            found += reader.close()
        except PartlyRejectedError as error:
            return found, error
        return found, None


def test_each_kind_of_value_is_told():
    route = Route()
    kinds, names = ["derive", "counter", "absolute", "gauge"], ["rx", "tx", "reads", "level"]
    (only,), _ = route.read([value_list([10, 20, 30, 0.5], kinds, names, 100.0)])
    assert only.fields == {"reads": 3, "level": 0.5}
    (only,), _ = route.read([value_list([30, 4, None, None], kinds, names, 110.0)])
    assert only.fields == {"rx": 2, "tx": 0.4}
    assert StreamTemplate(STREAM).fill(only.labels) == "web1/interface/eth0/if_octets"
    assert only.time == 110


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "missing required field"),
        (5, "Expected `object`"),
        (value_list([1], ["gauge"], ["a", "b"], 1.0), "differ in length"),
        (value_list([1], ["other"], ["a"], 1.0), "Invalid enum value"),
        (value_list(["x"], ["gauge"], ["a"], 1.0), "Expected `float | null`, got `str`"),
        (value_list([1], ["gauge"], ["\x1b[31m"], 1.0), "not printable"),
        (value_list([1], ["gauge"], ["a"], 1.0, host="x" * 201), "length <= 200"),
    ],
)
def test_what_is_no_list_of_values_is_told_and_others_are_read(wrong, told):
    good = value_list([1], ["gauge"], ["a"], 1.0)
    found, error = Route().read([good, wrong, good])
    assert [sample.fields for sample in found] == [{"a": 1.0}] * 2
    assert error.rejected == 1
    assert str(error).startswith("list 2: ")
    assert told in str(error)


def test_what_is_no_list_is_refused():
    with pytest.raises(MessageError, match="found no list"):
        Route().read({"labels": {}})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.lists(JSON | st.builds(value_list, JSON, st.just(["derive"]), JSON, st.floats())),
    st.binary(max_size=50),
)
def test_whatever_comes_is_read_or_refused(document, noise):
    with suppress(MessageError):
        Route().read(document)
    with suppress(MessageError):
        Route().read(noise)
