"""Splits of the document corpora, and the traps in them."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from detector.training.corpora.broad.holdouts import (
    DEV,
    HELD_OUT,
    TRAIN,
    find_held_out_outlets,
    split_document,
    split_human_articles,
)
from detector.training.corpora.broad.sentence_pairs import (
    align_sentences,
    are_cased_alike,
    collect_known_words,
    has_unknown_words,
    iterate_document_pairs,
    list_whole_sentences,
    order_versions,
)

ORIGINAL = "The harbour opened again on Monday morning. Nobody said a word about the price of it."
TEXT = "The haven opened again on Monday morning. No person said a word about the cost of it."
NONE: frozenset[str] = frozenset()


def test_documents_fall_into_three_splits_by_their_id_alone() -> None:
    splits = [split_document("detectrl", f"abstract-{n}") for n in range(2000)]
    shares = pd.Series(splits).value_counts(normalize=True)
    assert shares[HELD_OUT] == pytest.approx(0.2, abs=0.03)
    assert shares[DEV] == pytest.approx(0.08, abs=0.03)
    assert splits == [split_document("paraphrased_documents", f"abstract-{n}") for n in range(2000)]


def test_a_prompt_and_a_language_are_held_out_whole() -> None:
    assert {split_document("asap_essays", f"asap-p8-{n}") for n in range(50)} == {HELD_OUT}
    assert {split_document("asap_essays", f"asap-p2-{n}") for n in range(200)} == {TRAIN, DEV}
    assert {split_document("lafand_news", f"lug-{n}") for n in range(50)} == {HELD_OUT}


def test_chapters_of_a_book_share_a_split() -> None:
    for book in "abcdefgh":
        assert len({split_document("broken_telephone", f"{book}-{n}") for n in range(9)}) == 1


def make_articles() -> pd.DataFrame:
    rows = [("web", "news", f"outlet {n % 40}", str(n)) for n in range(2000)]
    rows += [("web", "press release", "office", "a"), ("web", "news", "The Pioneer", "b")]
    return pd.DataFrame(rows, columns=["corpus", "register", "outlet", "article_id"])


def test_human_articles_are_held_out_by_outlet_and_register() -> None:
    articles = make_articles()
    splits = split_human_articles(articles, frozenset({"7"}))
    outlets = find_held_out_outlets(articles)
    assert 0 < len(outlets) < 20
    of_outlets = splits[articles["outlet"].isin(outlets - {"The Pioneer"})]
    assert set(of_outlets) == {HELD_OUT}
    assert splits.iloc[-2:].tolist() == [HELD_OUT, "doubtful"]
    assert splits.iloc[7] == ("held_out" if "outlet 7" in outlets else "rewritten")
    assert set(splits) >= {TRAIN, DEV, HELD_OUT, "fit"}


def test_sentences_are_paired_by_their_order() -> None:
    assert [own for own, _ in align_sentences(ORIGINAL, TEXT)] == ORIGINAL.replace(
        ". ", ".\n"
    ).split("\n")
    assert align_sentences(ORIGINAL, ORIGINAL) == []
    other = "Ten miles of very different road lie ahead. " + TEXT.split(". ")[1]
    assert len(align_sentences(ORIGINAL, other)) == 1


def test_texts_with_another_number_of_sentences_are_paired_only_by_search() -> None:
    longer = "Something new stands at the head of it. " + TEXT
    assert align_sentences(ORIGINAL, longer) == []
    assert align_sentences(ORIGINAL, longer, search=True) == align_sentences(ORIGINAL, TEXT)


def test_sides_that_lost_their_capitals_are_seen() -> None:
    text = " ".join(["Anna met Boris in Paris."] * 3)
    assert are_cased_alike(text, text)
    assert not are_cased_alike(text.lower(), text)


def test_misspelt_and_glued_words_are_unknown() -> None:
    known = collect_known_words(["the harbour opened dont"] * 5 + ["once only"])
    assert known == {"the", "harbour", "opened"}
    assert not has_unknown_words("Yesterday the harbour opened", known)
    assert has_unknown_words("the harbouropened", known)
    assert has_unknown_words("the harbour dont", known)


def test_headlines_repeats_and_short_sentences_are_left_out() -> None:
    text = f"A headline without an end\n\nToo short.\n\n{ORIGINAL}\n\n{ORIGINAL}"
    assert list_whole_sentences(text) == ORIGINAL.replace(". ", ".\n").split("\n")


def make_frame(corpus: str) -> pd.DataFrame:
    rows = [("a", "x", ORIGINAL, TEXT), ("a", "y", ORIGINAL, TEXT), ("b", "x", ORIGINAL, TEXT)]
    frame = pd.DataFrame(rows, columns=["article_id", "system", "original", "text"])
    return frame.assign(corpus=corpus, kind="translated")


def test_banned_and_misspelt_sentences_are_left_out() -> None:
    known = collect_known_words([f"{ORIGINAL} {TEXT}".lower()] * 5)
    essays = make_frame("asap_essays")
    assert len(list(iterate_document_pairs(essays, 9, known, NONE, random.Random(1)))) == 6
    banned = frozenset({ORIGINAL.split(" Nobody")[0]})
    assert len(list(iterate_document_pairs(essays, 9, known, banned, random.Random(1)))) == 3
    assert list(iterate_document_pairs(essays, 9, NONE, NONE, random.Random(1))) == []
    assert len(list(iterate_document_pairs(make_frame("x"), 1, NONE, NONE, random.Random(1)))) == 3


def test_every_article_comes_before_a_second_version() -> None:
    for seed in range(5):
        assert set(order_versions(make_frame("x"), seed)["article_id"][:2]) == {"a", "b"}
