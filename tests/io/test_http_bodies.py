"""Bodies of HTTP, whatever codings their headers name."""

from __future__ import annotations

import gzip
import zlib

import pytest

from detector.io.faults import UnreadableError
from detector.io.readers.http_bodies import decode_body

PAGE = b"".join(
    b"<p>On day %d the mill by the weir ground flour again.</p>" % n for n in range(200)
)


def chunk(body: bytes, size: int = 700, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def deflate_bare(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


MEMBERS = gzip.compress(PAGE[:900]) + gzip.compress(PAGE[900:])


@pytest.mark.parametrize(
    ("transfer", "content", "body"),
    [
        ("", "", PAGE),
        ("chunked", "", chunk(PAGE)),
        ("Chunked", "", chunk(PAGE)),
        ("chunked", "", chunk(PAGE, end=b"0\r\nDigest: x\r\n\r\n")),
        ("chunked", "", chunk(PAGE).replace(b"2bc\r\n", b"2BC;name=value\r\n")),
        ("chunked", "", PAGE),
        ("gzip, chunked", "", chunk(gzip.compress(PAGE))),
        ("identity", "", PAGE),
        ("", "gzip", gzip.compress(PAGE)),
        ("", "GZIP ", gzip.compress(PAGE)),
        ("", "x-gzip", gzip.compress(PAGE)),
        ("", "gzip", MEMBERS),
        ("chunked", "gzip", chunk(MEMBERS)),
        ("", "gzip", gzip.compress(PAGE) + b"behind it"),
        ("", "gzip", PAGE),
        ("", "gzip, gzip", gzip.compress(gzip.compress(PAGE))),
        ("", "deflate", zlib.compress(PAGE)),
        ("", "deflate", deflate_bare(PAGE)),
        ("", "deflate", PAGE),
    ],
)
def test_a_body_is_decoded_as_its_headers_say(transfer: str, content: str, body: bytes) -> None:
    assert decode_body(body, transfer, content) == (PAGE, None)


def test_digits_in_the_first_line_are_no_chunk() -> None:
    page = b"1\n" + PAGE
    assert decode_body(page, "chunked", "") == (page, None)


@pytest.mark.parametrize(
    ("transfer", "content", "body", "name"),
    [
        ("chunked", "", chunk(PAGE)[:-300], "Transfer"),
        ("chunked", "", chunk(PAGE, end=b""), "Transfer"),
        ("chunked", "", chunk(PAGE).replace(b"\r\n2bc\r\n", b"\r\n2bc?\r\n"), "Transfer"),
        ("", "gzip", gzip.compress(PAGE)[:-300], "Content"),
        ("", "gzip", MEMBERS[:-20], "Content"),
        ("", "deflate", zlib.compress(PAGE)[:-9], "Content"),
    ],
)
def test_what_stands_before_a_break_is_kept(
    transfer: str, content: str, body: bytes, name: str
) -> None:
    decoded, note = decode_body(body, transfer, content)
    assert PAGE.startswith(decoded)
    assert len(decoded) >= 700
    assert note == f"cut off inside its {name}-Encoding"


@pytest.mark.parametrize(
    ("content", "body", "reason"),
    [
        ("gzip", gzip.compress(PAGE)[:10] + b"\xff" * 40, "its Content-Encoding is broken"),
        ("deflate", zlib.compress(PAGE)[:10] + b"\xff" * 400, "its Content-Encoding is broken"),
        ("br", PAGE, "its Content-Encoding 'br' cannot be decoded"),
    ],
)
def test_what_cannot_be_decoded_is_no_page(content: str, body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        decode_body(body, "", content)
