"""Formats of lines by name."""

from collections.abc import Callable
from typing import Final

from streamson.producers.text.access_log import AccessLogParser
from streamson.producers.text.json_lines import JsonLineParser
from streamson.producers.text.line_reader import LineReader
from streamson.producers.text.logfmt import LogfmtParser
from streamson.producers.text.parsed_line import LineParser
from streamson.producers.text.ping import PingParser
from streamson.producers.text.syslog_line import SyslogParser
from streamson.producers.text.tcpdump import TcpdumpParser

VMSTAT_COLUMNS: Final = [
    "r",
    "b",
    "swpd",
    "free",
    "buff",
    "cache",
    "si",
    "so",
    "bi",
    "bo",
    "in",
    "cs",
    "us",
    "sy",
    "id",
    "wa",
    "st",
]

LINE_FORMATS: Final[dict[str, Callable[[], LineParser]]] = {
    "apache": AccessLogParser,
    "json": JsonLineParser,
    "logfmt": LogfmtParser,
    "nginx": AccessLogParser,
    "ping": PingParser,
    "syslog": lambda: SyslogParser(LineReader(is_prose=True)),
    "tcpdump": TcpdumpParser,
    "vmstat": lambda: LineReader(names=VMSTAT_COLUMNS),
}
"""What reads the lines of each."""
