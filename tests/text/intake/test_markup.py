"""A text with the tags of HTML is read as its page shows it, and costs no offset."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import Detector
from detector.text.document import Document
from detector.text.intake.markup import read_markup
from detector.text.intake.plain_reading import read_plainly
from detector.text.normalization import normalize_text

EXAMPLES = Path(__file__).parents[3] / "data/example_articles"
ARTICLE = (EXAMPLES / "original.txt").read_text(encoding="utf-8").strip()
PARAGRAPHS = [line for line in ARTICLE.split("\n") if line]
MENU = "".join(f'<li><a href="/{n}">Section {n} of our paper</a></li>' for n in range(9))
IN_PARAGRAPHS = "".join(f"<p>{html.escape(line)}</p>" for line in PARAGRAPHS)


def make_page(article: str) -> str:
    return (
        "<!DOCTYPE html><html><head><title>Harbour opens</title><style>p > a {x: y}</style></head>"
        f"<body><nav><ul>{MENU}</ul></nav><!-- <p>never shown</p> --><main>{article}</main>"
        f"<script>if (a < b) document.write('<p>Not a word</p>');</script><ul>{MENU}</ul>"
        "<footer><p>Write to us at any time.</p></footer></body></html>"
    )


DRESSES = {
    "paragraphs": IN_PARAGRAPHS,
    "divisions": "".join(f'<div class="a > b">{html.escape(line)}</div>' for line in PARAGRAPHS),
    "line breaks": "<br/>".join(map(html.escape, PARAGRAPHS)),
    "list": f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in PARAGRAPHS)}</ul>",
    "capitals": IN_PARAGRAPHS.replace("<p>", "<P ALIGN=left>").replace("</p>", "</P>"),
    "never closed": "".join(f"<p>{html.escape(line)}\n" for line in PARAGRAPHS),
    "inline": re.sub(r"\b(the|and)\b", r'<em class="x">\1</em>', IN_PARAGRAPHS),
    "wrapped": re.sub(r" (\w+) (\w+) ", r" \1\n\2 ", IN_PARAGRAPHS),
    "aside": f'<aside class="content">{IN_PARAGRAPHS}</aside>',
    "page": make_page(IN_PARAGRAPHS),
    "escaped": html.escape(IN_PARAGRAPHS),
    "escaped twice": html.escape(html.escape(IN_PARAGRAPHS)),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_an_article_with_tags_is_read_as_the_article(dress: str) -> None:
    text = DRESSES[dress]
    document = Document.make(text, ())
    plain = Document.make("\n\n".join(PARAGRAPHS), ())
    assert [s.text for s in document.sentences] == [s.text for s in plain.sentences]
    (note,) = [note for note in document.notes if not note.startswith("repeated")]
    assert note.startswith("HTML: ")
    for sentence in document.sentences:
        piece = read_plainly(re.sub(r"<[^<>]+>", "", text[sentence.start : sentence.end]))
        assert piece.text.text.split()[:1] == sentence.text.split()[:1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>It rained.<sup>3</sup> He left.</p>", "It rained. He left."),
        ("<p>It rained.<sup><a href='#n'>[3]</a></sup> He left.</p>", "It rained. He left."),
        ("<p>The 10<sup>th</sup> of May, 40 m<sup>2</sup>.</p>", "The 10th of May, 40 m2."),
        ("<p>A <b>bold</b> <i>man</i>.</p><p>He &amp; she.</p>", "A bold man.\n\nHe & she."),
        (
            "<p>One.</p><p><a href='/x'>Another article altogether</a></p><p>Two.</p>",
            "One.\n\nTwo.",
        ),
        ("<p><a href='/x'>The whole sentence is a link.</a></p>", "The whole sentence is a link."),
        ("<figure><img src=x><figcaption>A boat.</figcaption></figure><p>One.</p>", "One."),
        ("<td>North</td><td>South</td>", "North\nSouth"),
    ],
)
def test_what_a_page_shows_as_prose_is_read(text: str, shown: str) -> None:
    assert read_plainly(text).text.text.strip() == shown


@pytest.mark.parametrize(
    "text",
    [
        "For x < 3 and y > 4 the price <b falls, he said > and left.",
        "Write <p> before a paragraph, the handbook says.",
        "He wrote to <anna@coast.example> and <lars@coast.example> on Monday.",
        "It rained.<br>He left.",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    reading = read_plainly(text)
    assert reading.notes == ()
    assert reading.text.text == normalize_text(text)


PIECES = [
    *("<p>", "</p>", "<a href='x'>", "</a>", "<br", ">", "<!--", "-->", "<sup>", "</sup>", "<nav>"),
    *("</nav>", "<script>", "</script>", "&lt;p&gt;", "&amp;lt;br&amp;gt;", "One. ", "two", "\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_markup_keeps_its_offsets(text: str) -> None:
    shown, _ = read_markup(text)
    starts, ends = shown.starts.tolist(), shown.ends.tolist()
    assert len(starts) == len(ends) == len(shown.text)
    assert starts == sorted(starts)
    assert all(0 <= a < b <= len(text) for a, b in zip(starts, ends, strict=True))
    kept = [(c, text[a]) for c, a, b in zip(shown.text, starts, ends, strict=True) if b == a + 1]
    assert all(c == given or c in " \n" for c, given in kept)


@pytest.mark.parametrize("dress", ["paragraphs", "page", "escaped"])
def test_markup_changes_no_verdict(tiny_detector: Detector, dress: str) -> None:
    plain = tiny_detector.score("\n\n".join(PARAGRAPHS))
    dressed = tiny_detector.score(DRESSES[dress])
    assert dressed.probability == plain.probability
    assert dressed.words == plain.words
    assert [note.split(":")[0] for note in dressed.notes] == ["HTML"]
