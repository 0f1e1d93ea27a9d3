"""One bad byte costs one byte; real Windows-1252 is still read as such."""

from __future__ import annotations

import pytest

from detector.io.encodings import decode, find_mark
from detector.io.faults import UnreadableError

TEXT = "“No,” said the café’s owner. “We’ll stay.” It rained — as it does in Thornbury."
PLAIN = "The council met on Tuesday. It closed the bakery that stood at the corner of the lane."
LOST = "\ufffd"


@pytest.mark.parametrize("byte", [b"\x81", b"\x92", b"\xe9", b"\xff", b"\x80"])
@pytest.mark.parametrize("place", [0, 1, 12, 40])
def test_one_stray_byte_in_utf_8_is_all_that_is_lost(byte: bytes, place: int) -> None:
    content = TEXT[:place].encode() + byte + TEXT[place:].encode()
    text, note = decode(content)
    assert text == TEXT[:place] + LOST + TEXT[place:]
    at = len(TEXT[:place].encode())
    assert note == f"byte {at} is not UTF-8: lost"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf_8_may_be_cut_anywhere(mark: bytes) -> None:
    content = TEXT.encode()
    for end in range(12, len(content)):
        text, note = decode(mark + content[:end], find_mark(mark))
        whole = content[:end].decode(errors="ignore")
        cut = len(whole.encode()) < end
        assert text == whole + LOST * cut
        assert (note is not None) == cut


def test_several_lost_bytes_are_counted() -> None:
    content = TEXT.encode()
    text, note = decode(content[:20] + b"\xff" + content[20:50] + b"\xfe" + content[50:])
    assert text.replace(LOST, "") == TEXT
    assert note == "byte 20 is not UTF-8, nor are 1 others: lost"


@pytest.mark.parametrize("text", [TEXT, "It closed the café.", "café", "“Never”", "naïve £5 – ½"])
def test_windows_1252_is_read_as_such(text: str) -> None:
    read, note = decode(text.encode("cp1252"))
    assert read == text
    assert note is not None
    assert note.endswith("read as Windows-1252")


def test_one_byte_that_windows_1252_lacks_is_all_that_is_lost() -> None:
    text, note = decode(PLAIN[:30].encode() + b"\x81" + PLAIN[30:].encode())
    assert text == PLAIN[:30] + LOST + PLAIN[30:]
    assert note == "byte 30 is not UTF-8: lost"
    text, note = decode(TEXT.encode("cp1252") + b"\x9d")
    assert text == TEXT + LOST
    assert note == "byte 0 is not UTF-8: read as Windows-1252, in which 1 are lost"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_characters_may_be_cut(encoding: str) -> None:
    content = TEXT.encode(encoding)[:-1]
    text, note = decode(content, encoding)
    assert text == TEXT[:-1] + LOST
    assert note is not None
    assert note.endswith("the text is cut there")


@pytest.mark.parametrize("content", [b"fine so far \x81\x8d", bytes(range(128, 256)) * 3])
def test_what_is_mostly_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="not text in a known encoding"):
        decode(content)
