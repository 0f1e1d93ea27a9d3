"""Excerpts of pairs: both texts cut to the same sentences."""

from __future__ import annotations

import pandas as pd
import pytest

from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, RELATIONS, RETOLD, VERBATIM
from detector.training.recipes.excerpts import add_excerpts, cut_alike

SUBJECTS = (
    "harbour", "library", "orchard", "railway", "quarry", "theatre", "bakery", "stadium",
    "hospital", "lighthouse", "market", "museum",
)  # fmt: skip

SENTENCES = tuple(
    f"The {subject} of Harrowmere was closed for a week after the flood, and nobody could say "
    f"when the doors of the {subject} would open again."
    for subject in SUBJECTS
)

ORIGINAL = " ".join(SENTENCES)

OTHER = " ".join(
    f"Rain fell on day {n} in the valley, as it had done all through that grey spring."
    for n in range(1, 21)
)

SPUN = ORIGINAL.replace("closed", "shut").replace("nobody", "no one").replace("flood", "deluge")


def name_subjects(text: str) -> list[str]:
    return [subject for subject in SUBJECTS if f"The {subject}" in text]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.8, 0.999])
def test_both_are_cut_to_the_same_sentences(place: float) -> None:
    texts = cut_alike(SPUN, ORIGINAL, 60, place)
    assert texts is not None
    copy, original, is_linked = texts
    assert is_linked
    assert copy in SPUN
    assert original in ORIGINAL
    assert 60 <= len(copy.split()) < 60 + 24
    assert name_subjects(copy) == name_subjects(original)
    assert name_subjects(copy)[0] == "harbour" or place > 0.5


def test_an_excerpt_that_is_drawn_begins_anywhere() -> None:
    firsts = set()
    for tenth in range(5, 10):
        texts = cut_alike(SPUN, ORIGINAL, 60, tenth / 10)
        assert texts is not None
        firsts.add(name_subjects(texts[0])[0])
    assert len(firsts) == 5


def test_sentences_in_another_order_are_found() -> None:
    story = [
        "A diver found cracks in three pillars of the old bridge on Monday morning, she said.",
        "Shop owners on the northern bank fear for the summer, when most of their guests come.",
        "The mayor asked for patience at a crowded hearing that went on for more than two hours.",
        "Nine hundred people have signed a petition against the closure since it was announced.",
        "Four million euros is what the repair may cost, and the region will pay most of that.",
    ]
    texts = cut_alike(" ".join(reversed(story)), " ".join(story), 20, 0.0)
    assert texts == (" ".join(reversed(story[3:])), " ".join(story[3:]), True)


def test_what_stems_from_nothing_is_cut_at_its_beginning() -> None:
    texts = cut_alike(OTHER, ORIGINAL, 40, 0.9)
    assert texts is not None
    assert ORIGINAL.startswith(texts.original)
    assert not texts.is_linked


def test_a_text_that_is_too_short_is_not_cut() -> None:
    assert cut_alike("The harbour was closed.", ORIGINAL, 40, 0.0) is None


def make_pairs() -> pd.DataFrame:
    """Ten pairs of each relation and split."""
    rows = []
    for split in ("dev", "test"):
        for relation in RELATIONS:
            copy = ORIGINAL if relation == VERBATIM else SPUN
            for number in range(10):
                article = f"{relation} {number}"
                rows.append((f"{copy} It was day {number}.", ORIGINAL, relation, split, article))
    frame = pd.DataFrame(rows, columns=["copy", "original", "relation", "split", "article_id"])
    return frame.assign(group="news", rate=0.1, held_out=False)


def test_excerpts_stand_beside_whole_pairs() -> None:
    pairs = make_pairs()
    is_independent = pairs["relation"] == INDEPENDENT
    pairs.loc[is_independent, "copy"] = f"{OTHER} {OTHER.replace('Rain', 'Snow')}"
    both = add_excerpts(pairs, {"dev": 9, "test": 3}, 7)
    whole, excerpts = both[~both["is_excerpt"]], both[both["is_excerpt"]]
    pd.testing.assert_frame_equal(whole[pairs.columns], pairs)
    assert whole["pair"].tolist() == list(range(len(pairs)))
    counts = excerpts.groupby(["split", "relation"]).size().to_dict()
    assert counts == {
        ("dev", RETOLD): 9, ("dev", MACHINE_REWRITTEN): 6, ("dev", EDITED): 3,
        ("dev", INDEPENDENT): 3, ("dev", VERBATIM): 1,
        ("test", RETOLD): 3, ("test", MACHINE_REWRITTEN): 2, ("test", EDITED): 1,
        ("test", INDEPENDENT): 1,
    }  # fmt: skip
    for row in excerpts.itertuples():
        of_pair = whole.iloc[row.pair]
        assert row.article_id == of_pair["article_id"]
        assert row.relation == of_pair["relation"]
    texts = zip(excerpts["copy"], excerpts["original"], excerpts["pair"], strict=True)
    for copy, original, number in texts:
        assert copy in whole["copy"].iloc[number]
        assert original in ORIGINAL
        assert min(len(copy.split()), len(original.split())) >= 30
        assert len(copy) <= 0.8 * len(whole["copy"].iloc[number])
    pd.testing.assert_frame_equal(both, add_excerpts(pairs, {"dev": 9, "test": 3}, 7))


@pytest.mark.parametrize(
    ("relation", "copy", "is_kept"),
    [
        (EDITED, SPUN, True),
        # white space and punctuation alone
        (EDITED, ORIGINAL.replace(" ", "  "), False),
        (MACHINE_REWRITTEN, ORIGINAL.replace(",", ""), False),
        # other texts
        (MACHINE_REWRITTEN, OTHER, False),
        (RETOLD, OTHER, False),
        (INDEPENDENT, OTHER, True),
        (INDEPENDENT, SPUN, False),
        (VERBATIM, ORIGINAL, True),
        (VERBATIM, OTHER, False),
    ],
)
def test_what_does_not_show_in_an_excerpt_is_left_out(
    relation: str, copy: str, is_kept: bool
) -> None:
    row = (copy, ORIGINAL, relation, "dev", "a", "news")
    columns = ["copy", "original", "relation", "split", "article_id", "group"]
    both = add_excerpts(pd.DataFrame([row], columns=columns), {"dev": 9}, 7)
    assert both["is_excerpt"].tolist() == [False, True][: 1 + is_kept]
