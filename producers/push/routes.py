"""The paths on which the HTTP server knows what is sent; on all others it is JSON or a form."""

from streamson.producers.push.body import Routes
from streamson.producers.push.collectd import collectd_routes
from streamson.producers.push.influx import influx_routes
from streamson.producers.push.otlp import otlp_routes


def known_routes() -> Routes:
    """Return the routes of a server, new ones: some remember what counters said."""
    return {**collectd_routes(), **influx_routes(), **otlp_routes()}
