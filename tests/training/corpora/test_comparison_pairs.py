"""Pairs of copies and originals: cut, varied, and the likest other article."""

import numpy as np
import pandas as pd

from detector.training.corpora.comparison_pairs import (
    _cut,
    _find_nearest,
    _verbatim_pairs,
)
from detector.training.corpora.splits import draw_rows

TEXT = "\n".join(
    f"Sentence number {i} of the report about the harbour board has some words in it."
    for i in range(12)
)


def test_a_cut_copy_holds_nothing_new() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        lines = _cut(TEXT, rng).split("\n")
        assert set(lines[:-1]) <= set(TEXT.split("\n"))
        assert any(line.startswith(lines[-1]) for line in TEXT.split("\n"))


def test_verbatim_copies_keep_the_words() -> None:
    human = pd.DataFrame({"text": [TEXT] * 20, "article_id": range(20), "split": "dev"})
    pairs = _verbatim_pairs(human, seed=2)
    assert (pairs["relation"] == "verbatim").all()
    assert pairs["copy"].nunique() > 5
    assert all(copy[:40].replace("’", "'") in original for copy, original in zip(
        pairs["copy"], pairs["original"], strict=True))  # fmt: skip


def test_the_nearest_is_another_article_of_the_same_split() -> None:
    human = pd.DataFrame({
        "text": ["ferry harbour storm boats", "ferry budget tax fish", "ferry storm boats pier",
                 "budget tax vote council", "budget tax vote mayor"],
        "article_id": list("abcde"),
        "split": ["dev", "dev", "test", "dev", "dev"],
    })  # fmt: skip
    copies = human.rename(columns={"text": "copy"}).assign(original=None)
    nearest, similarity = _find_nearest(copies, human)
    ids = human["article_id"].to_numpy()
    # "c" is alone in its split, and what is like "d" and "e" is too like to be another article.
    assert [ids[n] if n >= 0 else "" for n in nearest] == ["b", "a", "", "", ""]
    assert (similarity > 0.0).tolist() == [True, True, False, False, False]


def test_an_article_with_a_sentence_of_the_text_is_passed_over() -> None:
    shared = "Sign up here for the weekly letter of our harbour desk."
    human = pd.DataFrame({
        "text": [f"The ferry storm closed the harbour. {shared}", f"A ferry storm. {shared}",
                 "The ferry harbour is open.", "A storm of boats. Sign up here."],
        "article_id": list("abcd"),
        "split": "dev",
    })  # fmt: skip
    spun = pd.DataFrame({
        "copy": ["The ferry storm closed the harbour. Register here for the weekly post."],
        "original": human["text"][:1], "article_id": ["a"], "split": "dev",
    })  # fmt: skip
    copies = pd.concat([human.rename(columns={"text": "copy"}), spun], ignore_index=True)
    nearest, _ = _find_nearest(copies, human)
    assert set(nearest[[0, 4]].tolist()) <= {2, 3}
    assert nearest[1] in (2, 3)
    # A name in another corpus does not hide where the copy comes from.
    renamed = copies.assign(article_id=copies["article_id"].replace("a", "z"))
    assert _find_nearest(renamed, human)[0][4] in (2, 3)


def test_subsampling_counts_by_system_and_split() -> None:
    frame = pd.DataFrame({"system": ["a"] * 10 + ["b"] * 3, "split": ["dev"] * 13})
    assert draw_rows(frame, ["system", "split"], 4, seed=1)["system"].value_counts().to_dict() == {
        "a": 4,
        "b": 3,
    }
