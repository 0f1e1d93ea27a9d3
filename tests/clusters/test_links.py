"""What is kept of a comparison, and which of the two texts it makes the original."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.clusters.links import Link, pick_telling

LINK = Link(
    copy=1, original=0, relation="edited", probability=0.2, flagged=False, threshold=0.9,
    coverage=0.8, original_coverage=0.8, direction=None, reason=None, signature="model:x",
    verdicts=(0.5, 0.5), covered=(0, 2), original_covered=(1, 2), substitutes=(("ship", "vessel"),),
)  # fmt: skip


def test_a_link_survives_json() -> None:
    assert Link.from_json(LINK.to_json()) == LINK


def test_without_a_machine_the_longer_text_is_the_source() -> None:
    cut = replace(LINK, relation="verbatim", coverage=1.0, original_coverage=0.4)
    assert cut.log_odds > 0
    turned = replace(cut, coverage=0.4, original_coverage=1.0)
    assert turned.log_odds == -cut.log_odds


def test_what_reads_like_a_machine_is_rather_the_copy_unless_word_for_word() -> None:
    odd = replace(LINK, verdicts=(0.9, 0.1))
    assert odd.log_odds > 0 > replace(LINK, verdicts=(0.1, 0.9)).log_odds
    assert replace(odd, relation="verbatim").log_odds == 0
    assert replace(LINK, verdicts=(None, 0.9)).log_odds == 0


def test_the_machines_traces_outweigh_coverage() -> None:
    assert replace(LINK, direction=0.99, coverage=0.3, original_coverage=1.0).log_odds > 0
    assert replace(LINK, direction=0.0).log_odds == -6.0


@pytest.mark.parametrize(
    ("relation", "coverage", "is_related"),
    [
        ("edited", 0.4, True),
        ("edited", 0.1, False),
        ("independent", 0.9, False),
        (None, 0.9, False),
    ],
)
def test_texts_are_related_that_share_enough(
    relation: str | None, coverage: float, is_related: bool
) -> None:
    link = replace(LINK, relation=relation, coverage=coverage, original_coverage=0.0)
    assert link.is_related == is_related


def test_of_both_ways_the_surer_one_tells() -> None:
    turned = replace(LINK, copy=0, original=1, probability=0.9)
    assert pick_telling([LINK, turned]) == [turned]
    assert pick_telling([turned, LINK]) == [turned]
