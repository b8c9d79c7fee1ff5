"""Text from outside made harmless: nothing in it can steer a terminal or forge a line of a log."""

import logging
import sys


def printable(text: str) -> str:
    r"""Return text with every character that is not printable written as an escape.

    Control characters, line ends, bidirectional controls (U+202A to E, U+2066 to 9) and lone
    surrogates are all none of `str.isprintable`.

    >>> printable("\x1b[31mred")
    '\\x1b[31mred'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things in words; with a plural where an s does not make it.

    >>> counted(1, "stream"), counted(2, "stream"), counted(2, "entry", "entries")
    ('1 stream', '2 streams', '2 entries')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


class StderrHandler(logging.Handler):
    """Writes to what standard error is at the moment: a line that is shown there may take care."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class PrintableFormatter(logging.Formatter):
    """Formats log records so that each is one printable line, and its traceback printable lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        """Return the line of a record."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802  (logging's name)
        """Return a traceback."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join(map(printable, lines))
