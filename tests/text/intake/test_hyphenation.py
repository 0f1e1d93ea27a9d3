"""Words that a printer parted at the end of a line are put together again."""

import pytest

from detector.text.document import Document
from detector.text.intake.hyphenation import rejoin_words

_COLUMN = """The council voted on Tuesday to close the bridge over the Wern, a dis-
tance of some four miles from the harbour, after engineers of the gov-
ernment found cracks in two of its piers, as the mayor had feared when
Ellen Tarr wrote of the repairs, which were short-
term ones."""


@pytest.mark.parametrize(
    ("parted", "whole"),
    [
        ("a dis-\ntance of", "a distance of"),
        ("The Minis-\nter said", "The Minister said"),
        ("the near-by thea-\nter closed", "the near-by theater closed"),
        ("of a short-\nterm lease", "of a short-term lease"),
        ("the anti-\nwar rally", "the anti-war rally"),
        ("the NATO-\nled force", "the NATO-led force"),
        ("of Kurdish-\nheld towns", "of Kurdish-held towns"),
        ("of Minne-\nsota", "of Minnesota"),
        ("was corre-\nspondently low", "was correspondently low"),
    ],
)
def test_a_parted_word_is_put_together_and_a_compound_keeps_its_hyphen(parted, whole):
    normalized, words = rejoin_words(parted)
    assert (normalized.text, words) == (whole, 1)


@pytest.mark.parametrize(
    "text",
    [
        "both pre-\nand post-war bridges",
        "Anglo-\nSaxon graves",
        "a list:\n- one\n- two",
        "the end -\nor so it seemed",
        "state-of-\nthe-art ovens",
        "no hyphen\nat all",
    ],
)
def test_what_is_no_parted_word_stays(text):
    normalized, words = rejoin_words(text)
    assert (normalized.text, words) == (text, 0)


def test_lines_that_were_broken_to_fit_a_width_are_joined():
    document = Document.make(_COLUMN, set())
    assert [sentence.kind for sentence in document.sentences] == ["sentence"]
    assert "a distance of some four miles" in document.sentences[0].text
    assert document.sentences[0].text.endswith("which were short-term ones.")
    assert document.notes == ("parted words: 3 at the ends of lines put together",)


def test_offsets_are_those_of_the_text_as_it_was_given():
    document = Document.make(_COLUMN, set())
    start = document.normalized.text.index("distance")
    start, end = document.normalized.original_span(start, start + len("distance"))
    assert _COLUMN[start:end] == "dis-\ntance"


def test_lines_of_verse_are_not_joined():
    verse = "O moon,\nyour silver gov-\nernment of the tides goes on all night\nAnd on"
    assert rejoin_words(verse)[0].text.count("\n") == 2


def test_each_paragraph_is_put_together_and_paragraphs_stay_apart():
    text, words = rejoin_words(f"{_COLUMN}\n\n{_COLUMN}")
    assert text.text.count("\n") == 2
    assert words == 6
