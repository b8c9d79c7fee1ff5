"""Lines of ``tcpdump -l``: the length of each packet."""

import re
from collections.abc import Sequence
from typing import Final

from streamson.producers.text.parsed_line import ParsedLine
from streamson.producers.text.times import FoundTime, TimeFinder

_PACKET: Final = re.compile(
    r"\s*(?:(?P<interface>\S+)\s+(?:In|Out|B|M|P)\s+)?"
    r"(?P<protocol>IP6?|ARP|RARP|STP|LLDP|CDPv2|802\.1Q|EAPOL|PPPoE)\b[ ,]"
)
_ENDS: Final = re.compile(r"(?P<from>\S+) > (?P<to>\S+):")
_IN_BRACKETS: Final = re.compile(r"\(([0-9]{1,9})\)$")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_LENGTH: Final = "length "


class TcpdumpParser:
    """Reads what ``tcpdump -l`` prints, with its times or without."""

    def __init__(self) -> None:
        self._times = TimeFinder()

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return the packet of a line."""
        line = line.strip()
        found = self._times.find(line) or FoundTime(0, 0, 0.0, "")
        known = parse_known(line, found)
        return () if known is None else (known if found.kind else known._replace(time=None),)


def parse_known(line: str, found: FoundTime) -> ParsedLine | None:
    """Return the packet of a line whose timestamp was found; None if it is none."""
    if found.start != 0:
        return None
    match = _PACKET.match(line, found.end)
    if match is None:
        return None
    length = _length(line)
    if length is None:
        return None
    labels = {"protocol": match["protocol"]}
    if match["interface"]:
        labels["interface"] = match["interface"]
    ends = _ENDS.search(line, match.end(), match.end() + 200)
    if ends is not None:
        labels |= ends.groupdict()
    return ParsedLine({"length": length}, "", found.seconds, labels, program="tcpdump")


def _length(line: str) -> float | None:
    """Return the length that a line names last, or that it ends with in brackets, as of DNS."""
    at = line.rfind(_LENGTH)
    digits = None if at < 0 else _DIGITS.match(line, at + len(_LENGTH))
    if digits is None:
        bracket = _IN_BRACKETS.search(line, max(0, len(line) - 16))
        return None if bracket is None else float(bracket[1])
    return float(digits[0])
