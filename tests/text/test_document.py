"""A document is cut once, and every offset that it gives is one in the caller's text."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features.extractor import find_judged
from detector.text.document import MAXIMUM_CHARACTERS, Document, is_judged
from detector.text.language import ENGLISH, UNKNOWN
from detector.text.masking import mask_sentence
from detector.text.normalization import normalize
from detector.text.sentences import split_sentences

COMMON = frozenset({"we", "they", "crew", "men", "left", "the", "a", "first", "line"})
TEXT = "A first line.\n\n“We &amp; they — the crew’s  men — left…”  she said 🙂 at 9 p.m. today."


def test_a_document_holds_what_is_cut_from_its_text() -> None:
    document = Document.make(TEXT, COMMON)
    assert document.text == TEXT
    assert document.language == ENGLISH
    assert document.notes == ()
    assert document.normalized.text == normalize(TEXT).text
    assert list(document.sentences) == split_sentences(TEXT)
    assert document.masked_sentences == tuple(
        mask_sentence(sentence.text, COMMON) for sentence in document.sentences
    )


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Document.make(TEXT, COMMON).language = "de"  # type: ignore[misc]


def test_words_are_found_in_the_callers_text() -> None:
    document = Document.make(TEXT, COMMON)
    found = []
    for index, masked in enumerate(document.masked_sentences):
        for word, (start, end) in zip(
            masked.words, document.place(index, masked.places), strict=True
        ):
            found.append(TEXT[start:end])
            if word.isalpha() and word != "xx":
                assert found[-1].lower().replace("’", "'").startswith(word.lower()[:2])
    assert {"&amp;", "crew’s", "men", "left", "…", "p.m."} <= set(found)


PIECES = [
    *("The ", "ferry ", "ran ", "aground ", "Halden ", "said ", "of ", "the ", "12 ", "grey "),
    *("“", "”", "’s ", "&amp; ", "&nbsp;", " — ", "… ", ". ", ".\n\n", "\n", "🎉 ", "ﬁrst "),
    *("é", "e\u0301 ", '"', "'", ", ", "Leave a Comment\n\n", "\u2028", "\u200b", "- ", "? "),
    *("&amp;quot;", "\ud83d", " .", "(", " ) ", "\r\n", "U.S. "),
]  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_sentences_and_words_stand_where_they_are_said_to_stand(text: str) -> None:
    document = Document.make(text, COMMON, ENGLISH)
    flat = document.normalized.text.replace("\n", " ")
    at = 0
    for index, (sentence, masked) in enumerate(
        zip(document.sentences, document.masked_sentences, strict=True)
    ):
        first = sentence.normalized_start
        assert first >= at
        at = first + len(sentence.text)
        assert flat[first:at] == sentence.text
        assert document.place(index, [(0, len(sentence.text))]) == [(sentence.start, sentence.end)]
        for start, end in document.place(index, masked.places):
            assert sentence.start <= start < end <= sentence.end


@pytest.mark.parametrize(("text", "language"), [("", None), (" \n\t ", None), ("1204", UNKNOWN)])
def test_what_is_no_english_is_not_cut(text: str, language: str | None) -> None:
    document = Document.make(text, COMMON)
    assert (document.language, document.sentences) == (language, ())
    assert document.normalized.text == ""


def test_a_known_language_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    def guess(text: str) -> str:
        raise AssertionError

    monkeypatch.setattr("detector.text.document.guess_language", guess)
    assert Document.make("Prag liegt an der Moldau.", COMMON, "de").sentences == ()
    assert Document.make("Ships sail.", COMMON, ENGLISH).sentences


def test_a_long_text_is_read_in_part_and_noted() -> None:
    line = "The men left at noon.\n"
    text = line * (MAXIMUM_CHARACTERS // len(line) + 50)
    document = Document.make(text, COMMON, ENGLISH)
    assert document.text == text
    assert document.sentences[-1].end <= MAXIMUM_CHARACTERS
    assert document.notes[0] == f"read in part: 200,000 of {len(text):,} characters"


SENTENCE, HEADLINE = "They left the crew at noon. ", "The crew left at noon\n\n"


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        (SENTENCE * 3, 2),
        (HEADLINE * 3, 2),
        (HEADLINE * 2 + SENTENCE * 2, 2),
        # One name and a word: never judged.
        ("Anna Maria Lind left. " * 3, 0),
        ("The crew left. " * 3, 0),
        ("Leave a Comment\n\n" * 3, 0),
        (SENTENCE + HEADLINE, 0),
    ],
)
def test_what_is_noted_to_come_again_is_what_is_not_judged_again(text: str, repeats: int) -> None:
    document = Document.make(text, COMMON, ENGLISH)
    assert document.notes == (
        (f"repeated sentences: {repeats} not counted again",) if repeats else ()
    )
    pairs = zip(document.sentences, document.masked_sentences, strict=True)
    assert sum(is_judged(*pair) for pair in pairs) == len(find_judged(document)) + repeats


def test_half_a_character_is_replaced_and_noted() -> None:
    text = "The st\ud800rm left \udc00 at noon."
    document = Document.make(text, COMMON, ENGLISH)
    assert document.notes == ("broken characters: 2 read as \ufffd",)
    (sentence,) = document.sentences
    assert (sentence.start, sentence.end) == (0, len(text))
    assert sentence.text == "The st\ufffdrm left \ufffd at noon."
