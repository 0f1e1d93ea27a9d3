"""Texts are made plain and cut up as the golden cases say, and no character loses its place."""

import importlib
import json
import multiprocessing
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.text.masking import NAME_PLACEHOLDER, mask_sentence
from detector.text.normalization import normalize, normalize_text
from detector.text.sentences import split_sentences
from detector.text.spelling import americanize
from detector.text.words import count_words, split_words, tokenize

GOLDEN = Path(__file__).parent / "golden"

# The characters that the patterns of detector.text.normalization know, and a few that they do not.
PIECES = [
    *" \t\u00a0\u3000\n\r\u2028.,;:!?%)](['\"“”‘’„«»`´′″-–—‐−…&;#/aéAbZ01ﬁ＆！．Ω№م字🎉",
    *("\u200b", "\u00ad", "\ufeff", "\x00", "\x1f", "\u0301", "\u0323", "\ud800"),
    *("&amp;", "&#39;", "amp;", "#38;", "&nbsp;", " ;", "&lt", "...", ". . .", "--"),
    *("Mr", "U.S.", "He ", "said ", "By ", "Photo: ", "(AP)", "comment"),
]
ANY_TEXT = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=16).map("".join), st.text(max_size=40)
)
check_often = settings(max_examples=400, deadline=None, derandomize=True)


def load_cases(name: str) -> list[Any]:
    cases = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return [pytest.param(case, id=f"{case['id']} {case['name']}") for case in cases]


def letters_of(text: str) -> str:
    return "".join(re.findall(r"[^\W_]", text))


@pytest.mark.parametrize("name", ["sentences.json", "normalization.json"])
def test_golden_cases_are_numbered_and_named_once(name: str) -> None:
    cases = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    letter = name[0].upper()
    assert [case["id"] for case in cases] == [f"{letter}{i:03d}" for i in range(1, len(cases) + 1)]
    for key in ("name", "text"):
        assert len({case[key] for case in cases}) == len(cases)


# ------------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("case", load_cases("normalization.json"))
def test_normalization(case: dict[str, str]) -> None:
    normalized = normalize(case["text"])
    assert normalized.text == case["expected"]
    assert normalize_text(case["text"]) == case["expected"]
    assert normalize_text(case["expected"]) == case["expected"]


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


# ------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize("case", load_cases("sentences.json"))
def test_sentences(case: dict[str, Any]) -> None:
    sentences = split_sentences(case["text"])
    assert [[s.kind, s.text] for s in sentences] == case["expected"]


@pytest.mark.parametrize("case", load_cases("sentences.json"))
def test_sentence_offsets_lead_to_the_same_letters(case: dict[str, Any]) -> None:
    text = case["text"]
    for sentence in split_sentences(text):
        found = normalize_text(text[sentence.start : sentence.end])
        assert letters_of(found) == letters_of(sentence.text)


@given(ANY_TEXT)
@example("\n- % Ω")
@check_often
def test_sentences_are_ordered_and_lose_no_letter(text: str) -> None:
    sentences = split_sentences(text)
    at = 0
    for sentence in sentences:
        assert at <= sentence.start < sentence.end <= len(text)
        at = sentence.end
        found = normalize_text(text[sentence.start : sentence.end])
        assert letters_of(found) == letters_of(sentence.text)
        assert "\n" not in sentence.text
        assert sentence.text == sentence.text.strip()
    assert letters_of("".join(s.text for s in sentences)) == letters_of(normalize_text(text))


GOLDEN_SENTENCES = json.loads((GOLDEN / "sentences.json").read_text(encoding="utf-8"))


@given(st.lists(st.sampled_from(GOLDEN_SENTENCES), max_size=6))
@check_often
def test_paragraphs_are_cut_one_by_one(cases: list[dict[str, Any]]) -> None:
    text = "\n\n".join(case["text"] for case in cases)
    expected = [piece for case in cases for piece in case["expected"]]
    assert [[s.kind, s.text] for s in split_sentences(text)] == expected


def test_offsets_of_sentences_in_a_scraped_article() -> None:
    text = (
        "Council shuts pool\r\n\r\n“We had no choice,” Velik&#39;s aide said."
        "The pool—built in 1931 —is shut .\r\n\r\nLeave a Comment"
    )
    found = [(s.kind, text[s.start : s.end]) for s in split_sentences(text)]
    assert found == [
        ("headline", "Council shuts pool"),
        ("sentence", "“We had no choice,” Velik&#39;s aide said."),
        ("sentence", "The pool—built in 1931 —is shut ."),
        ("boilerplate", "Leave a Comment"),
    ]


def test_a_long_line_is_no_boilerplate() -> None:
    sentence = "Photo: " + "and then the council met again " * 20
    assert [s.kind for s in split_sentences(sentence)] == ["headline"]


@pytest.mark.parametrize("line", ["Close", "close", "CLOSE", "  Close…", "» Close", "Close!"])
def test_boilerplate_is_known_in_any_case_and_trim(line: str) -> None:
    assert [s.kind for s in split_sentences(line)] == ["boilerplate"]


# ------------------------------------------------------------------------------- words


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


# ------------------------------------------------------------------------------- views

COMMON_WORDS = frozenset(
    "the a of in on and said mayor pool was color program travel to it".split()
)


def test_view_hides_names_numbers_and_spelling() -> None:
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


def test_view_of_a_sentence_that_starts_with_a_common_word_or_a_name() -> None:
    assert mask_sentence("Mayor Velik said it.", COMMON_WORDS).words[:2] == ("mayor", "xx")
    assert mask_sentence("Velik said it.", COMMON_WORDS).words[0] == "xx"
    assert mask_sentence("I said it.", COMMON_WORDS).words[0] == "i"
    assert mask_sentence("", COMMON_WORDS).words == ()


VIEW_WORDS = [
    *("the", "The", "mayor", "Mayor", "Velik", "Velik's", "U.S.", "NATO", "I", "I'm", "colour"),
    *("Travelled", "don't", "build-up", "1,250", "3-day", "10:30pm", "$5", '"', "'", ",", ".", "-"),
]


@given(st.lists(st.sampled_from(VIEW_WORDS), max_size=14).map(" ".join))
@check_often
def test_view_places_point_at_the_right_words(sentence: str) -> None:
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


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("colour", "color"),
        ("Neighbourhood", "Neighborhood"),
        ("organisations", "organizations"),
        ("analysed", "analyzed"),
        ("kilometres", "kilometers"),
        ("travelling", "traveling"),
        ("defence", "defense"),
        ("licences", "licenses"),
        ("programme", "program"),
        ("four", "four"),
        ("promise", "promise"),
        ("council", "council"),
        ("hour", "hour"),
        ("socialism", "socialism"),
    ],
)
def test_americanize(british: str, american: str) -> None:
    assert americanize(british) == american


# ------------------------------------------------------------------------------- long input

_LENGTH = 100_000
HOSTILE_UNITS = [
    *("a.", "a-", "a'", "a1", "1,", "_", "&", "&amp", "amp;", "&#38;#38;", ".", ". ", "!?", ",,"),
    *("...x", '."', '" ', "“", "“ ", "( ", "-", "- ", "—", "— ", "\u200b", "\u200b ", "\x00 "),
    *("e\u0301", "\n", "\n ", " \r\n", "x\nY", "1. A ", "x A. The ", "Ab c. ", "abc.De f", "p.m. "),
    *("(ap ", "By Ab ", "Share ", "A B C. D ", "“Go!” Ab said. ", "Ж. ", "م", "🎉", "word "),
]
HOSTILE_TEXTS = [
    *("x" + (unit * _LENGTH)[:_LENGTH] + "a" for unit in HOSTILE_UNITS),
    *("x" + (unit * 400)[:390] + "\n" for unit in HOSTILE_UNITS),
    *(unit * 1_000_000 for unit in ("a", " ", "vote")),
    ("the council voted and " * 4 + "\n") * 1_000,
]


_CPU_SECONDS = 60  # a tenth is enough; a pattern that backtracks takes minutes, or for ever


def _cut_up(texts: list[str], done: Any) -> None:
    resource = importlib.import_module("resource")
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    for text in texts:
        split_sentences(text)
        split_words(text)
        done.value += 1


def test_no_text_makes_a_pattern_backtrack_for_ever() -> None:
    pytest.importorskip("resource", reason="only POSIX can bound the CPU time of a process")
    context = multiprocessing.get_context("spawn")
    done = context.Value("i", 0)
    process = context.Process(target=_cut_up, args=(HOSTILE_TEXTS, done))
    process.start()
    process.join()
    stuck_at = HOSTILE_TEXTS[done.value][:20] if done.value < len(HOSTILE_TEXTS) else ""
    assert process.exitcode == 0, f"stopped at {stuck_at!r}..."
    assert done.value == len(HOSTILE_TEXTS)
