"""Lines of ping: the time of each reply, and how many were lost before it."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from streamson.producers.text.parsed_line import BELONGING, ParsedLine

MAX_HOSTS: Final = 1_024
"""Whose last number is remembered."""

SEQUENCES: Final = 1 << 16
"""After so many the numbers begin anew."""

_REPLY: Final = re.compile(
    r"(?:\[(?P<at>[0-9]+\.[0-9]+)\] )?[0-9]+ bytes from (?P<host>\S+)(?: \((?P<address>\S+)\))?:?"
    r" (?:icmp_)?seq=(?P<number>[0-9]{1,9}) .*?\btime[=<](?P<time>[0-9.]{1,20}) ?ms"
)
_OTHERS: Final = (
    *("PING ", "ping: ", "--- ", "rtt ", "round-trip ", "From "),
    *("no answer yet", "Request timeout"),
)


class PingParser:
    """Reads what ping prints: of Linux, BSD, macOS and BusyBox."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return a reply; what else ping prints belongs to it."""
        known = self.parse_known(line.strip())
        if known is None and line.startswith(_OTHERS):
            return (BELONGING,)
        return () if known is None else (known,)

    def parse_known(self, line: str) -> ParsedLine | None:
        """Return what a line of ping says; None if it is none."""
        if "seq=" not in line and " ping statistics" not in line and not line.startswith("PING "):
            if line.startswith(("rtt min/", "round-trip min/")) or " packet loss" in line:
                return BELONGING
            return None
        match = _REPLY.match(line)
        if match is None:
            return BELONGING if line.startswith(_OTHERS) else None
        host = match["host"].rstrip(":")
        try:
            time_ms = float(match["time"])
        except ValueError:
            return None
        fields = {"time_ms": time_ms, "lost": float(self._lost(host, int(match["number"])))}
        labels = {"host": host}
        when = None if match["at"] is None else float(match["at"])
        return ParsedLine(fields, "", when, labels, program="ping", row=host)

    def _lost(self, host: str, number: int) -> int:
        """Return how many replies are missing between the last one and this."""
        last = self._last.get(host)
        step = 1 if last is None else (number - last) % SEQUENCES
        if step == 0 or step > SEQUENCES // 2:  # again, or late
            return 0
        self._last[host] = number
        self._last.move_to_end(host)
        if len(self._last) > MAX_HOSTS:
            self._last.popitem(last=False)
        return step - 1
