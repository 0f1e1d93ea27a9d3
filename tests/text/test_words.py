"""Words tile what is not blank, each with its offsets."""

from any_text import ANY_TEXT, check_often
from hypothesis import given

from detector.text.words import count_words, split_words, tokenize


def test_words_and_their_offsets() -> None:
    text = "Don't cut COVID-19 build-up, U.S. aid of $1,250.50 (or 3rd)... at 10:30pm!"
    words = split_words(text)
    assert [w.text for w in words] == [
        *("Don't", "cut", "COVID-19", "build-up", ",", "U.S.", "aid", "of", "$", "1,250.50", "("),
        *("or", "3rd", ")", "...", "at", "10:30pm", "!"),
    ]
    assert all(text[w.start : w.end] == w.text for w in words)
    assert [w.text for w in words if not w.is_word] == [",", "$", "(", ")", "...", "!"]
    assert count_words(text) == 12


@given(ANY_TEXT)
@check_often
def test_words_tile_what_is_not_blank(text: str) -> None:
    words = split_words(text)
    assert tokenize(text) == [w.text for w in words]
    assert all(text[w.start : w.end] == w.text for w in words)
    at = 0
    for word in words:
        assert not text[at : word.start].strip()
        at = word.end
    assert not text[at:].strip()
