"""The limits of a listening test: what goes beyond is refused, dropped and counted."""

from typing import Final

DEFAULT_TRIALS: Final = 24
"""Of the test, for each participant: some six minutes, of which nobody tires."""

MAX_TRIALS: Final = 300
"""More than an hour, at some twelve seconds each."""

MAX_REPLAYS: Final = 2
"""How often a sound can be played again."""

MAX_OPEN: Final = 32
"""Participants at a time: each may have one sound in memory, 2 MB."""

IDLE_S: Final = 1_800.0
"""Who has done nothing for so long gives way where there are too many."""

IDLE_AT_START_S: Final = 120.0
"""The same for who has not answered yet."""

MAX_RESUMABLE: Final = 100
"""Participants of earlier runs, the last ones, who can go on where they were."""

MAX_WAITING_SOUNDS: Final = 8
"""Sounds that wait to be rendered, each of which takes some tenths of a second."""

MAX_ANSWER_S: Final = 3_600.0
"""An answer that comes later is one of who was away; it is none."""

MAX_ITEMS: Final = 40
MAX_ITEM_CHARS: Final = 300
MAX_QUESTIONNAIRE_BYTES: Final = 64 << 10
"""Of a questionnaire; the one it was made for has eleven short items."""

MAX_SEED: Final = 2**63 - 1
