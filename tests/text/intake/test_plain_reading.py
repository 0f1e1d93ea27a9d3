"""What hides words is taken away, said, and costs no offset."""

from __future__ import annotations

import json
import quopri
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from any_text import ANY_TEXT, check_often
from hypothesis import given

from detector.text.document import Document
from detector.text.intake.plain_reading import read_plainly
from detector.text.normalization import normalize_text

EXAMPLES = Path(__file__).parents[3] / "data/example_articles"
ARTICLE = (EXAMPLES / "original.txt").read_text(encoding="utf-8")
CYRILLIC = dict(zip("aceopxyABEKMHOPCTX", "асеорхуАВЕКМНОРСТХ", strict=True))
GREEK = dict(zip("ovpABEZHIKMNOPTYX", "ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True))
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200d\u2060\u2064\u206a\u3164\ufe0f\ufeff\uffa0"
)
ENCODINGS = {
    "URL-encoded": quote,
    "URL-encoded form": quote_plus,
    "URL-encoded twice": lambda text: quote(quote(text)),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "JSON escapes": lambda text: json.dumps(text)[1:-1],
}


def disguise(text: str, table: dict[str, str], every: int) -> str:
    pieces, seen = [], 0
    for letter in text:
        seen += letter in table
        pieces.append(table[letter] if letter in table and seen % every == 0 else letter)
    return "".join(pieces)


def misread(text: str, encoding: str) -> str:
    # Some bytes have no meaning there, and stay controls.
    return "".join(bytes([b]).decode(encoding, "ignore") or chr(b) for b in text.encode())


def check_offsets(text: str) -> None:
    """Check that the sentences found in a text read what the plain article's read."""
    found, plain = (Document.make(each, (), "en").sentences for each in (text, ARTICLE))
    assert [sentence.text for sentence in found] == [sentence.text for sentence in plain]
    for sentence in found:
        piece = read_plainly(text[sentence.start : sentence.end]).text.text
        assert piece.split()[-1][-4:] == sentence.text.split()[-1][-4:]


@pytest.mark.parametrize("invisible", [*INVISIBLE, "\U000e0041", "\U0001d173", "\ufff0"])
def test_nobody_sees_them(invisible: str) -> None:
    text = invisible.join(ARTICLE)
    document = Document.make(text, ())
    assert document.language == "en"
    assert document.normalized.text == normalize_text(ARTICLE)
    first = document.sentences[0]
    assert text[first.start : first.end].replace(invisible, "") == first.text


@pytest.mark.parametrize("table", [CYRILLIC, GREEK], ids=["Cyrillic", "Greek"])
@pytest.mark.parametrize("every", [1, 2, 5, 20])
def test_letters_in_disguise_are_read(table: dict[str, str], every: int) -> None:
    text = disguise(ARTICLE, table, every)
    document = Document.make(text, ())
    assert document.language == "en"
    (note,) = document.notes
    count = sum(a != b for a, b in zip(text, ARTICLE, strict=True))
    if table is CYRILLIC:
        assert document.normalized.text == normalize_text(ARTICLE)
        assert note == f"disguised letters: {count:,} read as the Latin ones they imitate"
        check_offsets(text)


@pytest.mark.parametrize(
    "text",
    [
        "The newspaper «Правда» wrote that the сор рос и рос before the council met.",
        "Levels of β-carotene fell by 4 μg, and α and σ stayed as they were.",
        "The word Μουσείο stands above the door of the museum in Athens.",
        "Erdoğan met Şahin in Łódź, and Dvořák was played in the café.",
    ],
)
def test_honest_letters_stay(text: str) -> None:
    reading = read_plainly(text)
    assert reading.text.text == normalize_text(text)
    assert reading.notes == ()


@pytest.mark.parametrize(
    "encoding",
    "cp1252 latin-1 mac_roman cp1250 cp1251 cp1253 cp1257 koi8-r cp437 cp850 cp866".split(),
)
def test_what_was_read_in_the_wrong_encoding_is_repaired(encoding: str) -> None:
    text = misread(ARTICLE.replace("£", ""), encoding)
    reading = read_plainly(text)
    assert reading.text.text == normalize_text(ARTICLE.replace("£", ""))
    (note,) = reading.notes
    assert note.startswith("repaired characters: ")


def test_twice_read_wrongly_is_repaired() -> None:
    text = misread(misread(ARTICLE, "cp1252"), "cp1252")
    assert read_plainly(text).text.text == normalize_text(ARTICLE)


def test_controls_are_read_as_windows_1252() -> None:
    text = ARTICLE.encode("cp1252").decode("latin-1")
    assert "\x93" in text
    document = Document.make(text, ())
    assert document.normalized.text == normalize_text(ARTICLE)
    (note,) = document.notes
    assert note.startswith("repaired characters: ")
    check_offsets(text)


@pytest.mark.parametrize(
    "text",
    [
        "Большая статья о том, как Вася ехал в «Ёлкино» и В» ушёл.",
        "┌──┬──┐ │ │ ├──┤ ¬x √2 ≈3, țară ĂŞTI, Győr’s “Űrállomás”, Ķegums.",
        "The CAFÉ’S door, OLÉ… and “SÃO” – Ã la carte, ÅÄÖ, Ñandú, São Paulo’s.",
        "Line one\x85Line two",
        "100 % of 5=6 and a=20, see a?b=c&d=%20e or x+y=z.",
        "Write \\u0041 for the letter.",
    ],
)
def test_what_is_right_stays(text: str) -> None:
    reading = read_plainly(text)
    assert reading.text.text == normalize_text(text)
    assert reading.notes == ()


@pytest.mark.parametrize("name", ENCODINGS)
def test_encoded_texts_are_decoded(name: str) -> None:
    text = ENCODINGS[name](ARTICLE)
    document = Document.make(text, ())
    assert document.normalized.text == normalize_text(ARTICLE)
    (note,) = document.notes
    assert note.endswith(": decoded")
    assert name.startswith(note.split(":")[0])
    first = document.sentences[2]
    assert text[first.start :].startswith("The")


@given(ANY_TEXT)
@check_often
def test_offsets_stay_within_the_text(text: str) -> None:
    reading = read_plainly(text)
    starts, ends = reading.text.starts.tolist(), reading.text.ends.tolist()
    assert len(starts) == len(ends) == len(reading.text.text)
    assert starts == sorted(starts)
    assert all(0 <= a < b <= len(text) for a, b in zip(starts, ends, strict=True))


def test_lines_under_headings_are_no_soft_line_breaks() -> None:
    paragraphs = ARTICLE.split("\n\n")
    text = "\n\n".join(f"Part {n}\n======\n\n{part}" for n, part in enumerate(paragraphs))
    assert not any("quoted-printable" in note for note in Document.make(text, ()).notes)
