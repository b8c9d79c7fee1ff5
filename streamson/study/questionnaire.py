"""A questionnaire at the end: statements from a file, each rated from 1 to 7."""

from pathlib import Path
from typing import Final

from streamson.errors import InputFileError
from streamson.formats.regular_file import read_regular
from streamson.study.limits import MAX_ITEM_CHARS, MAX_ITEMS, MAX_QUESTIONNAIRE_BYTES

POINTS: Final = 7
LOWEST: Final = "strongly disagree"
HIGHEST: Final = "strongly agree"


def read_items(path: Path) -> tuple[str, ...]:
    """Return the statements of a file: one a line; empty lines and those with # are left out.

    Raises
    ------
    InputFileError
        It can't be read, or is no such file.
    """
    try:
        content = read_regular(path, MAX_QUESTIONNAIRE_BYTES)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputFileError(f"can't read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputFileError(f"{path}: it is no text in UTF-8") from None
    lines = [line.strip() for line in text.splitlines()]
    items = tuple(line for line in lines if line and not line.startswith("#"))
    if not items or len(items) > MAX_ITEMS or len(content) > MAX_QUESTIONNAIRE_BYTES:
        raise InputFileError(
            f"{path}: found {len(items)} statements; 1 to {MAX_ITEMS} are allowed, one a line"
        )
    for item in items:
        if len(item) > MAX_ITEM_CHARS or not item.isprintable():
            raise InputFileError(
                f"{path}: statement {items.index(item) + 1} is not printable text of up to "
                f"{MAX_ITEM_CHARS} characters"
            )
    return items
