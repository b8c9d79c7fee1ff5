"""Options that can do nothing beside, or without, others are told, and never left out silently."""

import pytest

LISTEN = ("listen", "--bind", "tcp://127.0.0.1:*", "--output", "none", "--duration", "1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*LISTEN, "--record-format", "flac"), "--record-format is for a folder"),
        (
            (*LISTEN, "--record-format", "flac", "--record", "take.wav"),
            "--record-format is for a folder",
        ),
        ((*LISTEN, "--web", "0", "--no-web"), "--web and --no-web are opposites"),
        (("demo", "--web", "0", "--no-web"), "--web and --no-web are opposites"),
        ((*LISTEN, "--stream-password-file", "word"), "--stream-password-file is for --stream-to"),
        ((*LISTEN, "--rotate", "1h"), "--rotate and --keep are for recordings"),
        (("render", "t.csv", "-o", "t.wav", "--fps", "60"), "--fps is for .mp4"),
        (("watch", "--voice", "en"), "--voice is for --speak"),
    ],
)
def test_it_is_told_before_anything_is_done(run, tmp_path, words, told):
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    (tmp_path / "word").write_text("secret\n")
    before = sorted(tmp_path.iterdir())
    done = run(*words)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"streamson: {told}")
    assert sorted(tmp_path.iterdir()) == before
