"""Let the site's pages take the frame that searches from beside them, and nothing from elsewhere.

The box that searches gets a name for who can't see it.

python scripts/site/frame.py SITE
"""

import re
import sys
from pathlib import Path

ELSEWHERE = re.compile(r"https://unpkg\.com/iframe-worker/shim")
LOADED = re.compile(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(https?://[^"]+)"')
DIALOG = 'data-md-component="search" role="dialog" aria-label="Search"'
KNOWN = re.compile(r'rel="(?:canonical|prev|next)"')


def main() -> int:
    site = Path(sys.argv[1])
    loaded = set()
    for page in site.rglob("*.html"):
        up = "../" * (len(page.relative_to(site).parts) - 1)
        here = f"{up}assets/javascripts/iframe-worker.js"
        text = ELSEWHERE.sub(here, page.read_text("utf-8"))
        text = text.replace('data-md-component="search" role="dialog"', DIALOG)
        page.write_text(text, "utf-8")
        loaded |= {found[1] for found in LOADED.finditer(text) if not KNOWN.search(found[0])}
    if loaded:
        print("loaded from elsewhere:", *sorted(loaded), file=sys.stderr)
    return bool(loaded)


if __name__ == "__main__":
    sys.exit(main())
