"""The gallery's page: players and pictures, in one file that loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import NamedTuple

from gallery_items import Item, Section

HERE = Path(__file__).parent


class Shown(NamedTuple):
    """An item as it is in the page.

    Attributes
    ----------
    item
        The item.
    name, short
        Of its files here, and of those that a person makes, without endings.
    seconds
        How long its sound is.
    alt
        What is seen on its picture.
    size
        Of the picture in pixels.
    """

    item: Item
    name: str
    short: str
    seconds: float
    alt: str
    size: tuple[int, int]


def page(shown: Sequence[tuple[Section, Sequence[Shown]]]) -> str:
    """Return the page of some sections."""
    style = (HERE / "gallery.css").read_text("utf-8")
    script = (HERE / "gallery.js").read_text("utf-8")
    policy = (
        "default-src 'none'; img-src 'self' file:; media-src 'self' file:; "
        f"style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    links = "".join(
        f'<li><a href="#{section.slug}">{escape(section.title)}</a></li>' for section, _ in shown
    )
    sections = "".join(_section(section, items) for section, items in shown)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>What streamson sounds like</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>What streamson sounds like</h1>
<p>Each sound is what the commands beneath it make in a checkout of streamson, brought to one
loudness. With headphones places are told apart.</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>{sections}</main>
<script>{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _section(section: Section, items: Sequence[Shown]) -> str:
    cards = "".join(_card(one) for one in items)
    wide = ' class="wide"' if any(one.item.picture != "roll" for one in items) else ""
    return (
        f'\n<section id="{section.slug}" aria-labelledby="{section.slug}-title">\n'
        f'<h2 id="{section.slug}-title">{escape(section.title)}</h2>\n'
        f"<p>{escape(section.about)}</p>\n<ul{wide}>{cards}</ul>\n</section>\n"
    )


def _card(shown: Shown) -> str:
    return f"\n<li id='{shown.name}'>{''.join(_lines(shown))}</li>"


def _lines(shown: Shown) -> Iterator[str]:
    item, name = shown.item, shown.name
    width, height = shown.size
    title = escape(item.name, quote=True)
    yield f"<h3>{title} <small>{shown.seconds:.0f} s</small></h3>"
    yield f"<p>{escape(item.about)}</p>"
    yield (
        f'<img src="pictures/{name}.svg" width="{width}" height="{height}" loading="lazy" '
        f'alt="{escape(shown.alt, quote=True)}">'
    )
    yield (
        f'<audio controls preload="none" src="sounds/{name}.ogg" '
        f'aria-label="{title}: player"></audio>'
    )
    yield (
        "<details><summary>Make it yourself</summary>"
        f'<pre tabindex="0" aria-label="{title}: commands"><code>'
        f"{escape(item.take.script(shown.short))}</code></pre>"
    )
    if item.picture == "curves":
        lines = [escape(line.replace("->", "→")) for line in item.take.legend()]
        yield f"<p>What plays what:</p><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
    yield "</details>"
