"""How bodies are read: the same in whatever pieces they come, whatever they hold."""

import gzip
import json
import zlib
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamson.errors import MessageError
from streamson.producers.base.sample import Sample
from streamson.producers.base.stream_template import StreamTemplate
from streamson.producers.push import unpacking
from streamson.producers.push.body import (
    MAX_DOCUMENT_BYTES,
    BodyRequest,
    PartlyRejectedError,
    TooLargeError,
)
from streamson.producers.push.json_body import MAX_LINE_BYTES, JsonBody
from streamson.producers.push.unpacking import MAX_MEMBERS, MAX_PIECE_BYTES, Unpacker

KINDS = st.sampled_from(
    ["", "application/json", "application/x-ndjson", "application/x-www-form-urlencoded; a=b"]
)
NUMBERS = st.dictionaries(st.text("abc", min_size=1), st.integers(-9, 9), min_size=1)
CUTS = st.lists(st.integers(0, 60), max_size=5)


def read(body: bytes, kind: str = "", cuts=(), path: str = "/a/b/"):
    """Return what a parser finds in a body that comes in pieces, and what it says is wrong."""
    request = BodyRequest(path, {"content-type": kind}, {}, StreamTemplate("{path}"), ())
    parser = JsonBody(request)
    found, wrong = [], None
    ends = sorted({min(cut, len(body)) for cut in cuts} | {len(body)})
    try:
        for start, end in zip([0, *ends], ends, strict=False):
            found += parser.feed(body[start:end])
        found += parser.close()
    except MessageError as error:
        wrong = str(error)
    return found, wrong


@example(b'{"a": 1}\r\n\r\n{"a": 2}', "", [9, 10])
@example(b'\n \n{"a":\n1}', "", [1, 2])
@given(
    st.binary(max_size=60)
    | st.lists(NUMBERS | st.none(), max_size=4).map(
        lambda documents: b"\n".join(json.dumps(one).encode() for one in documents)
    ),
    KINDS,
    CUTS,
)
def test_pieces_of_any_size_say_the_same(body, kind, cuts):
    assert read(body, kind, cuts) == read(body, kind)


@given(st.lists(NUMBERS, min_size=1), CUTS, st.sampled_from(["\n", "\r\n", "\n\n \n"]))
def test_lines_are_read_as_what_they_hold(documents, cuts, end):
    body = end.join(json.dumps(one) for one in documents).encode()
    found, wrong = read(body, "application/x-ndjson", cuts)
    assert wrong is None
    assert found == [Sample(one, {"path": "a/b"}, None) for one in documents]
    assert read(body, "", cuts) == (found, None)


@given(st.lists(NUMBERS, min_size=1), st.sampled_from([None, 1]))
def test_a_document_over_several_lines_is_one(documents, indent):
    found, wrong = read(json.dumps(documents, indent=indent).encode())
    assert wrong is None
    assert [one.fields for one in found] == documents


@given(st.lists(NUMBERS.map(json.dumps) | st.just("{"), min_size=1))
def test_bad_lines_are_counted_and_the_first_is_told(lines):
    request = BodyRequest("/", {"content-type": "application/x-ndjson"}, {}, None, ())
    parser = JsonBody(request)
    found = list(parser.feed("\n".join(["{", *lines, "{"]).encode()))
    with pytest.raises(PartlyRejectedError, match=r"^line 1: no JSON: ") as caught:
        found += parser.close()
    assert caught.value.rejected == 2 + lines.count("{")
    assert [one.fields for one in found] == [json.loads(line) for line in lines if line != "{"]


def test_what_is_too_large_is_refused_before_it_is_kept():
    request = BodyRequest("/", {}, {}, None, ())
    for start, limit in ((b"[", MAX_DOCUMENT_BYTES), (b'{"a": 1}\n', MAX_LINE_BYTES)):
        parser = JsonBody(request)
        list(parser.feed(start))
        for _ in range(limit // 65_536 - 1):
            list(parser.feed(b" " * 65_536))
        with pytest.raises(TooLargeError, match=str(limit)):
            list(parser.feed(b" " * 65_537))


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "": bytes,
    "identity": bytes,
}


@given(
    st.sampled_from(sorted(PACKERS)),
    st.binary() | st.integers(0, 300_000).map(bytes),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_what_was_packed_comes_out_whatever_the_pieces(encoding, body, cuts):
    packed, unpacker, out = PACKERS[encoding](body), Unpacker(encoding), b""
    ends = sorted({min(cut, len(packed)) for cut in cuts} | {len(packed)})
    for start, end in zip([0, *ends], ends, strict=False):
        for piece in unpacker.feed(packed[start:end]):
            assert encoding in ("", "identity") or 0 < len(piece) <= MAX_PIECE_BYTES
            out += piece
    unpacker.close()
    assert out == body


@example(65_537, 1)  # of which all is taken in, and a byte not yet given out
@given(st.integers(60_000, 70_000), st.integers(0, 9))
def test_deflate_without_a_frame_comes_out_whole_at_any_size(size, level):
    packer = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    unpacker = Unpacker("deflate")
    packed = packer.compress(b"a" * size) + packer.flush()
    assert b"".join(unpacker.feed(packed)) == b"a" * size
    unpacker.close()


@given(st.sampled_from(["gzip", "deflate"]), st.binary(), CUTS)
def test_whatever_comes_unpacking_it_only_raises_what_is_told(encoding, body, cuts):
    unpacker = Unpacker(encoding)
    with suppress(MessageError):
        list(unpacker.feed(body))
        unpacker.close()


@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", b"{"), ("deflate", b"\x78{"), ("deflate", b"\xff")]
)
def test_it_is_told_what_it_is_not(encoding, body):
    with pytest.raises(MessageError, match=f"^no {encoding}: "):
        list(Unpacker(encoding).feed(body * 9))


def test_what_ends_in_the_middle_is_told():
    unpacker = Unpacker("gzip")
    list(unpacker.feed(gzip.compress(b"abc")[:-1]))
    with pytest.raises(MessageError, match=r"^no gzip: it ends in the middle$"):
        unpacker.close()


def test_a_bomb_is_cut_at_its_limit(monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 1_000_000)
    pieces = Unpacker("gzip").feed(gzip.compress(bytes(10_000_000)))
    assert len(list(islice(pieces, 1_000_000 // MAX_PIECE_BYTES))) == 15
    with pytest.raises(TooLargeError, match="unpacks to more than 1000000 bytes"):
        next(pieces)


def test_what_is_small_and_says_very_much_is_cut(monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED_BYTES", 100_000)
    packed = gzip.compress(bytes(1_000_000))  # a thousandth
    with pytest.raises(TooLargeError, match="unpacks to more than 100 times its size"):
        list(Unpacker("gzip").feed(packed))
    assert len(b"".join(Unpacker("gzip").feed(gzip.compress(bytes(90_000))))) == 90_000


def test_a_body_of_very_many_parts_is_refused():
    with pytest.raises(MessageError, match=f"gzip of more than {MAX_MEMBERS} parts"):
        list(Unpacker("gzip").feed(gzip.compress(b"") * (MAX_MEMBERS + 1)))
