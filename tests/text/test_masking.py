"""A masked sentence hides names, numbers, quotation marks and spelling, and keeps places."""

from any_text import check_often
from hypothesis import given
from hypothesis import strategies as st

from detector.text.masking import NAME_PLACEHOLDER, mask_sentence
from detector.text.spelling import americanize

COMMON_WORDS = frozenset(
    "the a of in on and said mayor pool was color program travel to it".split()
)


def test_names_numbers_and_spelling_are_hidden() -> None:
    sentence = 'The mayor, Anna Velik\'s aide said, saw 1,250 "colours" of the U.S. programme.'
    masked = mask_sentence(sentence, COMMON_WORDS)
    assert masked.text == ("the mayor , xx 's aide said , saw 0 colors of the xx program .")
    assert masked.text == " ".join(masked.words)
    pointed_at = [sentence[start:end] for start, end in masked.places]
    assert pointed_at[masked.words.index("xx")].startswith("Anna Velik")
    assert pointed_at[masked.words.index("colors")] == "colours"
    assert pointed_at[masked.words.index("0")] == "1,250"
    assert mask_sentence("a 3-day trip", COMMON_WORDS).words == ("a", "0-day", "trip")
    assert pointed_at[masked.words.index("'s")] == "'s"


def test_first_word_is_a_common_word_or_a_name() -> None:
    assert mask_sentence("Mayor Velik said it.", COMMON_WORDS).words[:2] == ("mayor", "xx")
    assert mask_sentence("Velik said it.", COMMON_WORDS).words[0] == "xx"
    assert mask_sentence("I said it.", COMMON_WORDS).words[0] == "i"
    assert mask_sentence("", COMMON_WORDS).words == ()


SOME_WORDS = [
    *("the", "The", "mayor", "Mayor", "Velik", "Velik's", "U.S.", "NATO", "I", "I'm", "colour"),
    *("Travelled", "don't", "build-up", "1,250", "3-day", "10:30pm", "$5", '"', "'", ",", ".", "-"),
]


@given(st.lists(st.sampled_from(SOME_WORDS), max_size=14).map(" ".join))
@check_often
def test_places_point_at_the_right_words(sentence: str) -> None:
    masked = mask_sentence(sentence, COMMON_WORDS)
    assert len(masked.words) == len(masked.places)
    assert [start for start, _ in masked.places] == sorted(start for start, _ in masked.places)
    for word, (start, end) in zip(masked.words, masked.places, strict=True):
        piece = sentence[start:end]
        assert piece == piece.strip() != ""
        if word == NAME_PLACEHOLDER:
            assert piece[0].isupper()
        elif word[0] == "0":
            assert piece[0].isdigit()
        else:
            assert word == americanize(piece.lower())
