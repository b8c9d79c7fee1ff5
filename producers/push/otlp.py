"""What OpenTelemetry's programs export metrics to: OTLP over HTTP, as protobuf or JSON.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from streamson._optional import import_optional
from streamson._printable import printable
from streamson.errors import MessageError
from streamson.producers.base.sample import Sample
from streamson.producers.push.body import Answer, BodyRequest, Outcome, Route, Routes, WholeBody
from streamson.producers.push.otlp_metrics import OtlpMetrics
from streamson.producers.push.otlp_points import Message

STREAM: Final = "{service.name}/{metric}/{attributes}"

_SERVICE: Final = "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2"
_PURPOSE: Final = "taking metrics of OpenTelemetry"
_JSON: Final = "application/json"
_PROTOBUF: Final = "application/x-protobuf"


def otlp_routes() -> Routes:
    """Return the route that exporters ask for."""
    metrics = OtlpMetrics()

    def parser(request: BodyRequest) -> WholeBody:
        def read(body: bytes) -> Iterator[Sample]:
            return metrics.read(_decode(body, _content_type(request)))

        return WholeBody(read)

    # A body of which only some is rejected is a success, by the specification.
    route = Route(parser, STREAM, success=200, partial=200, answer=_answer)
    return {("POST", "/v1/metrics"): route}


def _content_type(request: BodyRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _decode(body: bytes, content_type: str) -> Message:
    """Return the request that a body is.

    Raises
    ------
    MessageError
        If it is none.
    """
    request = import_optional(_SERVICE, "http", _PURPOSE).ExportMetricsServiceRequest()
    json_format = import_optional("google.protobuf.json_format", "http", _PURPOSE)
    protobuf = import_optional("google.protobuf.message", "http", _PURPOSE)
    if content_type == _PROTOBUF:
        try:
            request.ParseFromString(body)
        except protobuf.DecodeError:
            raise MessageError("no ExportMetricsServiceRequest in protobuf") from None
        return request
    if content_type != _JSON:
        raise MessageError(
            f"found content type {printable(content_type[:80])!r}; {_PROTOBUF} and {_JSON} are "
            "allowed"
        )
    try:
        # The ids of traces are hexadecimal in OTLP, not base64 as in other JSON of protobuf. All
        # that is hexadecimal reads as base64 too, and they are not used.
        return json_format.Parse(body, request, ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        reason = printable(str(error))[:200]
        raise MessageError(f"no ExportMetricsServiceRequest in JSON: {reason}") from None


def _answer(request: BodyRequest, outcome: Outcome) -> Answer:
    """Answer in the encoding of the request, as the specification demands."""
    service = import_optional(_SERVICE, "http", _PURPOSE)
    is_success = outcome.status < 300
    told = service.ExportMetricsServiceResponse()
    if outcome.message:
        told.partial_success.rejected_data_points = outcome.rejected
        told.partial_success.error_message = outcome.message
    if _content_type(request) == _JSON:
        json_format = import_optional("google.protobuf.json_format", "http", _PURPOSE)
        document = json_format.MessageToDict(told) if is_success else {"message": outcome.message}
        return Answer(outcome.status, msgspec.json.encode(document), {"Content-Type": _JSON})
    if not is_success:
        # What is wrong is a google.rpc.Status: its message is field 2, as it is of a partial
        # success, the bytes are the same. The package with its class is needed for nothing else.
        told = service.ExportMetricsPartialSuccess(error_message=outcome.message)
    return Answer(outcome.status, told.SerializeToString(), {"Content-Type": _PROTOBUF})
