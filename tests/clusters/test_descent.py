"""Originals, copies of copies, and texts that were put together of two."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from detector.clusters.descent import (
    Merger,
    Triples,
    choose_original,
    find_mergers,
    find_parents,
    list_triples,
)
from detector.clusters.links import Link

DAY = 86_400.0


def link(copy: int, original: int, direction: float | None = None, **more: object) -> Link:
    made = Link(
        copy, original, "machine-rewritten" if direction is not None else "verbatim", 0.5, False,
        0.9, 1.0, 1.0, direction, None, "",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_original_of_a_chain_is_on_its_top() -> None:
    # 2 is the original; 0 was made of it, and three others of 0, with which 2 was not compared.
    links = [link(0, 2, 0.99), *(link(number, 0, 0.99) for number in (1, 3, 4))]
    assert choose_original([0, 1, 2, 3, 4], links, {}, unknown) == 2


def test_of_equals_the_first_is_the_original() -> None:
    assert choose_original([3, 5, 7], [link(5, 3), link(7, 5)], {}, unknown) == 3
    assert choose_original([5], [], {}, unknown) == 5


def test_of_reposts_the_one_that_copies_share_most_with_is_the_original() -> None:
    head, other = "cracks close the harbour bridge ", "bridge shut in the harbour "
    texts = other + ORIGINAL, head + ORIGINAL, head + SPUN
    links = [link(1, 0), link(2, 0, 0.99), link(2, 1, 0.99)]
    assert choose_original([0, 1, 2], links, {}, read(*texts)) == 1
    assert choose_original([0, 1, 2], links, {}, unknown) == 0


def test_dates_decide_where_nothing_else_does() -> None:
    assert choose_original([3, 5], [link(5, 3)], {3: 9 * DAY, 5: 2 * DAY}, unknown) == 5
    assert choose_original([3, 5], [link(5, 3)], {3: 2.5 * DAY, 5: 2 * DAY}, unknown) == 3
    assert choose_original([3, 5], [link(5, 3)], {5: 2 * DAY}, unknown) == 3


def test_a_machines_traces_outweigh_a_date() -> None:
    assert choose_original([0, 1], [link(1, 0, 0.999)], {0: 9 * DAY, 1: 2 * DAY}, unknown) == 0


def test_a_group_of_thousands_is_ranked() -> None:
    links = [link(number, number - 1, 0.9) for number in range(1, 3000)]
    links += [link(number, 0, 0.99) for number in range(1, 3000)]
    assert choose_original(range(3000), links, {}, unknown) == 0


ORIGINAL = "the harbour bridge was shut on friday after engineers found cracks in three girders"
SPUN = "the harbour viaduct was closed on friday after engineers noticed fissures in three girders"
AGAIN = (
    "the harbour viaduct was closed on friday after technicians noticed fissures in some girders"
)
SIDE = "the port bridge was shut on friday once engineers found cracks in three beams"


def read(*texts: str) -> Triples:
    return lambda number: list_triples(texts[number])


def unknown(number: int) -> frozenset[int]:
    return frozenset()


def test_a_copy_of_a_copy_names_what_it_was_made_of() -> None:
    links = [link(2, 1), link(1, 0), link(2, 0)]
    assert find_parents([0, 1, 2], 0, links, read(ORIGINAL, SPUN, AGAIN)) == {2: 1}


def test_copies_made_side_by_side_are_no_chain() -> None:
    links = [link(2, 1), link(1, 0), link(2, 0)]
    assert find_parents([0, 1, 2], 0, links, read(ORIGINAL, SPUN, SIDE)) == {}


def test_a_chain_is_never_a_circle() -> None:
    links = [link(2, 1), link(1, 2), link(1, 0), link(2, 0)]
    assert find_parents([0, 1, 2], 0, links, read(ORIGINAL, SPUN, SPUN)) == {2: 1}


def part(source: int, sentences: range, *, whole: float = 0.5, odds: float | None = None) -> Link:
    """Text 9 holds some sentences of a source."""
    return link(9, source, odds, coverage=0.5, original_coverage=whole, covered=tuple(sentences))


def test_a_text_with_parts_of_two_unrelated_ones_is_merged() -> None:
    links = [part(1, range(5)), part(2, range(5, 9)), part(3, range(4))]
    links += [link(3, 1)]
    assert find_mergers(links, {}) == {9: Merger(1, 2, frozenset({2}))}


def test_what_shares_sentences_or_is_related_is_not_merged() -> None:
    assert find_mergers([part(1, range(5)), part(2, range(1, 6))], {}) == {}
    assert find_mergers([part(1, range(5)), part(2, range(5, 9)), link(2, 1)], {}) == {}


@pytest.mark.parametrize("dates", [{}, {1: 9 * DAY, 2: 9 * DAY, 9: DAY}, {9: 9 * DAY}])
def test_two_halves_cut_out_of_an_article_do_not_make_it_merged(dates: dict[int, float]) -> None:
    links = [part(1, range(5), whole=1.0), part(2, range(5, 9), whole=1.0)]
    assert find_mergers(links, dates) == {}


def test_dates_or_a_machine_tell_that_it_was_merged() -> None:
    whole = [part(1, range(5), whole=1.0), part(2, range(5, 9), whole=1.0)]
    assert set(find_mergers(whole, {1: DAY, 2: DAY, 9: 9 * DAY})) == {9}
    made = [part(1, range(5), whole=1.0, odds=0.99), part(2, range(5, 9), whole=1.0, odds=0.99)]
    assert set(find_mergers(made, {})) == {9}


#: Of 9 the texts 1 to 7 hold these sentences, the more the sooner they are asked; whether they are
#: whole in it; and what it counts for that a machine made 9 of them.
SOURCES = [
    part(1, range(9), whole=1.0),
    part(2, range(1, 9), whole=1.0),
    part(3, range(8, 15), odds=0.99, whole=1.0),
    part(4, range(9, 15)),
    part(5, range(10, 15), odds=0.99),
    part(6, range(4), odds=0.99, whole=1.0),
    part(7, range(3, 4)),
]
RELATED = [link(4, 1), link(5, 3), link(6, 5)]


@pytest.mark.parametrize("dates", [{}, {9: 9 * DAY, 1: DAY, 2: DAY, 3: 8.5 * DAY, 4: 8 * DAY}])
@pytest.mark.parametrize("kin", [RELATED, RELATED[:1], RELATED[1:], []])
def test_sources_are_the_first_two_that_would_be_by_themselves(
    kin: list[Link], dates: dict[int, float]
) -> None:
    related = [{one.copy, one.original} for one in kin]
    for links in (chosen for size in range(8) for chosen in combinations(SOURCES, size)):
        by_extent = sorted(links, key=lambda one: (-len(one.covered), one.original))
        pairs = [
            (source.original, further.original)
            for source, further in combinations(by_extent, 2)
            if {source.original, further.original} not in related
            and 9 in find_mergers([source, further], dates)
        ]
        found = find_mergers([*links, *kin], dates).get(9)
        assert (found and (found.source, found.further)) == next(iter(pairs), None)


def test_a_text_with_a_crowd_of_relatives_does_not_look_at_each_two_of_them() -> None:
    class CountedDates(dict[int, float]):
        asked = 0

        def get(self, number: int, default: float | None = None) -> float | None:  # type: ignore[override]
            self.asked += 1
            return super().get(number, default)

    # Two hundred outlets cut out its first half, and as many the second.
    halves = range(5), range(5, 9)
    links = [part(100 + n, halves[n % 2], whole=1.0) for n in range(400)]
    dates = CountedDates({9: DAY})
    assert find_mergers(links, dates) == {}
    assert dates.asked <= 4 * len(links)
