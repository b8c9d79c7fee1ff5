"""Wildcards of another kind of broker, which here are letters like others: said, and what is meant.

They may be meant, so they are no mistake: `home*` is a topic of MQTT, if a strange one.
"""

import logging
import re
from collections.abc import Sequence
from typing import Final

from streamson._printable import printable

_TO_MQTT: Final = (
    (re.compile(r"\.(?=.*>$)"), "/"),
    (re.compile(r"/?(?:\*+|>)$"), "/#"),
    (re.compile(r"(?<![^/])\*+(?![^/])"), "+"),
)
_TO_NATS: Final = (
    (re.compile(r"/"), "."),
    (re.compile(r"\.?#$"), ".>"),
    (re.compile(r"(?<![^.])\+(?![^.])"), "*"),
)

_log = logging.getLogger(__name__)


def tell_in_topics(topics: Sequence[str]) -> None:
    """Log where topics of MQTT have wildcards of others.

    Among them are those of shells, `home*`, and of NATS, `sensors.>`.
    """
    for topic in topics:
        if "*" in topic or topic.endswith(".>"):
            _tell(topic, "MQTT", "+ and #", _changed(topic, _TO_MQTT))


def tell_in_subjects(subjects: Sequence[str]) -> None:
    """Log where subjects of NATS have wildcards of others, such as MQTT's: `sensors/#`."""
    for subject in subjects:
        if "#" in subject or "+" in re.split(r"[/.]", subject):
            _tell(subject, "NATS", "* and >", _changed(subject, _TO_NATS))


def tell_in_keys(keys: Sequence[str]) -> None:
    """Log where keys of Redis look like patterns: `read*`."""
    for key in keys:
        if any(sign in key for sign in "*?["):
            _log.warning(
                "%s: keys are no patterns: each stream is named by its own, KEY KEY ...; --channel "
                "takes patterns, of channels",
                printable(key),
            )


def _changed(text: str, changes: Sequence[tuple[re.Pattern[str], str]]) -> str:
    for pattern, put in changes:
        text = pattern.sub(put, text)
    return text.lstrip("/.")


def _tell(found: str, broker: str, wildcards: str, meant: str) -> None:
    _log.warning(
        "%s: the wildcards of %s are %s; did you mean %s?",
        *(printable(found), broker, wildcards, printable(meant)),
    )
