"""The house's common limits: each is said once, and read wherever it holds."""

from typing import Final

CHANNELS: Final = 2
"""Of all sound: left and right."""

MIN_SAMPLE_RATE: Final = 8_000
MAX_SAMPLE_RATE: Final = 192_000

MAX_PARTIALS: Final = 32
"""Of an instrument."""

MAX_NOTE_S: Final = 86_400.0
MAX_VOLUME_DB: Final = 24.0
MIN_VOLUME_DB: Final = -120.0
"""The softest that somebody can ask for while it plays; silence is to be muted."""

MAX_REVERB_SEND: Final = 4.0
"""Of a note's amplitude, into the room that all sounds in: 12 dB more than of others."""

MAX_TREMOLO_HZ: Final = 50.0
"""Faster, a level that swings is heard as roughness, and no longer as one that swings."""

MAX_SPAN_S: Final = 366 * 86_400.0
"""The longest that anything takes: a run, a recording, a window, a table."""

MAX_FRAME: Final = round(MAX_SPAN_S) * MAX_SAMPLE_RATE
"""The last frame that a run can come to."""

MAX_STREAM_CHARS: Final = 200
"""Characters in a stream's name, or in a pattern of such; all printable, no NUL."""

MAX_FIELDS: Final = 64
"""Fields of a point, or columns of a batch."""

MAX_FIELD_CHARS: Final = 200
"""Characters in a field's name."""

MAX_SOURCE_CHARS: Final = 128
"""Characters in a source's name."""

MAX_BATCH_POINTS: Final = 65_536
"""Points in one batch."""
