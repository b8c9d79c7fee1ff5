"""An instrument of the Lab Streaming Layer, which sends what it is told on standard input."""

import json
import sys

from pylsl import StreamInfo, StreamOutlet, local_clock

said = json.loads(sys.argv[1])
channels, rate, kind = said["channels"], said.get("rate", 0), said.get("format", "float32")
info = StreamInfo(said["name"], said.get("type", ""), channels, rate, kind, said.get("id", ""))
if "labels" in said:
    info.set_channel_labels(said["labels"])
outlet = StreamOutlet(info)
print("up", flush=True)
outlet.wait_for_consumers(60)
print("heard", flush=True)
for line in sys.stdin:
    age_s, *samples = json.loads(line)
    for sample in samples:
        values = [text.encode("latin-1") for text in sample] if kind == "string" else sample
        outlet.push_sample(values, local_clock() - age_s)
