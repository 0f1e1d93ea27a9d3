"""Equal words of two sentences that anchor their alignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from detector.comparison.chains import find_chain, find_rising
from detector.comparison.word_forms import Form, Forms, are_variants

# What two equal words weigh, and how much more where their neighbours are equal as well.
_CONTENT_WEIGHT, _FUNCTION_WEIGHT, _NEIGHBOUR_WEIGHT = 2.0, 0.7, 0.3

# The table of a pair of sentences holds a cell for each pair of words; longer ones are cut.
_MOST_CELLS = 250_000

# So many equal pairs are chained one by one; more of them are faster as a table.
_MOST_CHAINED = 500

#: So many unlike content words of a sentence are asked whether they are variants of one.
_MOST_COMPARED = 100

Ints = npt.NDArray[np.int64]


def find_anchors(copy: Forms, original: Forms) -> list[tuple[int, int]]:
    """Pairs of words that are the same, or forms or spellings of the same, in both orders."""
    first, second = _number_words(copy, original)
    head, tail = _measure_equal_ends(first, second)
    end, original_end = len(first) - tail, len(second) - tail
    is_function = np.array([form.is_function for form in copy], bool)
    anchors = [(i, i) for i in range(head)]
    for start, stop, original_start, original_stop in _cut_long(
        first, second, (head, end, head, original_end)
    ):
        part = _find_heaviest(
            first[start:stop], second[original_start:original_stop], is_function[start:stop]
        )
        anchors += [(start + i, original_start + j) for i, j in part]
    anchors += [(end + i, original_end + i) for i in range(tail)]
    anchors = _uncross(first, second, is_function, anchors)
    return _drop_stray_anchors(copy, original, anchors)


def _number_words(copy: Forms, original: Forms) -> tuple[Ints, Ints]:
    """A number for each word; forms and spellings of one word get the same."""
    numbers: dict[str, int] = {}
    first = np.array([numbers.setdefault(form.stem, len(numbers)) for form in copy], np.int64)
    shared = len(numbers)
    second = np.array([numbers.setdefault(form.stem, len(numbers)) for form in original], np.int64)
    if len(numbers) == shared:
        return first, second
    seen = set(second.tolist())
    lonely = _list_content(form for form in copy if numbers[form.stem] not in seen)
    same = np.arange(len(numbers))
    for form in _list_content(form for form in original if numbers[form.stem] >= shared):
        for other in lonely:
            names = form.is_capitalized and other.is_capitalized
            if are_variants(other.stem, form.stem, names):
                same[numbers[form.stem]] = numbers[other.stem]
                break
    return first, same[second]


def _list_content(forms: Iterable[Form]) -> list[Form]:
    """The content words among forms, each stem once, so few that all can be compared."""
    contents = {f.stem: f for f in forms if not f.is_function and len(f.stem) > 1}
    return list(contents.values())[:_MOST_COMPARED]


def _measure_equal_ends(first: Ints, second: Ints) -> tuple[int, int]:
    """How many words are equal at the beginning, and how many of the rest at the end."""
    shortest = min(len(first), len(second))
    unequal = np.flatnonzero(first[:shortest] != second[:shortest])
    head = int(unequal[0]) if len(unequal) else shortest
    rest = shortest - head
    unequal = np.flatnonzero(first[::-1][:rest] != second[::-1][:rest])
    return head, int(unequal[0]) if len(unequal) else rest


Place = tuple[int, int, int, int]


def _cut_long(first: Ints, second: Ints, place: Place) -> Iterator[Place]:
    """Cut a stretch that is too long for a table at words that occur once on each side.

    What stays too long is left out: nothing is anchored in it (patience diff, as version-control
    systems do it).
    """
    start, end, original_start, original_end = place
    if (end - start) * (original_end - original_start) <= _MOST_CELLS:
        yield place
    else:
        yield from _cut_at_unique(first, second, place)


def _cut_at_unique(first: Ints, second: Ints, place: Place) -> Iterator[Place]:
    start, end, original_start, original_end = place
    once, once_at = _find_unique(first[start:end])
    original_once, original_at = _find_unique(second[original_start:original_end])
    _, here, there = np.intersect1d(once, original_once, assume_unique=True, return_indices=True)
    pairs = sorted(zip(once_at[here].tolist(), original_at[there].tolist(), strict=True))
    at, original_from = start, original_start
    chain = [(start + pairs[k][0], original_start + pairs[k][1]) for k in find_rising(pairs)]
    for i, j in [*chain, (end, original_end)]:
        if 0 < (i - at) * (j - original_from) <= _MOST_CELLS:
            yield at, i, original_from, j
        if i < end and j < original_end:
            yield i, i + 1, j, j + 1
        at, original_from = i + 1, j + 1


def _find_unique(numbers: Ints) -> tuple[Ints, Ints]:
    values, places, counts = np.unique(numbers, return_index=True, return_counts=True)
    return values[counts == 1], places[counts == 1]


def _find_heaviest(
    first: Ints, second: Ints, is_function: npt.NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """The heaviest common subsequence: content words weigh more, and so do neighbours."""
    if not len(first) or not len(second):
        return []
    equal = first[:, None] == second[None, :]
    weights = np.where(is_function, _FUNCTION_WEIGHT, _CONTENT_WEIGHT)[:, None] * equal
    both = equal[1:, 1:] & equal[:-1, :-1]
    weights[1:, 1:] += _NEIGHBOUR_WEIGHT * both
    weights[:-1, :-1] += _NEIGHBOUR_WEIGHT * both
    rows, columns = np.nonzero(equal)
    if len(rows) <= _MOST_CHAINED:
        rated = zip(rows.tolist(), columns.tolist(), weights[equal].tolist(), strict=True)
        return [(i, j) for i, j, _ in find_chain(rated)]
    best = np.zeros((len(first) + 1, len(second) + 1))
    for row, weight in enumerate(weights):
        through = np.maximum(best[row, 1:], best[row, :-1] + weight)
        np.maximum.accumulate(through, out=best[row + 1, 1:])
    return _trace_back(best.tolist(), equal)


def _trace_back(best: list[list[float]], equal: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    i, j = len(best) - 1, len(best[0]) - 1
    pairs = []
    while i and j:
        here = best[i][j]
        if here == best[i - 1][j]:
            i -= 1
        elif here == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            if equal[i, j]:
                pairs.append((i, j))
    return pairs[::-1]


def _uncross(
    first: Ints,
    second: Ints,
    is_function: npt.NDArray[np.bool_],
    anchors: list[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Give up a run of anchors that a longer stretch has been moved across.

    In "on Sunday he left the town" for "he left the town on Sunday" either part may be anchored;
    what is left over on both sides of the shorter one tells that it is the one that moved.
    """
    runs = _list_runs(anchors)
    ends = [(len(first), len(second))]
    number = 0
    last = (-1, -1)
    while number < len(runs):
        run = runs[number]
        following = runs[number + 1][0] if number + 1 < len(runs) else ends[0]
        before = (run[0][0] - last[0]) - (run[0][1] - last[1])
        after = (following[0] - run[-1][0]) - (following[1] - run[-1][1])
        rows, columns = slice(last[0] + 1, following[0]), slice(last[1] + 1, following[1])
        fits = (rows.stop - rows.start) * (columns.stop - columns.start) <= _MOST_CELLS
        if before * after < 0 and min(abs(before), abs(after)) > len(run) and fits:
            free = first[rows].copy()
            free[[i - rows.start for i, _ in run]] = -1
            given_up = {j for _, j in run}
            again = [
                (rows.start + i, columns.start + j)
                for i, j in _find_heaviest(free, second[columns], is_function[rows])
                if columns.start + j not in given_up
            ]
            runs[number : number + 1] = _list_runs(again)
            if not again:
                continue
            number += len(_list_runs(again)) - 1
        last = runs[number][-1]
        number += 1
    return [pair for run in runs for pair in run]


def _drop_stray_anchors(
    copy: Forms, original: Forms, anchors: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Without function words that stand alone amid long changed stretches: mere coincidences."""
    runs = _list_runs(anchors)
    kept: list[tuple[int, int]] = []
    end, original_end = 0, 0
    for number, run in enumerate(runs):
        following = runs[number + 1][0] if number + 1 < len(runs) else (len(copy), len(original))
        before = max(run[0][0] - end, run[0][1] - original_end)
        after = max(following[0] - run[-1][0], following[1] - run[-1][1]) - 1
        stray = (
            all(copy[i].is_function for i, _ in run)
            and min(before, after) > 0
            and before + after >= 3 * len(run) + 2
        )
        if not stray:
            kept += run
            end, original_end = run[-1][0] + 1, run[-1][1] + 1
    return kept


def _list_runs(anchors: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Anchors that follow each other without a gap on either side, together."""
    runs: list[list[tuple[int, int]]] = []
    for i, j in anchors:
        if runs and runs[-1][-1] == (i - 1, j - 1):
            runs[-1].append((i, j))
        else:
            runs.append([(i, j)])
    return runs
