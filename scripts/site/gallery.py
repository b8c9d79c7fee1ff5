"""Build the gallery: a folder with a page, its sounds and its pictures, which needs no server.

python scripts/site/gallery.py [--only SECTION ...] [--out FOLDER]
"""

import argparse
import logging
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from gallery_items import Item, Section, sections
from gallery_page import Shown, page
from gallery_pictures import draw
from gallery_sound import write_opus
from gallery_takes import ROOT

from streamson.offline.render import DEFAULT_SAMPLE_RATE


def main() -> int:
    logging.disable(logging.WARNING)  # alerts are meant to be heard
    there = sections()
    parser = argparse.ArgumentParser(prog="scripts/gallery", description=__doc__.splitlines()[0])
    names = [section.slug for section in there]
    parser.add_argument("--only", action="append", choices=names, help="this section; or several")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "gallery", metavar="FOLDER")
    options = parser.parse_args()
    if not is_ours(options.out):
        parser.error(f"{options.out} holds something else than a gallery, which is made anew")
    chosen = [one for one in there if not options.only or one.slug in options.only]
    build(options.out, chosen)
    return 0


def is_ours(folder: Path) -> bool:
    """Return whether a folder may be emptied: nothing is in it but what a gallery has."""
    allowed = {"": {".html"}, "sounds": {".ogg"}, "pictures": {".svg"}}
    files = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return all(
        len(path.parts) < 3 and path.suffix in allowed.get("".join(path.parts[:-1]), ())
        for path in files
    )


def build(folder: Path, chosen: Iterable[Section]) -> None:
    """Write the page of some sections, and what it shows, into a folder; say what each is."""
    for name in ("sounds", "pictures"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    shown = [(one, [show(folder, one, item) for item in one.items]) for one in chosen]
    (folder / "index.html").write_text(page(shown), "utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder / 'index.html'}: {size / 1e6:.1f} MB in all", file=sys.stderr)


def show(folder: Path, section: Section, item: Item) -> Shown:
    """Write the sound and the picture of an item."""
    short = re.sub(r"[^a-z0-9]+", "-", item.name.lower())
    name = f"{section.slug}-{short}"
    sound = item.take.sound()
    written = write_opus(folder / "sounds" / f"{name}.ogg", sound, DEFAULT_SAMPLE_RATE)
    picture = folder / "pictures" / f"{name}.svg"
    alt = draw(picture, item, sound)
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', picture.read_text("utf-8"))
    print(
        f"{name}: {written.seconds:.1f} s, {written.lufs:.1f} LUFS, peak {written.peak_db:.1f} dBFS"
    )
    size = round(float(width)), round(float(height))
    return Shown(item, name, short, written.seconds, alt, size)


if __name__ == "__main__":
    sys.exit(main())
