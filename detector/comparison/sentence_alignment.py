"""Link the sentences of a copy with those of its original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.comparison.chains import find_chain, find_rising
from detector.comparison.sentence_similarity import SentenceForms, Sentences
from detector.results import SentenceLink

# One in five hundred pairs of other sentences reaches the first, one in thirty the second; the
# second is enough where the neighbours on both sides are linked.
_LEAST_SIMILARITY, _LEAST_BETWEEN, _LEAST_MOVED = 0.42, 0.27, 0.46

# A further sentence joins a link if so much of it is in what the link had not yet explained.
_LEAST_CONTAINED = 0.45

_MOST_SENTENCES = 3

_WIDEST_GAP = 4


@dataclass(slots=True)
class Group:
    """Sentences of the copy and of the original that belong together.

    Attributes:
        copied: numbers of the copy's, in order.
        originals: likewise of the original's.
        similarity: 0 to 1.
    """

    copied: list[int]
    originals: list[int]
    similarity: float


def group_sentences(copy: SentenceForms, original: SentenceForms) -> list[Group]:
    """Put the sentences of a copy and those of its original that stem from them together.

    Returns:
        Groups of both sides, in the copy's order; a sentence that has no partner is in none.
    """
    sentences = Sentences(copy, original)
    rated = _rate_candidates(sentences)
    groups = _link_between(sentences, _link_in_order(rated))
    _grow_groups(sentences, groups)
    groups += _link_moved(groups, rated)
    _grow_groups(sentences, groups)
    return sorted(groups, key=lambda group: group.copied)


def _rate_candidates(sentences: Sentences) -> list[tuple[int, int, float]]:
    rated = []
    for i, j in sorted(set(sentences.find_candidates())):
        similarity = sentences.compare([i], [j])
        if similarity >= _LEAST_SIMILARITY:
            rated.append((i, j, similarity))
    return rated


def _link_in_order(rated: Iterable[tuple[int, int, float]]) -> list[Group]:
    return [Group([i], [j], similarity) for i, j, similarity in find_chain(rated)]


def _link_between(sentences: Sentences, groups: list[Group]) -> list[Group]:
    """Link what stands between linked neighbours and is less alike, in narrow gaps."""
    linked: list[Group] = []
    ends = Group([len(sentences.sides[0])], [len(sentences.sides[1])], 0.0)
    start = original_start = 0
    for group in [*groups, ends] if groups else []:
        rows = range(start, group.copied[0])
        columns = range(original_start, group.originals[0])
        if 0 < len(rows) <= _WIDEST_GAP and 0 < len(columns) <= _WIDEST_GAP:
            rated = [(i, j, sentences.compare([i], [j])) for i in rows for j in columns]
            linked += _link_in_order([r for r in rated if r[2] >= _LEAST_BETWEEN])
        if group is not ends:
            linked.append(group)
        start, original_start = group.copied[0] + 1, group.originals[0] + 1
    return linked


def _link_moved(groups: Sequence[Group], rated: Iterable[tuple[int, int, float]]) -> list[Group]:
    """Link what is left and alike wherever it stands, the most alike first."""
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    moved = []
    for i, j, similarity in sorted(rated, key=lambda item: (-item[2], item[:2])):
        if similarity >= _LEAST_MOVED and i not in used and j not in original_used:
            moved.append(Group([i], [j], similarity))
            used.add(i)
            original_used.add(j)
    return moved


def _grow_groups(sentences: Sentences, groups: list[Group]) -> None:
    """Let sentences that are still free join a neighbour's link: splits and merges."""
    for side in (0, 1):
        owners = {k: g for g in groups for k in (g.copied, g.originals)[side]}
        for free in range(len(sentences.sides[side])):
            if free in owners:
                continue
            neighbours = [owners[k] for k in (free - 1, free + 1) if k in owners]
            offers = [
                (_rate_joining(sentences, group, side, free), number)
                for number, group in enumerate(neighbours)
            ]
            similarity, number = max(offers, default=(0.0, 0))
            if similarity > 0:
                group = neighbours[number]
                members = (group.copied, group.originals)[side]
                members.append(free)
                members.sort()
                group.similarity = similarity
                owners[free] = group


def _rate_joining(sentences: Sentences, group: Group, side: int, free: int) -> float:
    """Similarity of a group with one more sentence; 0 where that does not belong to it."""
    members, others = (group.copied, group.originals)[:: 1 if side == 0 else -1]
    if len(others) > 1 or len(members) >= _MOST_SENTENCES:
        return 0.0
    contents, other_contents = (sentences.sides[k].contents for k in (side, 1 - side))
    explained = frozenset().union(*(contents[k] for k in members))
    residue = other_contents[others[0]] - explained
    shared = contents[free] & residue
    own = sentences.weigh(contents[free])
    if shared <= sentences.names or sentences.weigh(shared) < _LEAST_CONTAINED * own:
        return 0.0
    joined = sorted([*members, free])
    similarity = sentences.compare(*((joined, others) if side == 0 else (others, joined)))
    return similarity if similarity > group.similarity else 0.0


def make_links(
    groups: Sequence[Group], numbers: Sequence[int], original_numbers: Sequence[int]
) -> tuple[SentenceLink, ...]:
    """Links that hold each sentence of both sides once.

    Those of the copy come in its order ("added" where nothing in the original is like them), then
    what was "dropped", in the original's.

    Args:
        groups: what `group_sentences` found.
        numbers: of the copy's sentences, as the links are to count them.
        original_numbers: likewise of the original's.
    """
    in_order = set(find_rising([(g.copied[0], g.originals[0]) for g in groups]))
    links: dict[int, SentenceLink] = {}
    for place, group in enumerate(groups):
        kind = "split" if len(group.copied) > 1 else "merged"
        links[group.copied[0]] = SentenceLink(
            "one-to-one" if len(group.copied) == len(group.originals) == 1 else kind,
            tuple(numbers[i] for i in group.copied),
            tuple(original_numbers[j] for j in group.originals),
            round(group.similarity, 4),
            place not in in_order,
        )
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    for i, number in enumerate(numbers):
        if i not in used:
            links[i] = SentenceLink("added", (number,), (), 0.0)
    return (
        *(links[i] for i in sorted(links)),
        *(
            SentenceLink("dropped", (), (number,), 0.0)
            for j, number in enumerate(original_numbers)
            if j not in original_used
        ),
    )
