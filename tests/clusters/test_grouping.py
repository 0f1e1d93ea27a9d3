"""Copies find each other, and the original is the text that the others were made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from detector.clusters.grouping import Group, Member, group
from detector.clusters.store import ClusterError
from detector.results import Comparison, Verdict

BRIDGE = """\
The harbour bridge was shut on Friday after engineers found cracks in three of its girders.
Ferries will carry commuters across the estuary until the repairs are paid for and finished.
Mayor Ines Kohl asked shopkeepers for patience at a crowded meeting in the customs house.
Fishermen fear that the detour will ruin the summer season for the smaller restaurants.
"""
SPUN = BRIDGE.replace("shut", "closed down").replace("cracks", "fissures").replace("fear", "dread")
CUT = "\n".join(BRIDGE.split("\n")[:2])
EVENT = """\
Cracked girders have closed the harbour bridge, and ferries now carry commuters over the estuary.
Opposition councillors said on Saturday that inspections had been skipped for three years.
"""
ORCHARD = """\
Late frost has destroyed most of the apricot blossom in the valleys south of the monastery.
Growers burnt straw between the trees all night, and a helicopter stirred the cold air.
"""
NOTHING = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")

#: Words that only the machine puts; the more a text has of them, the rather it is a copy.
MACHINE_WORDS = ("closed down", "fissures", "dread")


def count_machine_words(text: str) -> int:
    return sum(word in text for word in MACHINE_WORDS)


@dataclass
class WordComparer:
    """Compares by shared words, and notes which pairs it was asked about."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def measure(self, text: str, /) -> str:
        return text

    def compare(
        self, text: str, reference: str, /, *, false_positive_rate: float, artifacts: str
    ) -> Comparison:
        self.asked.append((text, reference))
        own, theirs = set(text.split()), set(reference.split())
        coverage, covered = len(own & theirs) / len(own), len(own & theirs) / len(theirs)
        made = count_machine_words(text) - count_machine_words(reference)
        relation, direction = "independent", None
        if max(coverage, covered) > 0.5:
            relation = "machine-rewritten" if made else "verbatim"
            direction = (0.95 if made > 0 else 0.05) if made else None
        probability = 0.9 if relation == "machine-rewritten" else 0.1
        return Comparison(
            relation=relation, class_probabilities={relation: 1.0}, probability=probability,
            flagged=probability > 0.5, threshold=0.5, false_positive_rate=false_positive_rate,
            coverage=coverage, original_coverage=covered, alignment=(), substitutions=(),
            features={}, verdict=NOTHING, original_verdict=NOTHING, direction=direction,
        )  # fmt: skip


CRAWL = [
    ("spun", SPUN), ("orchard", ORCHARD), ("event", EVENT), ("bridge", BRIDGE), ("cut", CUT),
    ("empty", "  "), ("repost", BRIDGE),
]  # fmt: skip


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return group(CRAWL, WordComparer())


def test_copies_make_a_group_and_others_stand_alone(groups: list[Group]) -> None:
    members = [[member.id for member in one.members] for one in groups]
    assert members == [["bridge", "spun", "cut", "repost"], ["orchard"], ["event"], ["empty"]]
    assert [one.original.role for one in groups] == ["original", "alone", "alone", "alone"]
    assert sum(len(one) for one in groups) == len(CRAWL)


def test_each_copy_says_what_it_is_to_the_original(groups: list[Group]) -> None:
    relations = {member.id: member for member in groups[0].copies}
    assert relations["spun"].relation == "machine-rewritten"
    assert relations["spun"].flagged
    assert relations["spun"].machine == 0.9
    assert relations["cut"].relation == relations["repost"].relation == "verbatim"
    assert not relations["cut"].flagged
    assert relations["cut"].coverage == 1.0
    assert groups[0].original == Member("bridge", "original")


def test_the_original_does_not_depend_on_the_order() -> None:
    (first, *_) = [one for one in group(CRAWL[::-1], WordComparer()) if len(one) > 1]
    assert first.original.id in ("bridge", "repost")  # the same text twice
    assert {member.id for member in first.members} == {"bridge", "spun", "cut", "repost"}


def test_a_rewriting_that_shows_from_one_side_only_tells_the_original() -> None:
    class OneSided(WordComparer):
        def compare(
            self, text: str, reference: str, /, *, false_positive_rate: float, artifacts: str
        ) -> Comparison:
            found = super().compare(
                text, reference, false_positive_rate=false_positive_rate, artifacts=artifacts
            )
            if count_machine_words(text) < count_machine_words(reference):
                return replace(found, relation="retold", probability=0.1, direction=None)
            return found

    for crawl in ([("spun", SPUN), ("bridge", BRIDGE)], [("bridge", BRIDGE), ("spun", SPUN)]):
        (one,) = group(crawl, OneSided())
        assert one.original.id == "bridge"
        assert one.copies[0].relation == "machine-rewritten"


def test_no_pair_is_compared_twice_the_same_way_round() -> None:
    comparer = WordComparer()
    group(CRAWL[:5], comparer)
    assert len(comparer.asked) == len(set(comparer.asked))
    assert not any(ORCHARD in pair for pair in comparer.asked)


def test_a_crawl_of_nothing_has_no_groups() -> None:
    assert group([], WordComparer()) == []


def test_a_text_that_stands_there_twice_is_compared_once() -> None:
    comparer = WordComparer()
    (one,) = group([("bridge", BRIDGE), ("spun", SPUN), ("again", SPUN)], comparer)
    assert comparer.asked.count((SPUN, BRIDGE)) == 1
    spun, again = one.copies
    assert (spun.copied_from, again.copied_from) == (None, "spun")
    assert again.note == "same text: the same, letter by letter, as spun"
    assert (spun.flagged, spun.machine) == (again.flagged, again.machine) == (True, 0.9)


def test_the_same_text_twice_needs_no_comparison_at_all() -> None:
    comparer = WordComparer()
    first, other = group([("a", BRIDGE), ("b", BRIDGE), ("c", ORCHARD)], comparer)
    assert comparer.asked == []
    assert first.copies == (Member("b", "copy", "verbatim", coverage=1.0),)
    assert other.original == Member("c", "alone")


def test_ids_come_back_as_they_were_given() -> None:
    first, _ = group([((1, "x"), BRIDGE), (None, ORCHARD), (2.5, SPUN)], WordComparer())
    assert [member.id for member in first.members] == [(1, "x"), 2.5]


def test_a_rate_without_a_threshold_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ValueError, match=r"0\.05, 0\.01"):
        group(iter(()), WordComparer(), false_positive_rate=0.3)


def test_empty_texts_are_no_copies_of_one_another() -> None:
    texts = [("a", ""), ("b", BRIDGE), ("c", None), ("d", " \n"), ("e", float("nan"))]
    found = group(texts, WordComparer())  # type: ignore[arg-type]
    assert [[member.id for member in one.members] for one in found] == [[one] for one in "abcde"]
    assert {one.original.role for one in found} == {"alone"}
    reasons = {one.original.id: one.original.reason for one in found}
    assert reasons == dict.fromkeys("acde", "empty: there is no text") | {"b": None}


def test_what_is_no_text_is_refused_by_its_place() -> None:
    with pytest.raises(TypeError, match="text 1 is int; give strings"):
        group([("a", BRIDGE), ("b", 7)], WordComparer())  # type: ignore[list-item]


def test_a_text_that_is_not_english_says_so() -> None:
    german = "Die Fähre zu den Inseln fährt nicht mehr, weil der Rumpf durchgerostet ist."
    first, second = group([("a", german), ("b", ORCHARD)], WordComparer())
    assert first.original == Member("a", "alone", reason="not English: the text looks like 'de'")
    assert second.original == Member("b", "alone")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidates": 0}, "candidates must be at least 1, not 0"),
        ({"candidates": -1}, "candidates must be at least 1, not -1"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"workers": 2}, "a detector that came from a folder: use 1"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(
    options: dict[str, int], message: str
) -> None:
    def read() -> Iterator[tuple[str, str]]:
        raise AssertionError("was read")
        yield

    with pytest.raises(ValueError, match=message):
        group(read(), WordComparer(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_that_cannot_hold_texts_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ClusterError, match=f"{name}: no folder for texts can be made: "):
        group(CRAWL, WordComparer(), folder=tmp_path / name)
