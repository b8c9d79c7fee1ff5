"""Columns of numbers, and the lines of words above them that name them."""

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamson.formats.quantity import Quantity, parse_quantity
from streamson.producers.text.parsed_line import A_TIME

SEPARATORS: Final = re.compile(r"[\s,;|]+")
MAX_NAMES: Final = 1_024
"""Words of a line that may name columns."""

COMMENT: Final = "#"

FIRST: Final[dict[str, tuple[str, ...]]] = {
    "vmstat": ("us", "sy", "r", "free"),
    "iostat": ("%util", "tps", "%user", "%system", "%iowait"),
    "free": ("used", "available"),
    "df": ("Use%", "Used"),
    "mpstat": ("%usr", "%user", "%sys", "%system", "%iowait"),
    "pidstat": ("%CPU", "kB_rd/s", "%MEM"),
    "docker": ("CPU %", "MEM %"),
    "kubernetes": ("RESTARTS",),
    "top": ("%CPU", "%MEM"),
    "ps": ("%CPU", "%MEM"),
}
"""What is told first of a program's columns, as the pitch is that of the first field."""

ONLY: Final[dict[str, tuple[str, ...]]] = {"top": ("%CPU", "%MEM"), "ps": ("%CPU", "%MEM", "RSS")}
"""Columns of programs whose other ones are priorities, or sizes that change their unit."""

COMMANDS: Final = ("top", "ps")
"""Programs that end their rows with a command, of any number of words."""

PROGRAMS: Final = (
    (("r", "b", "swpd"), "vmstat"),
    (("total", "used", "free"), "free"),
    (("Filesystem",), "df"),
    (("avg-cpu:",), "iostat"),
    (("Device",), "iostat"),
    (("Device:",), "iostat"),
    (("CPU", "%usr"), "mpstat"),
    (("CPU", "%user"), "mpstat"),
    (("UID", "PID"), "pidstat"),
    (("PID", "USER", "PR"), "top"),
    (("USER", "PID", "%CPU"), "ps"),
    (("CONTAINER ID",), "docker"),
    (("LAST SEEN",), "kubernetes"),
    (("NAMESPACE", "LAST SEEN"), "kubernetes"),
    (("NAME", "READY"), "kubernetes"),
    (("NAMESPACE", "NAME", "READY"), "kubernetes"),
)
"""How the names of columns begin, and whose they are."""

_AGES: Final = frozenset(("LAST SEEN", "FIRST SEEN", "AGE", "CREATED", "PIDS"))
"""Columns that tell how long ago something was, or which it is: no measurements."""

_WHICH: Final = ("CPU", "UID", "PID")
"""Columns that say what a row is about."""

_NO_OUTPUT: Final = re.compile(r"procs -{3}|Linux \S+ \(|Average:|[+|]?[-=]{3}")
_WIDE: Final = re.compile(r"\t+| {2,}")
_SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]+)?)([kKMGT])i?")
_LEADING: Final = re.compile(r"(\S+)(?:/| [/(]).*")


class NamedRow(NamedTuple):
    """The numbers of a row by the names of their columns, and what it is about."""

    fields: dict[str, Quantity]
    program: str = ""
    row: str = ""
    event: str = ""
    under_names: bool = False


class ColumnTable:
    """Remembers which words named the columns last.

    Parameters
    ----------
    guess_programs
        Whether to tell by the names whose table it is, and which column is of interest first.

    Attributes
    ----------
    names
        Of the columns.
    """

    def __init__(self, *, guess_programs: bool = True) -> None:
        self.names: list[str] = []
        self._guesses = guess_programs
        self._program = ""
        self._is_wide = False
        self._is_comment = False

    def set_names(self, names: Sequence[str]) -> None:
        """Name the columns that follow."""
        self.names = list(names[:MAX_NAMES])
        self._program = _program_of(self.names) if self._guesses else ""
        self._is_wide = False

    def names_of(self, count: int) -> list[str]:
        """Return the names of so many columns; none if there are not as many names."""
        return self.names if len(self.names) == count else []

    def parse(
        self, line: str, pointed: str, stamp: Sequence[str], *, may_be_names: bool = True
    ) -> NamedRow | None:
        """Return the numbers of a line; None if it has none, and then it may name columns.

        Parameters
        ----------
        line, pointed
            The line as it is, and with decimal points for commas.
        stamp
            The words of its timestamp, which `A_TIME` stands for.
        may_be_names
            Whether a line without numbers can name the columns below it.
        """
        if self._guesses:
            if _NO_OUTPUT.match(line):
                return NamedRow({}, self._program)
            if self._is_wide or line[:1].isupper():
                wide = self._wide(line)
                if wide is not None:
                    return wide
        words = [word for word in SEPARATORS.split(pointed) if word]
        numbers = [_quantity(word) for word in words]
        if not any(numbers):
            if may_be_names:
                self._name(line, words)
            belongs = bool(self._program) or words[:1] == [COMMENT]
            return NamedRow({}, self._program) if belongs and self._guesses else None
        return self._row(words, numbers, stamp)

    def _name(self, line: str, words: list[str]) -> None:
        if self._guesses and words and words[0] == "Filesystem":
            words = line.replace("Mounted on", "Mounted_on").split()
        if words[:1] == [COMMENT]:
            # As nvidia-smi writes them: names, and below these their units.
            if not self._is_comment:
                self.set_names(words[1:])
            self._is_comment = not self._is_comment
        elif words and words[-1:] != [A_TIME]:
            self.set_names(_without_time(words))

    def _row(
        self, words: list[str], numbers: list[Quantity | None], stamp: Sequence[str]
    ) -> NamedRow:
        self._is_comment = False
        names, row = self._names_for(words, stamp)
        under_names = bool(names)
        if not names:
            names = _numbered(words, stamp)
        elif self._guesses:
            row = row or self._row_name(words)
        fields = {n: x for n, x in zip(names, numbers, strict=False) if x is not None and n}
        if under_names and self._program:
            for name in _WHICH:
                fields.pop(name, None)
            only = ONLY.get(self._program, fields)
            fields = {name: x for name, x in fields.items() if name in only}
            first = FIRST.get(self._program, ())
            fields = {
                **{name: fields[name] for name in first if name in fields},
                **fields,
            }
        return NamedRow(fields, self._program if under_names else "", row, "", under_names)

    def _names_for(self, words: list[str], stamp: Sequence[str]) -> tuple[list[str], str]:
        """Return a name for each word, and the row's own; none if the names above do not fit.

        Columns may have a name less than words, where the first word is the row's name; or a name
        more, where the first one names the row for all; a timestamp may have a name or none.
        """
        names, count = self.names, len(words)
        if not names or len(names) == count:
            return names, ""
        if self._program in COMMANDS and count > len(names):
            return names, ""
        at = words.index(A_TIME) if A_TIME in words else None
        named = len(names) - count + 1  # how many names a timestamp has here
        if at is not None and named in (0, 1, len(stamp)):
            return [*names[:at], "", *names[at + named :]], ""
        shorter = self._program == "free" and len(names) >= count  # that of swap
        if self._guesses and words[0].endswith(":") and (len(names) == count - 1 or shorter):
            return ["", *names[: count - 1]], words[0].rstrip(":")
        if self._guesses and len(names) == count + 1 and names[0].endswith(":"):
            return names[1:], names[0].rstrip(":").removeprefix("avg-")
        return [], ""

    def _row_name(self, words: list[str]) -> str:
        """Return what a row is about: its first word that is neither a number nor a time."""
        if self._program == "df":
            return words[-1] if words[-1] != "/" else "root"
        if self._program in COMMANDS:
            return _command(words[min(len(words), len(self.names)) - 1])
        if self._program == "pidstat":
            return _command(words[-1])
        first = next((word for word in words if word != A_TIME), "")
        if self._program == "mpstat":
            return first
        return first.rstrip(":") if _quantity(first) is None else ""

    def _wide(self, line: str) -> NamedRow | None:
        """Return a row of a table whose cells are words: those of kubectl and docker."""
        cells = [cell for cell in _WIDE.split(line) if cell]
        if len(cells) > 1 and line.upper() == line and not any(map(_quantity, cells)):
            program = _program_of(cells)
            if program not in ("docker", "kubernetes"):
                return None
            self.set_names(cells)
            self._program, self._is_wide = program, True
            return NamedRow({}, program)
        if not self._is_wide or len(cells) < 2:
            return None
        if "LAST SEEN" in self.names:
            return NamedRow({}, self._program, event="events")
        if len(cells) != len(self.names):
            return None
        named = dict(zip(self.names, cells, strict=True))
        fields = {
            name: quantity
            for name, cell in named.items()
            if name not in _AGES and (quantity := _leading(cell)) is not None
        }
        first = FIRST.get(self._program, ())
        fields = {**{name: fields[name] for name in first if name in fields}, **fields}
        return NamedRow(fields, self._program, named.get("NAME", cells[0]), "", True)


def _program_of(names: Sequence[str]) -> str:
    for beginning, program in PROGRAMS:
        if tuple(names[: len(beginning)]) == beginning:
            return program
    return ""


def _without_time(words: list[str]) -> list[str]:
    """Return names without the time before them, as sar and mpstat write one there too."""
    return words[1:] if words and words[0] == A_TIME else words


def _numbered(words: list[str], stamp: Sequence[str]) -> list[str]:
    """Return a number, from 1, for each word, counted among all: those of a time, too."""
    names, number = [], 1
    for word in words:
        names.append(f"c{number}")
        number += max(1, len(stamp)) if word == A_TIME else 1
    return names


def _command(word: str) -> str:
    """Return a command's name: without its folder, and what a thread of the kernel is for.

    >>> _command("/usr/bin/python3"), _command("[kworker/0:1-events]"), _command("sshd:")
    ('python3', 'kworker', 'sshd')
    """
    if word.startswith("/"):
        return word.rpartition("/")[2]
    return word.strip("[]:").partition("/")[0]


def _quantity(word: str) -> Quantity | None:
    """Return the quantity of a word; sizes as ``df -h`` and ``free -h`` write them, too."""
    if word[-1:].isdigit() and word.isascii() and "_" not in word:
        try:
            value = float(word)  # four times as quick as what follows
        except ValueError:
            return None
        return Quantity(value) if math.isfinite(value) else None
    quantity = parse_quantity(word)
    if quantity is None and (size := _SIZE.fullmatch(word)):
        quantity = Quantity(float(size[1]) * 1024.0 ** (1 + "KMGT".index(size[2].upper())), "B")
    return quantity


def _leading(cell: str) -> Quantity | None:
    """Return the number of a cell, or that it begins with: ``1/2``, ``3 (2m ago)``."""
    match = _LEADING.fullmatch(cell)
    return _quantity(match[1].partition("/")[0] if match else cell)
