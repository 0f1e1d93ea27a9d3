"""Link the sentences of a copy with those of its original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.comparison.chains import find_chain, find_rising
from detector.comparison.sentence_similarity import FormLists, Sentences
from detector.results import SentenceLink

# One in five hundred pairs of other sentences reaches the first, one in thirty the second; the
# second is enough where the neighbours on both sides are linked.
_LEAST_SIMILARITY, _LEAST_BETWEEN, _LEAST_MOVED = 0.42, 0.27, 0.46

# A further sentence joins a link if so much of it is in what the link had not yet explained.
_LEAST_CONTAINED = 0.45

_MOST_SENTENCES = 3

_WIDEST_GAP = 4


@dataclass(slots=True)
class _Group:
    """Sentences of the copy and of the original that belong together, while links are sought."""

    copied: list[int]
    originals: list[int]
    similarity: float


def align_sentences(copy: FormLists, original: FormLists) -> tuple[SentenceLink, ...]:
    """Link the sentences of a copy to those of its original.

    Args:
        copy: the words of each sentence of the copy.
        original: the words of each sentence of the original.

    Returns:
        Links that hold each sentence of both sides once: those of the copy in its order ("added"
        where nothing in the original is like them), then what was "dropped", in the original's.
    """
    sentences = Sentences(copy, original)
    rated = _rate_candidates(sentences)
    groups = _link_between(sentences, _link_in_order(rated))
    _grow_groups(sentences, groups)
    groups += _link_moved(groups, rated)
    _grow_groups(sentences, groups)
    return _make_sentence_links(groups, len(copy), len(original))


def _rate_candidates(sentences: Sentences) -> list[tuple[int, int, float]]:
    rated = []
    for i, j in sorted(set(sentences.find_candidates())):
        similarity = sentences.compare([i], [j])
        if similarity >= _LEAST_SIMILARITY:
            rated.append((i, j, similarity))
    return rated


def _link_in_order(rated: Iterable[tuple[int, int, float]]) -> list[_Group]:
    return [_Group([i], [j], similarity) for i, j, similarity in find_chain(rated)]


def _link_between(sentences: Sentences, groups: list[_Group]) -> list[_Group]:
    """Link what stands between linked neighbours and is less alike, in narrow gaps."""
    linked: list[_Group] = []
    ends = _Group([len(sentences.forms[0])], [len(sentences.forms[1])], 0.0)
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


def _link_moved(groups: Sequence[_Group], rated: Iterable[tuple[int, int, float]]) -> list[_Group]:
    """Link what is left and alike wherever it stands, the most alike first."""
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    moved = []
    for i, j, similarity in sorted(rated, key=lambda item: (-item[2], item[:2])):
        if similarity >= _LEAST_MOVED and i not in used and j not in original_used:
            moved.append(_Group([i], [j], similarity))
            used.add(i)
            original_used.add(j)
    return moved


def _grow_groups(sentences: Sentences, groups: list[_Group]) -> None:
    """Let sentences that are still free join a neighbour's link: splits and merges."""
    for side in (0, 1):
        owners = {k: g for g in groups for k in (g.copied, g.originals)[side]}
        for free in range(len(sentences.forms[side])):
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


def _rate_joining(sentences: Sentences, group: _Group, side: int, free: int) -> float:
    """Similarity of a group with one more sentence; 0 where that does not belong to it."""
    members, others = (group.copied, group.originals)[:: 1 if side == 0 else -1]
    if len(others) > 1 or len(members) >= _MOST_SENTENCES:
        return 0.0
    explained = frozenset().union(*(sentences.contents[side][k] for k in members))
    residue = sentences.contents[1 - side][others[0]] - explained
    shared = sentences.contents[side][free] & residue
    own = sentences.weigh(sentences.contents[side][free])
    if shared <= sentences.names or sentences.weigh(shared) < _LEAST_CONTAINED * own:
        return 0.0
    joined = sorted([*members, free])
    similarity = sentences.compare(*((joined, others) if side == 0 else (others, joined)))
    return similarity if similarity > group.similarity else 0.0


def _make_sentence_links(
    groups: list[_Group], copy_length: int, original_length: int
) -> tuple[SentenceLink, ...]:
    groups = sorted(groups, key=lambda group: group.copied)
    in_order = set(find_rising([(g.copied[0], g.originals[0]) for g in groups]))
    links: dict[int, SentenceLink] = {}
    for number, group in enumerate(groups):
        kind = "split" if len(group.copied) > 1 else "merged"
        links[group.copied[0]] = SentenceLink(
            "one-to-one" if len(group.copied) == len(group.originals) == 1 else kind,
            tuple(group.copied),
            tuple(group.originals),
            round(group.similarity, 4),
            number not in in_order,
        )
    used = {i for group in groups for i in group.copied}
    original_used = {j for group in groups for j in group.originals}
    links |= {i: SentenceLink("added", (i,), (), 0.0) for i in range(copy_length) if i not in used}
    dropped = (j for j in range(original_length) if j not in original_used)
    return (
        *(links[i] for i in sorted(links)),
        *(SentenceLink("dropped", (), (j,), 0.0) for j in dropped),
    )
