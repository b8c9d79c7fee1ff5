"""The webhooks of Alertmanager, a real one, and of Grafana, as it documents them."""

import http.client
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamson.model.limits import MAX_FIELDS
from streamson.producers.base.sample import MAX_LABEL_CHARS, MAX_LABELS, label_text
from streamson.producers.push.webhooks import alerts_of, is_notification
from tests.producers.push.serving import JSON, Serving, answered
from tests.producers.servers import accepts, free_port, needs, server

CONFIGURATION = """
route:
  receiver: ears
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  group_by: [alertname]
receivers:
- name: ears
  webhook_configs:
  - url: http://127.0.0.1:{port}/alertmanager
    send_resolved: true
    http_config:
      authorization:
        credentials: secret
"""

GRAFANA = {  # https://grafana.com/docs/grafana/latest/alerting/ ... /webhook-notifier/
    "receiver": "My Super Webhook",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
            "annotations": {
                "description": "The system has high memory usage",
                "runbook_url": "https://myrunbook.com/runbook/1234",
                "summary": "This alert was triggered for zone us-1",
            },
            "startsAt": "2021-10-12T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://play.grafana.org/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
        },
        {
            "status": "resolved",
            "labels": {
                "alertname": "High CPU usage",
                "severity": "Warning",
                "instance": "web1:9100",
            },
            "annotations": {},
            "startsAt": "2021-10-12T09:56:03.157076+02:00",
            "endsAt": "2021-10-12T10:01:03.5+02:00",
            "fingerprint": "d1e0a0e1b3a0f6a8",
            "values": None,
        },
    ],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.org/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1, RESOLVED:1]  (blue)",
    "state": "alerting",
    "message": "**Firing**",
}


def test_a_real_alertmanagers_alerts_are_heard_when_they_are_raised_and_over(produce, tmp_path):
    program = needs("prometheus-alertmanager")
    (tmp_path / "token").write_text("secret\n")
    serving = Serving(produce, "--token-file", "token", row="Alertmanager, Grafana", cwd=tmp_path)
    (tmp_path / "am.yml").write_text(CONFIGURATION.format(port=serving.port))
    port = free_port()
    command = [
        *(program, "--config.file=am.yml", "--storage.path=data", "--cluster.listen-address="),
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def tell(**times: str) -> None:
        labels = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        body = json.dumps([{"labels": labels, "annotations": {"summary": "98 %"}, **times}])
        connection.request("POST", "/api/v2/alerts", body, JSON)
        assert answered(connection).status == 200
        connection.close()

    with server(command, lambda: accepts(port), "Alertmanager", cwd=tmp_path):
        tell(startsAt="2026-01-02T03:04:05Z")
        raised = serving.producing.await_points(1)[0]
        over_at = datetime.now(UTC).isoformat()
        tell(startsAt="2026-01-02T03:04:05Z", endsAt=over_at)
        over = serving.producing.await_points(2)[1]
    assert (raised.stream, raised.fields) == (
        "alerts/DiskFull/db1:9100",
        {"raised": 1, "severity": 3},
    )
    assert raised.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    assert (over.stream, over.fields) == (raised.stream, {"raised": 0, "severity": 3})
    assert over.time == pytest.approx(datetime.fromisoformat(over_at).timestamp(), abs=0.001)
    assert time.time() - over.time < 10
    _, err = serving.producing.interrupt()
    assert "http: 2 requests with 2 points\n" in err


def test_grafanas_alerts_are_heard_with_their_values(produce):
    serving = Serving(produce, row="Alertmanager, Grafana")
    assert serving.post("/grafana", GRAFANA).status == 204
    first, second = serving.producing.await_points(2)
    assert (first.stream, first.fields) == (
        "alerts/High memory usage",
        {"B": 44.23943737541908, "C": 1, "raised": 1},
    )
    assert first.time == datetime.fromisoformat("2021-10-12T07:51:03.157076Z").timestamp()
    assert (second.stream, second.fields) == (
        "alerts/High CPU usage/web1:9100",
        {"raised": 0, "severity": 2},
    )
    assert second.time == datetime.fromisoformat("2021-10-12T08:01:03.5Z").timestamp()


def test_alerts_streams_are_named_by_their_labels_and_annotations():
    first, second = alerts_of(GRAFANA)
    assert first.labels["annotations.runbook_url"] == "https://myrunbook.com/runbook/1234"
    assert (first.labels["team"], first.labels["status"]) == ("blue", "firing")
    assert second.labels["path"] == "alerts/High CPU usage/web1:9100"


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
OBJECTS = st.dictionaries(st.text(max_size=5), LEAVES, max_size=3)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | OBJECTS
ALERTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": OBJECTS,
    },
    optional=dict.fromkeys(("annotations", "startsAt", "endsAt", "values"), VALUES),
)


@given(st.fixed_dictionaries({"alerts": st.lists(ALERTS, min_size=1, max_size=3)}))
def test_whatever_an_alert_says_it_is_one_that_can_be_published(document):
    assert is_notification(document)
    alerts = list(alerts_of(document))
    assert len(alerts) == len(document["alerts"])
    for alert, said in zip(alerts, document["alerts"], strict=True):
        assert alert.fields["raised"] == (said["status"] == "firing")
        assert len(alert.fields) <= MAX_FIELDS
        assert all(name.isprintable() and name for name in alert.fields)
        assert all(len(text) <= MAX_LABEL_CHARS for text in alert.labels.values())
        assert alert.time is None or alert.time > 0


@given(VALUES | st.fixed_dictionaries({"alerts": VALUES | st.lists(VALUES | ALERTS, max_size=3)}))
def test_what_is_no_notification_is_not_taken_for_one(document):
    if is_notification(document):
        assert all(alert["status"] in ("firing", "resolved") for alert in document["alerts"])


def test_labels_are_bounded_and_a_time_that_is_not_known_is_none():
    labels = {"alertname": "Hot", "long": "x" * 999, **{f"l{i}": "y" for i in range(99)}}
    times = {"startsAt": "0001-01-01T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}
    (alert,) = alerts_of({"alerts": [{"status": "firing", "labels": labels, **times}]})
    assert alert.time is None
    assert len(alert.labels) == MAX_LABELS + 2  # of which status and path are ours
    assert alert.labels["path"] == "alerts/Hot"
    labels = {"alertname": "Hot", "long": "x" * 999}
    (alert,) = alerts_of({"alerts": [{"status": "resolved", "labels": labels, **times}]})
    assert alert.labels["long"] == label_text("x" * 999)
    assert len(alert.labels["long"]) == MAX_LABEL_CHARS
    assert alert.time == 1_767_225_600
