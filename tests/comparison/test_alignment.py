"""Sentences and words of a copy find those they stem from, and every offset is the caller's."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.comparison.alignment import (
    Alignment,
    DescribedText,
    LinkedTexts,
    align,
    find_substitutions,
)
from detector.comparison.alignment_features import (
    ALIGNMENT_COLUMNS,
    MEASURED_KINDS,
    measure_alignment,
)
from detector.comparison.sentence_alignment import group_sentences, make_links
from detector.comparison.sentence_similarity import SentenceForms
from detector.comparison.word_alignment import WORD_LINK_KINDS, align_words
from detector.comparison.word_forms import describe
from detector.results import LINK_KINDS, SentenceLink, Substitution
from detector.text.document import Document
from detector.text.language import ENGLISH
from detector.text.words import tokenize

GOLDEN = Path(__file__).parents[1] / "golden" / "substitutions.jsonl"

ORIGINAL = """\
Ferry runs aground off Halden

The ferry Marit ran aground in thick fog early on Friday with 212 passengers aboard, the coast
guard said. Nobody was hurt, but two dozen people were taken to hospital in Halden as a precaution.
“We heard a loud bang and the lights went out,” said Jonas Berge, a teacher from Oslo. The captain
has told investigators that his radar failed shortly before the accident.

The company said it would refund every ticket, and it promised to help travellers find another way
home. Divers will inspect the hull on Saturday. The harbour stays closed until the wreck has been
towed away, which could take a week.
"""
SPUN = """\
Ferry runs aground off Halden

The ferry Marit ran ashore in dense mist early on Friday with 212 travelers aboard, the coast
guard said. Nobody was harmed, but two dozen individuals were taken to clinic in Halden as a
safety measure. “We heard a noisy bang and the lamps went out,” said Jonas Berge, an instructor
from Oslo. The skipper has told examiners that his radar fizzled shortly before the mishap.

The firm said it would repay every ticket, and it guaranteed to help explorers find another way
home. Jumpers will examine the frame on Saturday. The harbor stays shut until the wreck has been
towed away, which could take seven days.
"""
ANOTHER = """\
Fog strands passengers near Halden

More than 200 people spent Friday night in a school gymnasium after the Marit hit a sandbank.
Rescuers brought them ashore in small boats, among them Jonas Berge and his two daughters.
Opposition politicians in Oslo have asked why the ship sailed at all in such weather. The transport
minister declined to answer until she had spoken to the owners. Tides are expected to lift the
vessel free at the weekend. A similar accident nine years ago cost the operator its licence for the
northern route.
"""


def read(text: str) -> Document:
    return Document.make(text, (), ENGLISH)


def find(copy: str, original: str) -> list[Substitution]:
    return find_substitutions(read(copy), read(original))


def align_texts(copy: str, original: str) -> Alignment:
    return align(read(copy), read(original))


#: (copy, original, what stands in the copy, what stood in the original, kind)
PHRASES = [
    ("He ran to the quay.", "He ran to the pier.", "quay", "pier", "synonym"),
    (
        "The Kharkiw line reopened.",
        "The Kharkiv line reopened.",
        "Kharkiw",
        "Kharkiv",
        "name or number",
    ),
    (
        "They painted it grey today.",
        "They painted it gray today.",
        "grey",
        "gray",
        "spelling",
    ),
    ("A US court ruled.", "A U.S. court ruled.", "US", "U.S.", "spelling"),
    ("It took 12 days.", "It took twelve days.", "12", "twelve", "spelling"),
    ("It cost 43 crowns.", "It cost forty-three crowns.", "43", "forty-three", "spelling"),
    (
        "The council demanded an answer.",
        "The council demands an answer.",
        "demanded",
        "demands",
        "inflection",
    ),
    (
        "The mayor was raising the fees.",
        "The mayor raised the fees.",
        "was raising",
        "raised",
        "inflection",
    ),
    ("The boats were painted.", "The boats are painted.", "were", "are", "inflection"),
    ("She sat at the desk.", "She sat on the desk.", "at", "on", "function word"),
    (
        "The clerk left the room quickly.",
        "The clerk quickly left the room.",
        "quickly",
        "quickly",
        "word order",
    ),
    (
        "On Tuesday the port authority closed the northern gate.",
        "The port authority closed the northern gate on Tuesday.",
        "On Tuesday",
        "on Tuesday",
        "word order",
    ),
    ("The old mill burned down.", "The mill burned down.", "old", "", "added"),
    ("The mill burned down.", "The old mill burned down.", "", "old", "dropped"),
    (
        "They lost pieces of luggage there.",
        "They lost luggage there.",
        "pieces of luggage",
        "luggage",
        "rephrasing",
    ),
    (
        "On the previous Monday, Berge resigned.",
        "Earlier Monday, Berge resigned.",
        "On the previous Monday",
        "Earlier Monday",
        "rephrasing",
    ),
    (
        "The Foreign Minister met reporters.",
        "The Secretary of State met reporters.",
        "Foreign Minister",
        "Secretary of State",
        "rephrasing",
    ),
    (
        "The fair opens in Denholm on Thursday.",
        "The fair opens in Marbury on Thursday.",
        "Denholm",
        "Marbury",
        "name or number",
    ),
    (
        "The fair opens in Marbury on Monday.",
        "The fair opens in Marbury on Thursday.",
        "Monday",
        "Thursday",
        "name or number",
    ),
    (
        "Nils met Berta in Paris on Monday.",
        "Nils met Berta in Paris on Thursday.",
        "Monday",
        "Thursday",
        "name or number",
    ),
    # Capitals alone make no name.
    (
        "She spoke to the Prime Clergyman.",
        "She spoke to the Prime Minister.",
        "Clergyman",
        "Minister",
        "synonym",
    ),
    (
        "Car Crash Closes The Harbour Road",
        "Bus Crash Closes The Harbour Road",
        "Car",
        "Bus",
        "synonym",
    ),
    ("The boat sank in May.", "The boat sunk in May.", "sank", "sunk", "inflection"),
    (
        "Officials closed the harbour on Thursday.",
        "Authorities closed the harbour on Thursday.",
        "Officials",
        "Authorities",
        "synonym",
    ),
    (
        "Harbour Chief Quits Over Ferry Delay",
        "Harbour Boss Quits Over Ferry Delay",
        "Chief",
        "Boss",
        "synonym",
    ),
    (
        "The boat manoeuvred past the pier.",
        "The boat maneuvered past the pier.",
        "manoeuvred",
        "maneuvered",
        "spelling",
    ),
    (
        "They raised the tax on diesel.",
        "They raised diesel duty.",
        "the tax on diesel",
        "diesel duty",
        "rephrasing",
    ),
    (
        "The port is near the town.",
        "The port is close to the town.",
        "near",
        "close to",
        "rephrasing",
    ),
]


def test_what_a_page_holds_twice_counts_once() -> None:
    alignment = align_texts(f"{FIRST}.\n{SECOND}.\n{FIRST}.\n{SECOND}.", f"{FIRST}.\n{SECOND}.")
    assert alignment.coverage == alignment.original_coverage == 1.0
    half = align_texts(f"{FIRST}.\n{FIRST}.\n{SECOND}.", f"{FIRST}.")
    assert 0.4 < half.coverage < 0.6


@pytest.mark.parametrize(("copy", "original", "text", "original_text", "kind"), PHRASES)
def test_a_phrase_is_named_with_its_kind(
    copy: str, original: str, text: str, original_text: str, kind: str
) -> None:
    (found,) = find(copy, original)
    assert (found.text, found.original_text, found.kind) == (text, original_text, kind)
    assert copy[found.start : found.end] == text
    assert original[found.original_start : found.original_end] == original_text


@pytest.mark.parametrize(
    ("copy", "original"),
    [
        ("“We won’t go,” he said.", '"We won\'t go," he said.'),
        ("Rates rose — again — in May", "RATES ROSE - again - in May"),
        ("Ten&nbsp;ships &amp; boats", "ten ships & boats"),
        ("", ""),
        ("...", ""),
    ],
)
def test_typography_and_capitals_are_no_substitution(copy: str, original: str) -> None:
    assert find(copy, original) == []


def test_a_moved_phrase_does_not_hide_what_it_was_moved_across() -> None:
    copy = "The board said that it had parted with its trainer on Sunday evening."
    original = "The board said on Sunday evening that it had parted with its manager."
    found = {(s.text, s.original_text, s.kind) for s in find(copy, original)}
    assert found == {
        ("trainer", "manager", "synonym"),
        ("on Sunday evening", "on Sunday evening", "word order"),
    }


def test_words_with_nothing_in_common_are_one_rephrasing() -> None:
    copy, original = "Nobody ever found out where all this money went.", "Funds vanished overnight."
    (found,) = find(copy, original)
    assert found.kind == "rephrasing"
    assert (found.start, found.original_end) == (0, len(original) - 1)


def test_neighbouring_exchanged_words_stay_apart() -> None:
    found = find("A grand dwelling stood there.", "A big house stood there.")
    assert [(s.text, s.original_text) for s in found] == [("grand", "big"), ("dwelling", "house")]


def test_offsets_are_those_of_the_callers_text() -> None:
    copy = (
        "🎉 “Ten&nbsp;ships&#39; crews” — that&rsquo;s all — left\u00a0the quay… at 5\u200b pm 😀"
    )
    original = "🎉🎉 \"Ten ships' crews\" -- that's all -- left  the pier... at  5 pm"
    (found,) = find(copy, original)
    assert (found.text, found.original_text) == ("quay", "pier")
    assert copy[found.start : found.end] == "quay"
    assert original[found.original_start : found.original_end] == "pier"
    alignment = align_texts(f"Intro line.\n\n{copy}.", f"{original}.")
    (found,) = alignment.substitutions
    assert f"Intro line.\n\n{copy}."[found.start : found.end] == found.text == "quay"
    assert f"{original}."[found.original_start : found.original_end] == "pier"


PIECES = [
    *("The ", "ferry ", "ran ", "aground ", "Halden ", "said ", "of ", "the ", "12 ", "grey "),
    *("“", "”", "’s ", "&amp; ", "&nbsp;", " — ", "… ", ". ", ".\n\n", "\n", "🎉 ", "ﬁrst "),
    *("é", "e\u0301 ", '"', "'", ", ", "Leave a Comment\n\n", "\u2028", "\u200b", "- ", "? "),
]  # fmt: skip
ANY_TEXT = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ANY_TEXT, ANY_TEXT)
def test_any_texts_are_aligned_without_losing_a_sentence_or_an_offset(
    copy: str, original: str
) -> None:
    documents = read(copy), read(original)
    alignment = align(*documents)
    for side, document in zip(("sentences", "original_sentences"), documents, strict=True):
        linked = sorted(n for link in alignment.links for n in getattr(link, side))
        assert linked == [n for n, s in enumerate(document.sentences) if s.kind != "boilerplate"]
    assert {link.kind for link in alignment.links} <= set(LINK_KINDS)
    for found in alignment.substitutions:
        assert copy[found.start : found.end] == found.text
        assert original[found.original_start : found.original_end] == found.original_text
        assert found.text or found.original_text
    assert 0 <= alignment.coverage <= 1
    assert 0 <= alignment.original_coverage <= 1
    measures = measure_alignment(alignment)
    assert tuple(measures) == ALIGNMENT_COLUMNS
    assert all(math.isfinite(value) for value in measures.values())


WORDS = st.lists(
    st.sampled_from("the a of ship ships sailed sailing Oslo Olso harbour harbor US 12".split()),
    max_size=14,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(WORDS, WORDS)
def test_word_links_hold_each_word_once(copy: list[str], original: list[str]) -> None:
    links = align_words(copy, original)
    assert sorted(i for link in links for i in link.words) == list(range(len(copy)))
    assert sorted(j for link in links for j in link.original_words) == list(range(len(original)))
    assert {link.kind for link in links} <= set(WORD_LINK_KINDS)
    for link in links:
        if link.kind == "same":
            same = zip(link.words, link.original_words, strict=True)
            assert all(copy[i].lower() == original[j].lower() for i, j in same)


# -------------------------------------------------------------------------------- sentences


def test_a_text_against_itself_is_kept_whole() -> None:
    alignment = align_texts(ORIGINAL, ORIGINAL)
    assert alignment.substitutions == ()
    assert alignment.coverage == alignment.original_coverage == 1
    assert {(link.kind, link.similarity, link.moved) for link in alignment.links} == {
        ("one-to-one", 1.0, False)
    }
    measures = measure_alignment(alignment)
    assert measures["kept words"] == measures["kept sentences"] == measures["order kept"] == 1
    assert measures["changes per 100"] == measures["changed share spread"] == 0
    assert measures["exchanges"] == 0


def test_exchanges_are_counted_to_ten() -> None:
    assert measure_alignment(align_texts(SPUN, ORIGINAL))["exchanges"] == 10
    one_less = ORIGINAL.replace("company", "firm", 1)
    assert measure_alignment(align_texts(one_less, ORIGINAL))["exchanges"] == 1


def test_half_a_text_is_covered_and_the_rest_is_dropped() -> None:
    alignment = align_texts(ORIGINAL[: ORIGINAL.index("The company")], ORIGINAL)
    assert alignment.coverage == 1
    assert 0.5 < alignment.original_coverage < 0.7
    assert [link.kind for link in alignment.links] == ["one-to-one"] * 5 + ["dropped"] * 3


def test_a_spun_copy_is_aligned_and_its_substitutions_are_named() -> None:
    alignment = align_texts(SPUN, ORIGINAL)
    assert alignment.coverage == alignment.original_coverage == 1
    assert all(link.kind == "one-to-one" and not link.moved for link in alignment.links)
    pairs = {(s.text, s.original_text) for s in alignment.substitutions}
    assert pairs >= {
        ("dense", "thick"),
        ("mist", "fog"),
        ("travelers", "passengers"),
        ("individuals", "people"),
        ("skipper", "captain"),
        ("examiners", "investigators"),
        ("firm", "company"),
        ("Jumpers", "Divers"),
        ("frame", "hull"),
        ("harbor", "harbour"),
        ("shut", "closed"),
    }
    starts = [s.start for s in alignment.substitutions]
    assert starts == sorted(starts)


@pytest.mark.parametrize("other", [ORIGINAL, SPUN, ANOTHER, ORIGINAL[:400], ""])
def test_coverage_can_be_measured_without_aligning_words(other: str) -> None:
    texts = read(other), read(ORIGINAL)
    found = align(*texts)
    linked = LinkedTexts.link(*map(DescribedText.describe, texts))
    assert linked.coverages == (found.coverage, found.original_coverage)


def test_another_article_on_the_same_event_is_not_covered() -> None:
    alignment = align_texts(ANOTHER, ORIGINAL)
    assert alignment.coverage < 0.2
    assert alignment.original_coverage < 0.2


def link(copy: Sequence[str], original: Sequence[str]) -> tuple[SentenceLink, ...]:
    """The links of sentences, which are counted from 0."""
    forms = [
        SentenceForms([[describe(w) for w in tokenize(s) if w[0].isalnum()] for s in side])
        for side in (copy, original)
    ]
    return make_links(group_sentences(*forms), range(len(copy)), range(len(original)))


FIRST = "The captain told investigators that his radar failed shortly before the accident"
SECOND = "Divers will inspect the hull on Saturday if the weather allows it"
THIRD = "The company promised to refund every ticket within a month"
FOURTH = "Two dozen people were taken to a hospital in Halden as a precaution"


def test_a_moved_sentence_is_linked_and_marked() -> None:
    links = link((FOURTH, FIRST, SECOND, THIRD), (FIRST, SECOND, THIRD, FOURTH))
    assert [(found.original_sentences, found.moved) for found in links] == [
        ((3,), True),
        ((0,), False),
        ((1,), False),
        ((2,), False),
    ]


def test_a_split_and_a_merged_sentence_are_linked_whole() -> None:
    long = f"{FIRST} and {SECOND}"
    (found,) = link((FIRST, SECOND), (long,))
    assert (found.kind, found.sentences, found.original_sentences) == ("split", (0, 1), (0,))
    (found,) = link((long,), (FIRST, SECOND))
    assert (found.kind, found.sentences, found.original_sentences) == ("merged", (0,), (0, 1))


def test_added_and_dropped_sentences_have_no_partner() -> None:
    links = link((FIRST, FOURTH, THIRD), (FIRST, SECOND, THIRD))
    assert [(found.kind, found.sentences, found.original_sentences) for found in links] == [
        ("one-to-one", (0,), (0,)),
        ("added", (1,), ()),
        ("one-to-one", (2,), (2,)),
        ("dropped", (), (1,)),
    ]


def test_shared_names_alone_do_not_link() -> None:
    copy = ("Jonas Berge of Oslo praised the rescue", THIRD)
    original = ("Critics in Oslo accuse Jonas Berge", THIRD)
    kinds = [found.kind for found in link(copy, original)]
    assert kinds == ["added", "one-to-one", "dropped"]


def test_boilerplate_takes_no_part() -> None:
    copy = read(f"{ORIGINAL}\n\nLeave a Comment\n")
    alignment = align(copy, read(ORIGINAL))
    assert copy.sentences[-1].kind == "boilerplate"
    assert alignment.coverage == 1
    assert all(len(copy.sentences) - 1 not in link.sentences for link in alignment.links)


@pytest.mark.parametrize(("copy", "original"), [("", ORIGINAL), (ORIGINAL, ""), ("", "")])
def test_an_empty_text_covers_nothing(copy: str, original: str) -> None:
    alignment = align_texts(copy, original)
    assert alignment.coverage == alignment.original_coverage == 0
    assert alignment.substitutions == ()
    measures = measure_alignment(alignment)
    assert measures.pop("added sentences") == bool(copy)
    assert measures.pop("dropped sentences") == bool(original)
    assert set(measures.values()) == {0.0}


# ------------------------------------------------------------------------------ long texts


def make_sentences(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(4000)]
    return [" ".join(rng.choices(words, k=16)).capitalize() + "." for _ in range(count)]


def test_a_long_text_in_another_order_is_found_again() -> None:
    sentences = make_sentences(1500, seed=1)
    shuffled = random.Random(2).sample(sentences, len(sentences))
    copy, original = read(" ".join(shuffled)), read(" ".join(sentences))
    alignment = align(copy, original)
    assert alignment.coverage == 1
    assert sum(link.moved for link in alignment.links) > 1000
    assert all(
        copy.sentences[link.sentences[0]].text
        == original.sentences[link.original_sentences[0]].text
        for link in alignment.links
    )


def test_a_sentence_said_a_thousand_times_is_linked_in_order() -> None:
    text = " ".join([f"{FIRST}."] * 1000)
    alignment = align_texts(text, text)
    assert [link.original_sentences for link in alignment.links] == [(n,) for n in range(1000)]


def test_a_text_without_full_stops_is_aligned_piece_by_piece() -> None:
    words = " ".join(make_sentences(400, seed=3)).lower().replace(".", "").split()
    copy = ["qwx" if n % 50 == 25 else word for n, word in enumerate(words)]
    found = find(" ".join(copy), " ".join(words))
    assert len(found) == len(words) // 50
    assert {s.text for s in found} == {"qwx"}


# ----------------------------------------------------------------------------------- gold


def credit(found: dict[str, Any], golden: dict[str, Any]) -> float:
    """Dice overlap of two substitutions in characters of both sides; both must meet."""
    overlap = length = 0
    for start, end in (("start", "end"), ("original_start", "original_end")):
        sizes = [side[end] - side[start] for side in (found, golden)]
        common = min(found[end], golden[end]) - max(found[start], golden[start])
        if all(sizes) and common <= 0:
            return 0.0
        overlap += max(common, 0)
        length += sum(sizes)
    return 2 * overlap / length if length else 0.0


def test_substitutions_agree_with_the_gold_half_made_for_development() -> None:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["split"] == "dev"]
    found_credits, golden_credits = [], []
    for row in rows:
        found = [s.to_dict() for s in find(row["copy"], row["original"])]
        golden = row["substitutions"]
        found_credits += [max((credit(s, g) for g in golden), default=0.0) for s in found]
        golden_credits += [max((credit(s, g) for s in found), default=0.0) for g in golden]
    assert sum(found_credits) / len(found_credits) >= 0.9
    assert sum(golden_credits) / len(golden_credits) >= 0.9


# ------------------------------------------------------------------------------- measures


def test_measures_tell_an_even_rewriting_from_a_few_edits() -> None:
    edited = ORIGINAL.replace("Nobody was hurt, but two dozen people were", "A few people were")
    edited = edited.replace("Divers will inspect the hull on Saturday. ", "")
    spun, edited_measures = (
        measure_alignment(align_texts(copy, ORIGINAL)) for copy in (SPUN, edited)
    )
    assert spun["changed sentences"] > 0.8 > 0.3 > edited_measures["changed sentences"]
    assert spun["synonym per 100"] > 3 * edited_measures["synonym per 100"]
    assert spun["kept run"] < edited_measures["kept run"]
    assert edited_measures["dropped sentences"] > 0 == spun["dropped sentences"]


def test_changed_quotations_are_measured() -> None:
    changed = ORIGINAL.replace("a loud bang and the lights", "noise and then every lamp")
    kept, less = (measure_alignment(align_texts(c, ORIGINAL)) for c in (ORIGINAL, changed))
    assert kept["quoted words kept"] == 1 > less["quoted words kept"] > 0
    unquoted = measure_alignment(align_texts(ORIGINAL.replace("“", "").replace("”", ""), ORIGINAL))
    assert unquoted["quotation change"] == 1 > kept["quotation change"] == 0


def test_columns_hold_a_rate_for_every_kind_that_words_alone_can_tell() -> None:
    rates = [f"{kind} per 100" for kind in MEASURED_KINDS if kind != "wrong sense"]
    assert set(rates) < set(ALIGNMENT_COLUMNS)
    assert len(set(ALIGNMENT_COLUMNS)) == len(ALIGNMENT_COLUMNS)
