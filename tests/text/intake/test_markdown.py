"""Marks of Markdown and of quoted mail go, words and offsets stay."""

from __future__ import annotations

import pytest
from any_text import ANY_TEXT, check_often
from hypothesis import given

from detector.text.intake.markdown import read_markdown
from detector.text.intake.plain_reading import read_plainly


@pytest.mark.parametrize(
    ("given_text", "plain"),
    [
        ("## Harbour news\n\nIt rained.", "Harbour news\n\nIt rained."),
        ("The **mayor** said *so*.", "The mayor said so."),
        ("We __will__ see, he _said_.", "We will see, he said."),
        ("Said [the paper](https://example.org/a_(b)) today.", "Said the paper today."),
        ('Said [it](/b "A title") today.', "Said it today."),
        ("Said [the **old** paper](www.example.org) today.", "Said the old paper today."),
        ("![A ship](https://example.org/ship.jpg)\nIt sank.", "\nIt sank."),
        ("> We will see,\n> he said.", "We will see,\nhe said."),
        ("> > We will see,\n> > he said.", "We will see,\nhe said."),
        ("Above.\n\n---\n\nBelow.", "Above.\n\n\n\nBelow."),
        ("It rained.\n\n[1]: https://example.org/rain", "It rained.\n\n"),
    ],
)
def test_marks_go(given_text: str, plain: str) -> None:
    read, count = read_markdown(given_text)
    assert read.text == plain
    assert count > 0


@pytest.mark.parametrize(
    "text",
    [
        "He said 5 * 3 * 2 is thirty.",
        "The f*ck-up and the sh*t show.",
        "A footnote.* Another.* The end.",
        "The variable snake_case_name is old.",
        "It fell [sic](and hard) on Monday.",
        "> 40 ships were lost.",
        "He was No. 1 [1] and #1 of them.",
        "A - dash - and -- two.",
    ],
)
def test_what_is_no_markdown_stays(text: str) -> None:
    read, count = read_markdown(text)
    assert read.text == text
    assert count == 0


def test_words_keep_their_offsets() -> None:
    text = "> The **mayor** of\n> [Port Ellen](https://example.org) *left*."
    read, _ = read_markdown(text)
    for words in ("mayor", "Port Ellen", "left"):
        start = read.text.index(words)
        first, last = read.original_span(start, start + len(words))
        assert text[first:last] == words


def test_a_note_says_so() -> None:
    assert read_plainly("The **mayor** *left*.").notes == ("Markdown: 2 marks left out",)


@check_often
@given(ANY_TEXT)
def test_any_text_keeps_its_offsets(text: str) -> None:
    read, count = read_markdown(text)
    assert len(read.text) == len(read.starts) == len(read.ends)
    assert (read.text == text) == (count == 0)
