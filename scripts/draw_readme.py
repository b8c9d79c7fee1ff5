"""Draw the README's plots of the article's tune: docs/eta.png, docs/plots.png, docs/video.png.

python scripts/draw_readme.py        needs: pip install 'streamson[video,plot]'
"""

import tempfile
from pathlib import Path

import av

from streamson import load_session
from streamson.export.plot.write import PlotFormat, write_plot
from streamson.export.video.write import write_video
from streamson.formats.table import Table
from streamson.offline.scored_table import ScoredTable
from streamson.offline.table_piece import TablePiece

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "data" / "article_eta_300.csv"
NOTES = 60
VIDEO_MOMENT_S = 12.0


def main() -> None:
    docs = ROOT / "docs"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = folder / "eta.csv"
        first.write_text("".join(TABLE.read_text().splitlines(keepends=True)[: NOTES + 1]))
        write_plot(piece(TABLE), docs / "eta.png")
        write_plot(
            piece(TABLE),
            docs / "plots.png",
            PlotFormat(("roll", "spectrogram", "orbit"), dark=True),
        )
        write_video(piece(first), folder / "eta.mp4")
        with av.open(str(folder / "eta.mp4")) as video:
            frame = next(f for f in video.decode(video=0) if f.time >= VIDEO_MOMENT_S)
            frame.to_image().save(docs / "video.png")


def piece(table: Path) -> TablePiece:
    return TablePiece(ScoredTable(Table(table), load_session("article"), sample_rate=44_100))


if __name__ == "__main__":
    main()
