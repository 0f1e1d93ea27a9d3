"""Typography is made plain as the golden cases say, and no character loses its place."""

import numpy as np
import pytest
from any_text import ANY_TEXT, check_often
from golden.cases import list_faults, load_cases
from hypothesis import example, given

from detector.text.normalization import normalize, normalize_text


def test_golden_texts_are_made_plain() -> None:
    assert list_faults("normalization", lambda text: normalize(text).text) == []
    assert list_faults("normalization", normalize_text) == []


@pytest.mark.parametrize("name", ["sentences", "normalization"])
def test_golden_cases_are_numbered_and_named_once(name: str) -> None:
    cases = load_cases(name)
    letter = name[0].upper()
    assert [c["number"] for c in cases] == [f"{letter}{i:03d}" for i in range(1, len(cases) + 1)]
    for key in ("name", "text"):
        assert len({case[key] for case in cases}) == len(cases)


def test_plain_text_stays_as_it_is() -> None:
    plain = [case["expected"] for case in load_cases("normalization")]
    assert [normalize_text(text) for text in plain] == plain


@given(ANY_TEXT)
@example("&amp;nbsp;&amp;nbsp;a")
@example("&lt  ;")
@example("a \u200b .")
@example("x ,— y")
@example("‘’")
@example("––")
@example("ﬁ\u0301")
@example("＆amp;")
@check_often
def test_normalizing_twice_is_normalizing_once(text: str) -> None:
    once = normalize_text(text)
    assert normalize_text(once) == once


@given(ANY_TEXT)
@check_often
def test_normalized_offsets_are_ordered_and_inside_the_text(text: str) -> None:
    normalized = normalize(text)
    assert normalized.text == normalize_text(text)
    assert len(normalized.starts) == len(normalized.ends) == len(normalized.text)
    if normalized.text:
        assert np.all(normalized.starts < normalized.ends)
        assert np.all(np.diff(normalized.starts) >= 0)
        assert np.all(np.diff(normalized.ends) >= 0)
        assert normalized.starts[0] >= 0
        assert normalized.ends[-1] <= len(text)


@given(ANY_TEXT)
@check_often
def test_a_character_that_stays_is_found_at_its_offset(text: str) -> None:
    normalized = normalize(text)
    for i, character in enumerate(normalized.text):
        start, end = normalized.original_span(i, i + 1)
        # A piece of one letter or digit either is that very character or was decoded from more.
        if character.isalnum() and end - start == 1 and ord(text[start]) < 0x2100:
            assert normalize_text(text[start:end]) == character


def test_original_span_of_replaced_pieces() -> None:
    text = "“The&nbsp;ﬁre—said Velik&#39;s aide …"
    normalized = normalize(text)
    assert normalized.text == "\"The fire - said Velik's aide ..."

    def original(piece: str) -> str:
        start = normalized.text.index(piece)
        return text[slice(*normalized.original_span(start, start + len(piece)))]

    assert original('"') == "“"
    assert original("The ") == "The&nbsp;"
    assert original("fire") == "ﬁre"
    assert original("i") == "ﬁ"  # half a ligature is the whole of it
    assert original(" - ") == "—"
    assert original("Velik's") == "Velik&#39;s"
    assert original("...") == "…"


def test_original_span_of_nothing_and_of_the_outside() -> None:
    normalized = normalize("a  b ")
    assert normalized.text == "a b "
    assert normalized.original_span(2, 2) == (3, 3)
    assert normalized.original_span(4, 4) == (5, 5)
    assert normalize("").original_span(0, 0) == (0, 0)
    for start, end in [(-1, 1), (2, 1), (0, 5)]:
        with pytest.raises(IndexError, match="outside a text of 4 characters"):
            normalized.original_span(start, end)
