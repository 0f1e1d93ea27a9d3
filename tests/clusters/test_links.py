"""What is kept of a comparison, and which of the two texts it makes the original."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.clusters.links import Link, pair_up, tell_descent

LINK = Link(
    copy=1, original=0, relation="edited", probability=0.2, flagged=False, threshold=0.9,
    coverage=0.8, original_coverage=0.8, direction=None, reason=None, signature="model:x",
    covered=(0, 2), original_covered=(1, 2), substitutes=(("ship", "vessel"),),
)  # fmt: skip


def test_a_link_survives_json() -> None:
    assert Link.from_json(LINK.to_json()) == LINK


def test_without_a_machine_the_longer_text_is_the_source() -> None:
    cut = replace(LINK, relation="verbatim", coverage=1.0, original_coverage=0.4)
    assert tell_descent(cut, None) > 0
    turned = replace(cut, coverage=0.4, original_coverage=1.0)
    assert tell_descent(turned, None) == -tell_descent(cut, None)
    assert tell_descent(replace(cut, original_coverage=0.97), None) == 0  # a notice below


def test_what_looks_like_a_machines_beside_the_other_is_rather_the_copy() -> None:
    turned = replace(LINK, copy=0, original=1, probability=0.7)
    assert tell_descent(LINK, turned) < 0 < tell_descent(turned, LINK)
    assert tell_descent(LINK, replace(turned, probability=0.2)) == 0
    same = replace(LINK, relation="verbatim"), replace(turned, relation="verbatim")
    assert tell_descent(*same) == 0


def test_where_there_is_no_trace_a_difference_says_nothing() -> None:
    turned = replace(LINK, copy=0, original=1, probability=0.000_01)
    assert tell_descent(replace(LINK, probability=0.01), turned) == 0


def test_the_machines_traces_outweigh_coverage() -> None:
    made = replace(LINK, relation="machine-rewritten", direction=0.99, coverage=0.3)
    assert tell_descent(replace(made, original_coverage=1.0), None) > 0
    assert tell_descent(replace(made, direction=0.0), None) == -6.0


@pytest.mark.parametrize(
    ("relation", "coverages", "is_related"),
    [
        ("verbatim", (0.4, 0.0), True),
        ("verbatim", (0.1, 0.0), False),
        ("edited", (0.6, 0.0), True),
        ("edited", (0.4, 0.4), False),
        ("machine-rewritten", (0.4, 0.4), False),
        ("machine-rewritten", (0.5, 0.4), True),
        ("machine-rewritten", (1.0, 0.1), True),
        ("retold", (0.8, 0.3), False),
        ("retold", (0.8, 0.6), True),
        ("independent", (0.9, 0.9), False),
        (None, (0.9, 0.9), False),
    ],
)
def test_texts_are_related_that_share_enough(
    relation: str | None, coverages: tuple[float, float], is_related: bool
) -> None:
    for coverage, original_coverage in (coverages, coverages[::-1]):
        link = replace(
            LINK, relation=relation, coverage=coverage, original_coverage=original_coverage
        )
        assert link.is_related == is_related


def test_an_outline_is_of_texts_that_cannot_be_related() -> None:
    assert Link.outline(1, 0, (0.1, 0.3)) is None
    link = Link.outline(1, 0, (0.1, 0.29))
    assert link is not None
    assert (link.is_related, link.outlined) == (False, True)
    assert (link.coverage, link.original_coverage) == (0.1, 0.29)
    assert Link.from_json(link.to_json()) == link


def test_a_pair_is_told_once_from_both_ways() -> None:
    turned = replace(LINK, copy=0, original=1, probability=0.7)
    odds = tell_descent(LINK, turned)
    assert pair_up([LINK, turned]) == pair_up([turned, LINK]) == {(1, 0): odds}
    assert list(pair_up([turned])) == [(0, 1)]
    assert pair_up([replace(LINK, original=1)]) == {}
