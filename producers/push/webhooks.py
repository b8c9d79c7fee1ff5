"""The webhooks of Alertmanager and of Grafana's alerting: each alert is an event.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config and
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/
manage-contact-points/integrations/webhook-notifier/: both have the same shape.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from streamson.model.limits import MAX_FIELD_CHARS
from streamson.producers.base.sample import (
    MAX_LABELS,
    Sample,
    label_text,
    parse_number,
    parse_time,
)
from streamson.producers.base.stream_template import StreamTemplate

MAX_VALUES: Final = 32
"""Of one alert: what Grafana's expressions came to."""

FIRING: Final = "firing"
RESOLVED: Final = "resolved"

SEVERITIES: Final = {"info": 1.0, "warning": 2.0, "critical": 3.0}
"""Words of the label ``severity``; others have no number."""

_PATH: Final = StreamTemplate("alerts/{alertname}/{instance}")


def is_notification(document: object) -> bool:
    """Return whether a document of JSON is a notification of alerts.

    >>> is_notification({"alerts": [{"status": "firing", "labels": {"alertname": "Hot"}}]})
    True
    """
    alerts = document.get("alerts") if isinstance(document, dict) else None
    return isinstance(alerts, list) and bool(alerts) and all(_is_alert(one) for one in alerts)


def alerts_of(document: Mapping[str, Any]) -> Iterator[Sample]:
    """Yield the alerts of a notification: `is_notification` says that it is one.

    Fields are ``raised``, 1 or 0; ``severity``, see `SEVERITIES`; and the values that Grafana
    tells. The time is that at which the alert began, or was over. Labels are the alert's own, its
    annotations by their path, and ``path``: ``alerts/ALERTNAME/INSTANCE``.
    """
    for alert in document["alerts"]:
        labels = _labels(alert)
        is_raised = alert["status"] == FIRING
        fields = {
            **_values(alert.get("values")),
            "raised": float(is_raised),
            **_severity(labels.get("severity", "")),
        }
        time = parse_time(alert.get("startsAt" if is_raised else "endsAt"))
        # One that is not known is said as the year 1.
        yield Sample(fields, labels, time if time is not None and time > 0 else None)


def _is_alert(found: object) -> bool:
    return (
        isinstance(found, dict)
        and found.get("status") in (FIRING, RESOLVED)
        and isinstance(found.get("labels"), dict)
    )


def _labels(alert: Mapping[str, Any]) -> dict[str, str]:
    annotations = alert.get("annotations")
    told = annotations if isinstance(annotations, dict) else {}
    # The alert's own come first, where there are more than can be.
    found = {**alert["labels"], **{f"annotations.{name}": text for name, text in told.items()}}
    texts = ((name, label_text(text)) for name, text in found.items() if _is_text(text))
    labels = dict(islice(texts, MAX_LABELS))
    return {**labels, "status": alert["status"], "path": _PATH.fill(labels)}


def _is_text(found: object) -> bool:
    return isinstance(found, str) and bool(found)


def _values(found: object) -> dict[str, float]:
    """Return the numbers of Grafana's expressions, by their names: A, B."""
    if not isinstance(found, dict):
        return {}
    return {
        name: number
        for name, value in list(found.items())[:MAX_VALUES]
        if _is_field_name(name) and (number := parse_number(value)) is not None
    }


def _is_field_name(name: str) -> bool:
    return 0 < len(name) <= MAX_FIELD_CHARS and name.isprintable()


def _severity(word: str) -> dict[str, float]:
    number = SEVERITIES.get(word.lower())
    return {} if number is None else {"severity": number}
