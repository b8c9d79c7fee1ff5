"""Lines of JSON: objects, lists of objects, numbers."""

from collections.abc import Sequence

from streamson.errors import MessageError
from streamson.producers.base.sample import decode_json, samples_of
from streamson.producers.text.parsed_line import ParsedLine


class JsonLineParser:
    """Reads a document of JSON from each line."""

    def parse(self, line: str) -> Sequence[ParsedLine]:
        """Return the samples of a line."""
        try:
            document = decode_json(line.strip())
        except MessageError:
            return ()
        return [
            ParsedLine(sample.fields, "", sample.time, sample.labels)
            for sample in samples_of(document)
        ]
