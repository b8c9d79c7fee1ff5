"""The columns of the table of streams: which have room, and how wide each is."""

from typing import Final, NamedTuple

GAP: Final = 1
NAME: Final = "STREAM"
STATE: Final = "STATE"
MARK: Final = "?"
VALUE: Final = "VALUE"
FIELD: Final = "FIELD"
RANGE: Final = "RANGE"
CURVE: Final = "CURVE"
NOTE: Final = "NOTE"
RATE: Final = "RATE"
LOST: Final = "LOST"
PLAYS: Final = "PLAYS"


LEAST_NAME: Final = 14
"""Cells of names, where they are as long as that; of short ones fewer, for the sake of the rest."""

SHORT_NAME: Final = 10

CLEAR_NAME: Final = 22
"""Rather than fewer cells of names there is no column of fields."""


class Column(NamedTuple):
    """A column.

    Attributes
    ----------
    title
        Over it, and its name.
    least, most
        Cells that it needs, and with which it is content.
    right
        Whether its text stands at its right end.
    """

    title: str
    least: int
    most: int
    right: bool = False


_BY_IMPORTANCE: Final = (
    Column(NAME, LEAST_NAME, 40),
    Column(VALUE, 7, 7, right=True),
    Column(CURVE, 7, 60, right=True),
    Column(NOTE, 4, 4),
    Column(RATE, 6, 7, right=True),
    Column(STATE, 6, 6),
    Column(RANGE, 11, 12),
    Column(LOST, 4, 6, right=True),
    Column(FIELD, 8, 11),
    Column(PLAYS, 36, 50),
)

_IN_ORDER: Final = (NAME, STATE, MARK, VALUE, FIELD, RANGE, CURVE, NOTE, RATE, LOST, PLAYS)

_GROWING: Final = (NAME, FIELD, RANGE, RATE, LOST, PLAYS, CURVE)
"""Who gets what is left over, the neediest first."""


def columns_for(width: int, name_width: int) -> list[Column]:
    """Return the columns that have room, from the left, each as wide as it is to be.

    Where there is no room for the state as a word it is a character.

    Parameters
    ----------
    width
        Cells that there are.
    name_width
        Of the longest name.
    """
    chosen = _chosen(width, name_width)
    widths = _grown(chosen, width)
    names = chosen[NAME]
    if FIELD in chosen and widths[NAME] < min(names.most, CLEAR_NAME):
        del chosen[FIELD]  # of the selected stream it is told all the same
        widths = _grown(chosen, width)
    return [
        chosen[title]._replace(least=widths[title], most=widths[title])
        for title in _IN_ORDER
        if title in chosen
    ]


def _chosen(width: int, name_width: int) -> dict[str, Column]:
    """Return the columns that have room, by their titles."""
    chosen = {MARK: Column("", 1, 1)}
    room = width - 1
    for known in _BY_IMPORTANCE:
        column = _with_name(known, name_width)
        if column.title == STATE and column.least - 1 <= room:  # in place of the mark, and its gap
            del chosen[MARK]
            room += 1 + GAP
        if column.least + GAP > room and column.title != NAME:
            break
        chosen[column.title] = column
        room -= column.least + GAP
    return chosen


def _grown(chosen: dict[str, Column], width: int) -> dict[str, int]:
    """Return how wide each column is, once all of the width is given away."""
    widths = {title: column.least for title, column in chosen.items()}
    room = width - sum(widths.values()) - GAP * (len(widths) - 1)
    for title in _GROWING:
        if title in chosen and room > 0:
            more = min(room, chosen[title].most - widths[title])
            widths[title] += more
            room -= more
    widths[NAME] = max(0, widths[NAME] + min(0, room))
    return widths


def _with_name(column: Column, name_width: int) -> Column:
    """Return a column; that of the names is as wide as they are, if it can be."""
    if column.title != NAME:
        return column
    wanted = max(SHORT_NAME, min(column.most, name_width))
    return column._replace(least=min(column.least, wanted), most=wanted)
