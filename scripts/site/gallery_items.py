"""What is in the gallery: its sections, and in each the sounds with a line of what one hears."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from gallery_takes import Phrase, Rendered, Take

from streamson import load_session
from streamson.music.scales import SCALES, Scale, parse_scale
from streamson.session.load import preset_names
from streamson.session.parse.earcons import builtin_earcons

NBSP: Final = "\u00a0"

Picture = Literal["spectrogram", "roll", "curves", "orbit"]

ETA: Final = "tests/data/article_eta_300.csv"
DAY: Final = "tests/data/nab/rds_cpu_head.csv"
OTHER_DAY: Final = "tests/data/nab/rds_cpu_e47b3b_part.csv"
SERVERS: Final = (
    "(echo web1,web2,db1,db2; cd tests/data/nab; paste -d, ec2_cpu_825cc2_part.csv "
    "ec2_cpu_5f5533_part.csv \\\n  rds_cpu_head.csv rds_cpu_e47b3b_part.csv | "
    "awk -F, 'NR % 3 == 2 && NR < 200 { print $2, $4, $6, $8 }' OFS=,)"
)
BUSY: Final = (
    "gzip -dc tests/data/system_hour.csv.gz | awk -F, '\n"
    '  BEGIN { print "time_s,cpu" }\n'
    "  NR > 500 && NR < 720 { print t += 1 / (1 + $1 / 5), $1 }' OFS=,"
)
SPIKE: Final = f"awk -F, 'NR == 20 {{ $2 = 100 }} NR < 122' OFS=, {DAY}"  # one reading in 120
FIRST_ETA: Final = f"head -61 {ETA}"

PIECE_S: Final = 18.0
DAY_S: Final = 20.0
SPIKE_S: Final = 15.0
ALERT_S: Final = 4.0
SCALE_S: Final = 3.8


class Item(NamedTuple):
    """A sound of the gallery.

    Attributes
    ----------
    name
        What it is called.
    about
        What one hears, in a line.
    take
        How it is made.
    picture
        What is drawn of it.
    """

    name: str
    about: str
    take: Take
    picture: Picture


class Section(NamedTuple):
    """Sounds of one kind: what it is called in an address, its title, a sentence, and they."""

    slug: str
    title: str
    about: str
    items: tuple[Item, ...]


def sections() -> tuple[Section, ...]:
    """Return all that there is, in the order of the page."""
    return (
        Section(
            "before-and-after",
            "Before and after",
            "Ten hours of a database server, whose processor is at 13 to 15 %, with one reading "
            "of 100 %: between the extremes so far, and as streamson plays it by itself.",
            tuple(_before_and_after()),
        ),
        Section(
            "one-day-six-ways",
            "One day, six ways",
            "The processor of a database server, 300 readings of a day in 20 seconds: without a "
            "session, and through each preset that is for any data.",
            tuple(_day(name) for name in ("", *ANY_DATA)),
        ),
        Section(
            "presets",
            "Presets",
            "Sessions that come with streamson, each with data that it is for. The four servers "
            "are 16 hours of the Numenta Anomaly Benchmark: after a third web1 is busy, after two "
            "thirds db2 has less to do.",
            tuple(_preset(name) for name in ("", *preset_names())),
        ),
        Section(
            "alerts-and-notices",
            "Alerts and notices",
            "Each over a tone that follows a value. All else steps back by 20 dB until it is told. "
            "What goes above its limit rises, what falls below falls; high priority is quick, low "
            "is soft.",
            tuple(map(_alert, _by_kind(builtin_earcons()))),
        ),
        Section(
            "instruments",
            "Instruments",
            "The same phrase by each: up over two octaves, then a quiet chord.",
            tuple(
                Item(name, f"{_sentence(instrument.about)}.", Phrase(name), "spectrogram")
                for name, instrument in load_session().instruments.items()
            ),
        ),
        Section(
            "scales",
            "Scales",
            "Up and down from C4. A pitch takes notes of its scale alone, as near as its value "
            "says.",
            tuple(_scale(name) for name in (*SCALES, "5 edo", "19 edo", "24 edo")),
        ),
        Section(
            "the-eta-tune",
            "The eta tune",
            "Where streamson comes from: the Dirichlet eta function on its critical line, as a "
            "tune.",
            (
                Item(
                    "eta",
                    "300 values, a note each: the real part is the pitch, the imaginary part the "
                    "duration, the modulus the volume, upside down: the loudest notes are its "
                    "zeros.",
                    Rendered(ETA, preset="article"),
                    "orbit",
                ),
            ),
        ),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


ANY_DATA: Final = ("monitor", "orchestra", "sensor", "drone", "geiger")
"""Presets that need no fields of certain names."""

_OF_PRESET: Final[dict[str, tuple[str, Rendered]]] = {
    "": (
        "Without any session: each of four servers has an instrument, a register and a place of "
        "its own.",
        Rendered(SERVERS, seconds=PIECE_S, stream="rack"),
    ),
    "article": (
        "The first 60 notes of the article's tune: plain tones of C major, long and short, loud "
        "and soft.",
        Rendered(FIRST_ETA, preset="article"),
    ),
    "demo": (
        "The same values as the demo plays them live, between the extremes of all 300.",
        Rendered(FIRST_ETA, preset="demo", online=True),
    ),
    "drone": (
        "Slow strings: four servers are one chord of fifths that moves for seconds from tone to "
        "tone.",
        Rendered(SERVERS, preset="drone", seconds=PIECE_S, stream="rack"),
    ),
    "geiger": (
        "A click for each event: one a second while the processor rests, twenty when it is busy.",
        Rendered(BUSY, preset="geiger", seconds=15.0),
    ),
    "monitor": (
        "A soft held tone for each of four servers, louder the more its value moves.",
        Rendered(SERVERS, preset="monitor", seconds=PIECE_S, stream="rack"),
    ),
    "orchestra": (
        "Four servers keep one beat, each on an instrument of its own.",
        Rendered(SERVERS, preset="orchestra", seconds=PIECE_S, stream="rack"),
    ),
    "sensor": (
        "One value, closely: a clarinet that glides without steps, and ticks where it reaches an "
        "end of what it was lately.",
        Rendered(OTHER_DAY, preset="sensor", seconds=PIECE_S),
    ),
}


def _preset(name: str) -> Item:
    about, take = _OF_PRESET[name]
    return Item(name or "no preset", about, take, "curves")


_OF_DAY: Final = {
    "": "Notes of an electric piano, fourteen a second: the higher, the busier the processor.",
    "drone": "One slow string that takes seconds to go where the day goes.",
    "geiger": "A click for each reading: how often they come, and nothing of how high they are.",
    "monitor": "One soft tone that never breaks off; it swells while the value moves.",
    "orchestra": "Eighth notes in D dorian that keep their beat, however often readings come.",
    "sensor": "A clarinet that glides over two octaves, in which no step is lost.",
}


def _day(preset: str) -> Item:
    take = Rendered(DAY, preset=preset, seconds=DAY_S)
    return Item(preset or "no preset", _OF_DAY[preset], take, "curves")


_MINMAX: Final = """\
[[part]]
instrument = "epiano"

[part.pitch]
scale = "c chromatic"
low = "D3"
high = "G5"
rescale = { mode = "minmax", window = "all" }
"""


def _before_and_after() -> tuple[Item, Item]:
    return (
        Item(
            "Before: least to greatest",
            "Lively at first; then one high note, and after it the same low one for hours: the "
            "spike has taken the range.",
            Rendered(SPIKE, session=_MINMAX, seconds=SPIKE_S, online=True),
            "curves",
        ),
        Item(
            "After: the live default",
            "The spike is the highest note, and what comes after it still rises and falls over "
            "nearly two octaves.",
            Rendered(SPIKE, seconds=SPIKE_S, online=True),
            "curves",
        ),
    )


_BED: Final = """\
[[part]]
instrument = "strings"
articulation = "continuous"
glide = 0.4
volume = { value = -20 }

[part.pitch]
scale = "a minor"
low = "A2"
high = "A3"
rescale = { mode = "fixed", range = [0, 100] }

[[alert]]
"""
_RISES: Final = "printf '%s\\n' load 40 52 47 58 95 96 95 97 96 95 96"
_FALLS: Final = "printf '%s\\n' load 60 48 53 42 5 4 5 3 4 5 4"
_COMES_BACK: Final = "printf '%s\\n' load 60 95 96 97 95 96 50 46 52 48 55"

_OF_KIND: Final = {
    "above": "that rise: a value is above its limit",
    "below": "that fall: a value is below its limit",
    "outside": "that leap there and back: something unusual",
    "stale": "that stay, and then sink by an octave: a stream fell silent",
}
_OF_PRIORITY: Final = {
    "high": "Five quick pulses, three and two,",
    "": "Three pulses",
    "low": "Two soft notes",
}
_ACT: Final = {
    "high": "somebody must act at once",
    "": "somebody must act soon",
    "low": "somebody is to know",
}
_OTHERWISE: Final = {
    "outside low": "Two soft notes on one pitch: something unusual, and somebody is to know.",
    "stale low": (
        "Two soft notes that sink by an octave: a stream fell silent, and somebody is to know."
    ),
    "alarm": "Five quick pulses on one note, but for a leap: for an alert whose session names it.",
    "back": "Two soft notes, an octave up: a stream that was silent is back.",
    "over": "Three pulses that rise, and then, when it is over, two soft notes that resolve.",
    "lost": "A rattle of four ticks: points were lost on the way.",
    "highest": "One high tick: a pitch is at the upper end of its range.",
    "lowest": "One low tick: a pitch is at the lower end of its range.",
}


def _by_kind(names: Iterable[str]) -> list[str]:
    """Return the names of sounds, those first whose priorities differ."""
    return sorted(names, key=lambda name: name.partition(" ")[0] not in _OF_KIND)


def _alert(name: str) -> Item:
    kind, _, priority = name.partition(" ")
    table, alert = _RISES, "above = 90"
    if name == "over":
        return Item(
            *(name, _OTHERWISE[name]),
            Rendered(_COMES_BACK, session=f"{_BED}above = 90\n", seconds=1.4 * ALERT_S),
            "spectrogram",
        )
    if kind == "below":
        table, alert = _FALLS, "below = 10"
    if kind not in ("above", "below"):
        alert += f'\nsound = "{name}"'
    elif priority:
        alert += f'\npriority = "{priority}"'
    about = _OTHERWISE.get(name) or (
        f"{_OF_PRIORITY[priority]} {_OF_KIND[kind]}, and {_ACT[priority]}."
    )
    take = Rendered(table, session=f"{_BED}{alert}\n", seconds=ALERT_S)
    return Item(name, about, take, "spectrogram")


_OF_SCALE: Final = {
    "major": "bright, and at rest",
    "minor": "darker: its third, sixth and seventh are lower",
    "harmonic minor": "minor with a wide step, and then a semitone to its root",
    "melodic minor": "minor below, major above",
    "chromatic": "every semitone, as where no scale is named",
    "major pentatonic": "no semitones: whatever sounds together fits",
    "minor pentatonic": "the same steps from another note on: darker",
    "blues": "minor pentatonic, and a note between",
    "whole tone": "equal steps: it floats, and comes to rest nowhere",
    "ionian": "major, by its name as a mode",
    "dorian": "minor with a bright sixth",
    "phrygian": "minor with a dark second",
    "lydian": "major with a raised fourth",
    "mixolydian": "major with a lowered seventh",
    "aeolian": "minor, by its name as a mode",
    "locrian": "the darkest mode: even its fifth is lower",
    "lydian dominant": "a raised fourth and a lowered seventh",
    "phrygian dominant": "a dark second below a bright third",
    "altered": "above its root all is bent that can be",
    "octatonic": "whole tones and semitones in turn",
    "double harmonic": "two wide steps, each between semitones",
    "hungarian minor": "minor with two wide steps",
    "hirajoshi": "of the koto: five notes, two of the steps wide",
    "in": "Japanese: five notes with semitones",
    "yo": "Japanese: five notes without semitones",
    "iwato": "Japanese: five notes without a fifth to rest on",
    "marwa": "of northern India: a dark second, a raised fourth",
    "rast": "Arabic: its third and seventh lie between major and minor",
    "bayati": "Arabic: its second lies between two semitones",
    "major chord": "three notes of a bright chord",
    "minor chord": "three notes of a dark chord",
    "augmented chord": "three equal steps: tense",
    "diminished chord": "four equal steps: tense, and close together",
    "suspended chord": "neither bright nor dark: a fourth in place of the third",
    "seventh chord": "a bright chord that wants to go on",
    "major seventh chord": "a bright chord with a soft edge",
    "minor seventh chord": "a dark chord with a soft edge",
    "sixth chord": "a bright chord with a sixth",
    "5 edo": "five equal steps, each between two and three semitones",
    "19 edo": "nineteen equal steps, each about two thirds of a semitone",
    "24 edo": "quarter tones: twenty-four equal steps",
}
"""What each is like; a scale that is new has none."""


def _scale(name: str) -> Item:
    scale = parse_scale(f"c {name}")
    octaves = 1 if len(scale.steps) > 4 else 2
    count = len(_notes(scale, octaves))
    seconds = round(SCALE_S / (2 * count - 1), 2)
    session = (
        "[[part]]\n"
        f'pitch = {{ scale = "c {name}", low = "C4", high = "C{4 + octaves}" }}\n'
        f"duration = {{ value = {seconds} }}\n"
    )
    about = f"{_sentence(_OF_SCALE.get(name, name))}."
    if name in SCALES:
        steps = NBSP.join(f"{step:g}" for step in SCALES[name])
        about += f" Semitones above the root: {steps}."
    take = Rendered(f"(seq {count}; seq {count - 1} -1 1)", session=session)
    return Item(name, about, take, "roll")


def _notes(scale: Scale, octaves: int) -> tuple[float, ...]:
    return scale.notes(60, 60 + 12 * octaves)
