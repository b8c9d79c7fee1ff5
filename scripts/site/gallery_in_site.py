"""Put the built gallery, where there is one, beside the site's pages, with links from its own page.

python scripts/site/gallery_in_site.py BUILT_GALLERY PAGES
"""

import re
import shutil
import sys
from pathlib import Path


def main() -> None:
    built, pages = map(Path, sys.argv[1:])
    if not (built / "index.html").exists():
        return
    shutil.copytree(built, pages / "gallery")
    shown = pages / "gallery" / "index.html"
    back = '<nav aria-label="Sections"><ul><li><a href="../gallery.html">Documents</a></li>'
    text = shown.read_text("utf-8").replace('<nav aria-label="Sections"><ul>', back)
    shown.write_text(text, "utf-8")
    page = pages / "gallery.md"
    there = set(re.findall(r'<section id="([\w-]+)"', text))
    lines = []
    for line in page.read_text("utf-8").splitlines():
        lines.append(line)
        slug = line.removeprefix("## ").lower().replace(",", "").replace(" ", "-")
        if line.startswith("## ") and slug in there:
            lines += ["", f"[Listen](gallery/index.html#{slug})"]
    page.write_text("\n".join([*lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
