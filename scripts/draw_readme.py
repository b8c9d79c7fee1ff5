"""Draw the README's pictures of the article's tune: docs/eta.png, docs/pictures.png, docs/film.png.

python scripts/draw_readme.py        needs: pip install 'streamson[film,plot]'
"""

import tempfile
from pathlib import Path

import av

from streamson import load_session
from streamson.export.plot.write import PictureFormat, write_picture
from streamson.export.video.write import write_film
from streamson.formats.table import Table
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "data" / "article_eta_300.csv"
NOTES = 60
FILM_MOMENT_S = 12.0


def main() -> None:
    docs = ROOT / "docs"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = folder / "eta.csv"
        first.write_text("".join(TABLE.read_text().splitlines(keepends=True)[: NOTES + 1]))
        write_picture(piece(TABLE), docs / "eta.png")
        write_picture(
            piece(TABLE),
            docs / "pictures.png",
            PictureFormat(("roll", "spectrogram", "orbit"), dark=True),
        )
        write_film(piece(first), folder / "eta.mp4")
        with av.open(str(folder / "eta.mp4")) as film:
            frame = next(f for f in film.decode(video=0) if f.time >= FILM_MOMENT_S)
            frame.to_image().save(docs / "film.png")


def piece(table: Path) -> TablePiece:
    return TablePiece(ScoredTable(Table(table), load_session("article"), sample_rate=44_100))


if __name__ == "__main__":
    main()
