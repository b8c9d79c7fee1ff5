"""The troubleshooting page: what it quotes is what the program says, to the letter."""

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()

GAP = "\0"
"""What a sentence of the program has in place of a value."""

QUOTED = re.findall(r"^`([^`\n]+)`$", PAGE, re.MULTILINE)
"""A message is a line of its own, and code from its beginning to its end."""

LEAST_LETTERS = 7
"""With fewer beside its gaps a quotation would be found anywhere."""


def literals(tree):
    """Yield all texts of a program, those that are put together as a whole, and with gaps."""
    parts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts.update(map(id, node.values))
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
            )
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
        ):
            yield re.sub(r"%[sdg]|%\.\df", GAP, node.value)


def sentences():
    """Return all that the program can say: in Python, in its pages, and in the set-up's script."""
    found = []
    for path in chain(ROOT.glob("streamson/**/*.py"), ROOT.glob("producers/**/*.py")):
        found += literals(ast.parse(path.read_text("utf-8")))
    for path in ROOT.glob("streamson/live/web/page/*.js"):
        found += re.findall(r'"([^"\n]*)"|`([^`]*)`', path.read_text("utf-8"))
    found += re.findall(r'say "([^"]*)"', (ROOT / "scripts" / "setup.sh").read_text())
    return {"".join(one) for one in found}


@pytest.fixture(scope="module")
def said():
    return sentences()


def occurs(message, said):
    pieces = message.split("…")
    longest = max(pieces, key=len)
    pattern = re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)
    return any(longest in sentence and pattern.search(sentence) for sentence in said)


@pytest.mark.parametrize("message", QUOTED)
def test_what_is_quoted_is_said(message, said):
    assert len(re.findall("[a-z]", message)) >= LEAST_LETTERS
    assert occurs(message, said)


def test_what_is_not_said_is_seen(said):
    for message in QUOTED:
        word = max(re.findall("[A-Za-z]+", message), key=len)
        assert not occurs(message.replace(word, f"{word}ly"), said), message


def test_each_message_is_explained():
    for message in QUOTED:
        after = PAGE.partition(f"\n`{message}`\n")[2].lstrip()
        assert after[:1].isalnum() or after.startswith("`"), message
