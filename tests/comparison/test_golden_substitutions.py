"""The hand-made substitutions are sound, they are measured rightly, and the aligner finds them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise, repeat
from typing import Any

import pytest
from golden.score_substitutions import (
    ALL_KINDS,
    WITHOUT_WORD_ORDER,
    align_and_find,
    load_gold,
    read_substitutions,
    score,
)

from detector.results import SUBSTITUTION_KINDS, Substitution
from detector.text.words import split_words

GOLD = load_gold()
SIDES = ("copy", "original")
FLOORS = {"precision": 0.90, "recall": 0.85}


def list_words(text: str) -> list[str]:
    return [word.text.casefold() for word in split_words(text) if word.is_word]


def list_spans(row: dict[str, Any], side: str) -> list[tuple[int, int]]:
    """Where the substitutions stand in the "copy" or "original", in order."""
    prefix = "original_" if side == "original" else ""
    spans = [(s[f"{prefix}start"], s[f"{prefix}end"]) for s in row["substitutions"]]
    return sorted(spans)


def cut_out(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """The words that stand outside all spans."""
    words = [word for word in split_words(text) if word.is_word]
    return [
        word.text.casefold()
        for word in words
        if not any(start <= word.start < end for start, end in spans)
    ]


def answer_with_gold(copy: str, original: str) -> list[Substitution]:
    [row] = [row for row in GOLD if (row["copy"], row["original"]) == (copy, original)]
    return read_substitutions(row)


def count_kinds(row: dict[str, Any]) -> Counter[str]:
    return Counter(substitution["kind"] for substitution in row["substitutions"])


# The file


def test_there_are_enough_pairs_of_both_kinds_in_both_splits() -> None:
    counts = Counter((row["kind"], row["split"]) for row in GOLD)
    assert len(GOLD) >= 150
    assert set(counts) == {(k, s) for k in ("translated", "spun") for s in ("dev", "test")}
    assert all(counts["translated", split] >= 50 for split in ("dev", "test"))
    assert all(counts["spun", split] >= 25 for split in ("dev", "test"))


def test_pairs_are_numbered_and_alternate_between_the_splits() -> None:
    assert [row["id"] for row in GOLD] == [f"t{number:03d}" for number in range(1, len(GOLD) + 1)]
    assert all(row["split"] == ("dev" if int(row["id"][1:]) % 2 else "test") for row in GOLD)


def test_no_sentence_stands_twice() -> None:
    sentences = [" ".join(list_words(row[side])) for row in GOLD for side in ("original", "copy")]
    assert len(set(sentences)) == len(sentences)


def test_every_kind_of_substitution_occurs_in_both_splits() -> None:
    for split in ("dev", "test"):
        kinds = sum((count_kinds(row) for row in load_gold(split)), Counter())
        assert set(kinds) == set(SUBSTITUTION_KINDS)


def list_faults(row: dict[str, Any]) -> list[str]:
    """What is wrong with a pair of the file; nothing, or it was made by mistake."""
    checks = {
        "the original has 12 to 40 words": 12 <= len(list_words(row["original"])) <= 40,
        "a pivot is named unless it was spun": (row["pivot"] is None) == (row["kind"] == "spun"),
        "something is substituted": bool(row["substitutions"]),
        "spans hold their texts": all(map(holds_its_texts, read_substitutions(row), repeat(row))),
        "spans are of whole words": all(map(has_whole_words, SIDES, repeat(row))),
        "spans overlap on neither side": not any(map(has_overlap, SIDES, repeat(row))),
        "outside of them both sides have the same words": leaves_same_words(row),
        "kinds agree with the phrases": all(map(agrees_with_kind, read_substitutions(row))),
        "phrases are minimal": all(map(is_minimal, read_substitutions(row))),
    }
    return [f"{row['id']}: not so: {check}" for check, passed in checks.items() if not passed]


def holds_its_texts(found: Substitution, row: dict[str, Any]) -> bool:
    copied = row["copy"][found.start : found.end] == found.text
    original = row["original"][found.original_start : found.original_end]
    return copied and original == found.original_text


def has_whole_words(side: str, row: dict[str, Any]) -> bool:
    words = split_words(row[side])
    starts, ends = {w.start for w in words}, {w.end for w in words}
    return all(
        (start in starts and end in ends) if start < end else start in starts | ends
        for start, end in list_spans(row, side)
    )


def has_overlap(side: str, row: dict[str, Any]) -> bool:
    return any(before[1] > after[0] for before, after in pairwise(list_spans(row, side)))


def leaves_same_words(row: dict[str, Any]) -> bool:
    copy, original = (cut_out(row[side], list_spans(row, side)) for side in SIDES)
    return copy == original


def agrees_with_kind(found: Substitution) -> bool:
    before, after = list_words(found.original_text), list_words(found.text)
    named = {"dropped": not after, "added": not before, "word order": before == after}
    return all((found.kind == kind) == fits for kind, fits in named.items())


def is_minimal(found: Substitution) -> bool:
    if found.kind in ("word order", "dropped", "added"):
        return True
    before, after = list_words(found.original_text), list_words(found.text)
    return before[0] != after[0] and before[-1] != after[-1]


def test_no_pair_has_a_fault() -> None:
    assert [fault for row in GOLD for fault in list_faults(row)] == []


def test_faults_are_listed() -> None:
    row = {
        "id": "t000", "kind": "spun", "pivot": "de",
        "copy": COPY, "original": ORIGINAL,
        "substitutions": [replace(RED, end=10, kind="dropped").to_dict(), MERGED.to_dict()],
    }  # fmt: skip
    assert list_faults(row) == [
        "t000: not so: the original has 12 to 40 words",
        "t000: not so: a pivot is named unless it was spun",
        "t000: not so: spans hold their texts",
        "t000: not so: spans are of whole words",
        "t000: not so: spans overlap on neither side",
        "t000: not so: kinds agree with the phrases",
    ]


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of dev, test"):
        load_gold("train")


# The measures


def test_gold_against_itself_is_perfect() -> None:
    report = score(GOLD, answer_with_gold)
    for variant in (ALL_KINDS, WITHOUT_WORD_ORDER):
        for measure in ("matched", "covered"):
            assert report[variant][measure] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert all(
        kind["matched"] == kind["covered"] == kind["named"] == 1.0
        for kind in report["kinds"].values()
    )
    moved = report["kinds"]["word order"]["gold"]
    assert report[ALL_KINDS]["gold"] - report[WITHOUT_WORD_ORDER]["gold"] == moved > 0


def test_finding_nothing_is_worth_nothing() -> None:
    report = score(GOLD, lambda copy, original: [])
    nothing = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert report[ALL_KINDS]["matched"] == report[ALL_KINDS]["covered"] == nothing


ORIGINAL, COPY = "The red fox ran home at noon.", "The scarlet dog ran home at noon."
RED = Substitution(4, 11, "scarlet", 4, 7, "red", "synonym")
FOX = Substitution(12, 15, "dog", 8, 11, "fox", "wrong sense")
MERGED = Substitution(4, 15, "scarlet dog", 4, 11, "red fox", "rephrasing")
RAN_HOME = Substitution(16, 24, "ran home", 12, 20, "ran home", "word order")
DROPPED_RAN = Substitution(16, 16, "", 12, 15, "ran", "dropped")
ADDED_RAN = Substitution(16, 19, "ran", 12, 12, "", "added")


def measure(gold: list[Substitution], predicted: list[Substitution]) -> dict[str, Any]:
    rows = [{"copy": COPY, "original": ORIGINAL, "substitutions": [s.to_dict() for s in gold]}]
    return score(rows, lambda copy, original: predicted)


def test_a_merged_find_covers_all_and_matches_in_part() -> None:
    report = measure([RED, FOX], [MERGED])[ALL_KINDS]
    assert report["covered"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    # One of the two is matched, with a Dice overlap of 2 * 1 / (2 + 1) on both sides.
    assert report["matched"]["precision"] == pytest.approx(2 / 3)
    assert report["matched"]["recall"] == pytest.approx(1 / 3)


def test_a_split_find_covers_all_and_matches_in_part() -> None:
    report = measure([MERGED], [RED, FOX])[ALL_KINDS]
    assert report["covered"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert report["matched"]["precision"] == pytest.approx(1 / 3)
    assert report["matched"]["recall"] == pytest.approx(2 / 3)


def test_a_find_elsewhere_gets_no_credit() -> None:
    report = measure([RED], [FOX])[ALL_KINDS]
    assert report["matched"]["f1"] == report["covered"]["f1"] == 0.0


def test_the_right_phrase_for_the_wrong_one_gets_half() -> None:
    crossed = replace(RED, original_start=8, original_end=11, original_text="fox")
    assert measure([RED], [crossed])[ALL_KINDS]["matched"]["recall"] == pytest.approx(0.5)


def test_dropped_words_are_judged_by_the_original_alone() -> None:
    elsewhere = replace(DROPPED_RAN, start=0, end=0)
    assert measure([DROPPED_RAN], [elsewhere])[ALL_KINDS]["matched"]["f1"] == 1.0
    assert measure([DROPPED_RAN], [ADDED_RAN])[ALL_KINDS]["matched"]["f1"] == 0.0


def test_word_order_counts_in_one_variant_only() -> None:
    missed = measure([RED, RAN_HOME], [RED])
    assert missed[ALL_KINDS]["matched"]["recall"] == pytest.approx(0.5)
    assert missed[ALL_KINDS]["covered"]["recall"] == pytest.approx(2 / 6)
    assert missed[WITHOUT_WORD_ORDER]["matched"]["recall"] == 1.0
    overdone = measure([RED], [RED, RAN_HOME])
    assert overdone[ALL_KINDS]["matched"]["precision"] == pytest.approx(0.5)
    assert overdone[WITHOUT_WORD_ORDER]["covered"]["precision"] == 1.0
    assert overdone[WITHOUT_WORD_ORDER]["excluded_kinds"] == ["word order"]


def test_moved_words_called_dropped_and_added_count_as_wrong() -> None:
    report = measure([RED, RAN_HOME], [RED, DROPPED_RAN, ADDED_RAN])[WITHOUT_WORD_ORDER]
    assert report["matched"]["precision"] == pytest.approx(1 / 3)
    assert report["covered"]["precision"] == pytest.approx(2 / 4)


def test_a_found_phrase_may_bear_another_name() -> None:
    kinds = measure([RED, FOX], [RED, replace(FOX, kind="synonym")])["kinds"]
    assert kinds["synonym"]["named"] == 1.0
    assert kinds["wrong sense"] == {"gold": 1, "matched": 1.0, "covered": 1.0, "named": 0.0}


# The aligner


def test_the_aligner_keeps_its_floors_on_the_test_split() -> None:
    covered = score(load_gold("test"), align_and_find)[WITHOUT_WORD_ORDER]["covered"]
    assert {name: covered[name] for name in FLOORS if covered[name] < FLOORS[name]} == {}


def test_the_aligner_finds_nothing_in_an_unchanged_sentence() -> None:
    assert all(not align_and_find(row["original"], row["original"]) for row in GOLD)
