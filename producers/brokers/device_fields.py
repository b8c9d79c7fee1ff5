"""What devices say of themselves, beside what they measure: Zigbee2MQTT, Tasmota, Shelly, ..."""

import re
from collections.abc import Mapping
from typing import Final

from streamson.producers.base.sample import Sample, parse_time

_HOUSEKEEPING: Final = re.compile(
    r"(?:.*\.)?"
    r"(?:last_seen|update\..*|update_available|\w+_timeout"
    r"|UptimeSec|Heap|Sleep|LoadAvg|MqttCount|Vcc"
    r"|id|ts|\w+_ts|unixtime|uptime|serial|by_minute\..*)"
)
"""Numbers, and no measurements: which input, which firmware, since when, how often.

A line each for Zigbee2MQTT, Tasmota, and Shelly; exactly as they write them, for nobody else's
measurement is to be left out.
"""

_DIAGNOSTIC: Final = re.compile(
    r"(?:.*\.)?(?:battery\w*|bat\.\w+|linkquality|lqi|rssi|signal|wifi\..*|voltage|tF|today"
    r"|yesterday|total\w*)",
    re.IGNORECASE,
)
"""How a device is: heard behind what it measures, for the first field is the pitch."""

_SEEN_AT: Final = "last_seen"
"""Zigbee2MQTT's word for the time of a message."""


def measured(sample: Sample) -> Sample:
    """Return a device's sample with what it measures first, and without its housekeeping.

    One that has nothing else is left as it is.

    >>> device = Sample({"battery": 98.0, "update.installed_version": 7.0, "temperature": 21.5}, {})
    >>> measured(device).fields
    {'temperature': 21.5, 'battery': 98.0}
    """
    time = sample.time
    if time is None:
        time = parse_time(sample.labels.get(_SEEN_AT) or sample.fields.get(_SEEN_AT))
    fields = {
        name: value
        for name, value in sample.fields.items()
        if _HOUSEKEEPING.fullmatch(name) is None
    }
    return sample._replace(fields=_diagnostics_last(fields or sample.fields), time=time)


def _diagnostics_last(fields: Mapping[str, float]) -> dict[str, float]:
    order = sorted(fields, key=lambda name: _DIAGNOSTIC.fullmatch(name) is not None)
    return {name: fields[name] for name in order}
